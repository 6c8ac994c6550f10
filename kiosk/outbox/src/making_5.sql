-- How many blanks the hopper of a machine holds, as the machine told it.
CREATE TABLE IF NOT EXISTS hopper_room (
    serial TEXT PRIMARY KEY,
    blanks INTEGER NOT NULL
) STRICT;
