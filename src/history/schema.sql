-- The history's tables, as docs/history.md describes them. Times are milliseconds since 1970, in UTC.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;

-- Logs, in the order in which they began. Positions of one can't be compared with those of another.
CREATE TABLE epochs (
    id INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    began INTEGER NOT NULL
);

-- Runs of muxwire. Each begins behind all that one before may have published.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL REFERENCES epochs (id),
    began INTEGER NOT NULL,
    after_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    ended INTEGER,
    state_seq INTEGER,
    state BLOB
);

-- Panes, each as one life of one tmux server had it.
CREATE TABLE panes (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL REFERENCES epochs (id),
    server_pid INTEGER NOT NULL,
    server_start INTEGER NOT NULL,
    pane TEXT NOT NULL,
    session TEXT NOT NULL,
    session_id TEXT NOT NULL,
    window TEXT NOT NULL,
    window_id TEXT NOT NULL,
    agent TEXT,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    end_offset INTEGER NOT NULL,
    ended INTEGER,
    UNIQUE (epoch, server_pid, server_start, pane)
);
CREATE INDEX panes_time ON panes (last_at);

-- All events but output, as clients get them that see everything.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL REFERENCES epochs (id),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    session TEXT,
    session_id TEXT,
    window_id TEXT,
    pane TEXT,
    pane_id INTEGER REFERENCES panes (id),
    agent TEXT,
    places INTEGER NOT NULL,
    seen_by TEXT NOT NULL,
    json TEXT,
    kept BLOB
);
CREATE UNIQUE INDEX events_place ON events (epoch, seq);
CREATE INDEX events_time ON events (at);
CREATE INDEX events_type ON events (type, at);
CREATE INDEX events_session ON events (session, at);
CREATE INDEX events_pane ON events (pane_id, at) WHERE pane_id IS NOT NULL;
CREATE INDEX events_agent ON events (agent, at) WHERE agent IS NOT NULL;

-- What panes printed.
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pane_id INTEGER NOT NULL REFERENCES panes (id),
    epoch INTEGER NOT NULL REFERENCES epochs (id),
    first_offset INTEGER NOT NULL,
    end_offset INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    first_line INTEGER,
    last_line INTEGER,
    joined INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE INDEX chunks_offset ON chunks (pane_id, end_offset);
CREATE INDEX chunks_time ON chunks (last_at);
CREATE INDEX chunks_place ON chunks (epoch, last_seq);
CREATE INDEX chunks_line ON chunks (pane_id, last_line) WHERE last_line IS NOT NULL;
CREATE INDEX chunks_loose ON chunks (pane_id, id) WHERE joined = 0;

-- Whole screens. What a pane shows later is found by feeding a terminal with what it printed since.
CREATE TABLE frames (
    id INTEGER PRIMARY KEY,
    pane_id INTEGER NOT NULL REFERENCES panes (id),
    offset INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    cols INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    exact INTEGER NOT NULL,
    source TEXT NOT NULL,
    replay BLOB NOT NULL
);
CREATE INDEX frames_offset ON frames (pane_id, offset, id);
CREATE INDEX frames_time ON frames (at);

-- Lines of text: the index of their words has a row for each, whose rowid is the line's number. The texts are in chunks.
CREATE VIRTUAL TABLE line_words USING fts5 (
    text, content = '', columnsize = 0, detail = none,
    tokenize = "unicode61 remove_diacritics 2 tokenchars '_'"
);
CREATE TABLE line_ranges (
    first_line INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    pane_id INTEGER NOT NULL,
    at INTEGER NOT NULL
);

-- What was published and is not kept.
CREATE TABLE gaps (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL REFERENCES epochs (id),
    after_seq INTEGER NOT NULL,
    until_seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX gaps_place ON gaps (epoch, until_seq);
