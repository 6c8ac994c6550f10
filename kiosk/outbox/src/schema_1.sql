-- Keys of requests. No holder and no digest of one: see the crate's documentation.
CREATE TABLE request (
    key BLOB PRIMARY KEY CHECK (length(key) = 16),
    what TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('stored', 'answered', 'refused', 'abandoned', 'lost')),
    at_ms INTEGER NOT NULL,
    ended_ms INTEGER
) STRICT, WITHOUT ROWID;

-- Print jobs with their records.
CREATE TABLE job (
    no INTEGER PRIMARY KEY,
    number TEXT NOT NULL,
    layout INTEGER NOT NULL,
    record TEXT NOT NULL,
    reprint INTEGER NOT NULL CHECK (reprint IN (0, 1)),
    state TEXT NOT NULL
        CHECK (state IN ('sent', 'printed', 'not_started', 'unknown', 'reprinted', 'given_up')),
    at_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX job_state ON job (state);

-- Job numbers are never used twice, even when old jobs are forgotten: the printer's end marker is made from them.
CREATE TABLE counter (last_job INTEGER NOT NULL) STRICT;
INSERT INTO counter VALUES (0);
