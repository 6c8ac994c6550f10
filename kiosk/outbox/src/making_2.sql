-- The fault that the machine told last: the reason of the next blank in the reject bin.
ALTER TABLE blank_mark ADD COLUMN reason INTEGER NOT NULL DEFAULT 0;

-- Wrong passwords of staff, so that a restart gives no fresh tries.
CREATE TABLE staff_tries (
    staff INTEGER PRIMARY KEY,
    failed INTEGER NOT NULL,
    until_s INTEGER NOT NULL
) STRICT;
