-- What the kiosk must know to go on alone after a restart: the last catalogue, the lent numbers. JSON, no person.
CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Who asked for a number here today, as a tag under the kiosk's own key.
CREATE TABLE asked (
    key BLOB PRIMARY KEY CHECK (length(key) = 16),
    tag BLOB NOT NULL CHECK (length(tag) = 32),
    grp TEXT NOT NULL,
    day TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Open tickets of today that this kiosk knows of. The ticket is what the screen and the slip show, without a person.
CREATE TABLE held (
    tag BLOB NOT NULL CHECK (length(tag) = 32),
    grp TEXT NOT NULL,
    day TEXT NOT NULL,
    number TEXT NOT NULL,
    ticket TEXT NOT NULL,
    PRIMARY KEY (tag, grp)
) STRICT, WITHOUT ROWID;

-- Tickets given out alone, in order. The person is sealed, and gone as soon as the ticket is handed over or its day
-- is over. No number is given out twice on a day.
CREATE TABLE alone (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE CHECK (length(key) = 16),
    day TEXT NOT NULL,
    number TEXT NOT NULL,
    body TEXT NOT NULL,
    sealed BLOB,
    state TEXT NOT NULL CHECK (state IN ('given', 'handed', 'joined', 'void', 'given_back')),
    note TEXT,
    at_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    UNIQUE (day, number)
) STRICT;
CREATE INDEX alone_state ON alone (state);
