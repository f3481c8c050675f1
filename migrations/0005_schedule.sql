-- What an unattended program must remember: which periods of the schedule had their run, what was worth an alert, and
-- to whom it was told.

-- A period of the schedule that had its run. The key makes a second run of the same week impossible, whoever starts it:
-- the daemon, a timer or a person. It is written in the transaction that plans the run.
CREATE TABLE period (
    key TEXT PRIMARY KEY,                                    -- such as 2026-W49
    due_at INTEGER NOT NULL,                                 -- when its run was due
    run INTEGER UNIQUE REFERENCES run (id) ON DELETE SET NULL -- NULL: the run was pruned; the period had one all the same
) STRICT, WITHOUT ROWID;

-- Something worth an alert. What it is about makes its key, so that it is told once however often it is found.
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- receivers know it by this number, hence never used twice
    key TEXT NOT NULL UNIQUE,
    occasion TEXT NOT NULL, -- threshold, recovery, seed, dns, unjudged, heartbeat or test
    happened_at INTEGER NOT NULL,
    run INTEGER REFERENCES run (id) ON DELETE SET NULL, -- NULL: no run, or it was pruned
    document TEXT NOT NULL  -- what is told, as JSON
) STRICT;

-- From a run to its events, when it is pruned.
CREATE INDEX event_of_run ON event (run);

-- That an event is to reach one receiver. Kept after it did, as nothing is delivered twice.
CREATE TABLE delivery (
    event INTEGER NOT NULL REFERENCES event (id) ON DELETE CASCADE,
    receiver TEXT NOT NULL,         -- kind and place in the configuration, never the address, which may be a secret
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,                -- when to try next; NULL: delivered or given up
    delivered_at INTEGER,           -- NULL: not yet, or never
    why TEXT,                       -- how the last try failed; NULL: it did not
    PRIMARY KEY (event, receiver),
    CHECK (delivered_at IS NULL OR next_at IS NULL)
) STRICT, WITHOUT ROWID;

-- What is to be delivered next.
CREATE INDEX delivery_due ON delivery (next_at) WHERE next_at IS NOT NULL;
