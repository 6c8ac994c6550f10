-- The number of a record is kept as a keyed tag, and sealed while somebody may still need it. What an older version left
-- in clear waits in the tables of before until the kiosk, which alone has the keys, has taken it over.
ALTER TABLE making_job RENAME TO making_job_clear;
ALTER TABLE making_event RENAME TO making_event_clear;

-- One row a making record: written before JOB_OPEN. The picture shows a person and goes when the job is over.
CREATE TABLE making_job (
    tag BLOB PRIMARY KEY CHECK (length(tag) = 32),
    -- The number, sealed; none once the job is over and in no doubt.
    sealed BLOB,
    -- Both job ids and the machine's tag: they name nobody, and a kiosk that lost its key ends the job by them.
    jobs BLOB NOT NULL CHECK (length(jobs) = 48),
    fee_order TEXT NOT NULL,
    fee_fen INTEGER NOT NULL,
    serial TEXT,
    picture BLOB,
    phase INTEGER NOT NULL DEFAULT 0,
    idx INTEGER NOT NULL DEFAULT 0,
    -- The host wants it ended: a fault that a person had to clear sent the citizen away.
    unwanted INTEGER NOT NULL DEFAULT 0,
    outcome TEXT CHECK (outcome IN ('taken', 'retracted', 'rejected', 'aborted', 'doubt')),
    opened_s INTEGER NOT NULL,
    ended_s INTEGER
) STRICT;

-- Every transition, appended.
CREATE TABLE making_event (
    no INTEGER PRIMARY KEY,
    tag BLOB NOT NULL CHECK (length(tag) = 32),
    idx INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    phase INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
