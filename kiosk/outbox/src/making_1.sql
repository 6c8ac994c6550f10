-- One row a making record: written before JOB_OPEN. The picture shows a person and goes when the job is over.
CREATE TABLE making_job (
    record_no TEXT PRIMARY KEY,
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
    record_no TEXT NOT NULL,
    idx INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    phase INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

-- What the back end must still hear; deleted on its answer alone.
CREATE TABLE making_report (
    job_id TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    at_s INTEGER NOT NULL
) STRICT;

-- The blank ledger: what machines and staff said of blanks, each row with the SHA-256 of the row before it.
CREATE TABLE blank_event (
    no INTEGER PRIMARY KEY,
    serial TEXT NOT NULL,
    -- The machine's own index; none for what staff wrote here.
    machine_index INTEGER,
    what TEXT NOT NULL,
    count INTEGER NOT NULL,
    code INTEGER NOT NULL,
    staff TEXT NOT NULL,
    why TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    before BLOB NOT NULL CHECK (length(before) = 32),
    digest BLOB NOT NULL CHECK (length(digest) = 32)
) STRICT;
CREATE UNIQUE INDEX blank_once ON blank_event (serial, machine_index) WHERE machine_index IS NOT NULL;
CREATE TRIGGER blank_event_stays BEFORE UPDATE ON blank_event
    BEGIN SELECT RAISE(ABORT, 'the blank ledger is only added to'); END;
CREATE TRIGGER blank_event_is_kept BEFORE DELETE ON blank_event
    BEGIN SELECT RAISE(ABORT, 'the blank ledger is only added to'); END;

-- How far the machine's events were pulled.
CREATE TABLE blank_mark (serial TEXT PRIMARY KEY, next_index INTEGER NOT NULL) STRICT;
