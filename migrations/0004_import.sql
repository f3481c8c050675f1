-- Results that another tool told, or another database of ours. They are facts of their own: a placement as it was told,
-- with no look of ours behind it, so that no rule of ours judges it anew.

-- Whether the run was imported. Such a run has rows in `told` and none in `stream` and `probe`; its seeds stand in `seed`.
-- Its `wait` is 0 and its `ended_at` the last moment that its rows tell of, as nothing more is known.
ALTER TABLE run ADD COLUMN imported INTEGER NOT NULL DEFAULT 0 CHECK (imported IN (0, 1));

-- A stream that an imported run tells of. Of how it was configured nothing is known.
CREATE TABLE told_stream (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- the order in which the file named it
    name TEXT NOT NULL,
    UNIQUE (run, name) -- also the way from a run to its streams
) STRICT;

-- What was told of one probe. Its number keeps the order of the file, in which it is exported again.
CREATE TABLE told (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES told_stream (id) ON DELETE CASCADE,
    seed INTEGER NOT NULL REFERENCES seed (id) ON DELETE CASCADE,
    started_at INTEGER NOT NULL, -- of the row; other tools may tell another moment for each probe
    state TEXT CHECK (state IN ('planned', 'sending', 'accepted', 'refused', 'not_accepted', 'unknown')), -- NULL: not told
    placement TEXT CHECK (placement IN ('inbox', 'promotions', 'spam', 'elsewhere', 'missing')), -- NULL: not measured
    tab TEXT CHECK (tab IN ('unknown', 'primary', 'promotions', 'social', 'updates', 'forums')), -- NULL: none, or not told
    folder TEXT,        -- as people read it; NULL: not told
    arrived_at INTEGER, -- NULL: not told
    latency INTEGER CHECK (latency >= 0), -- NULL: not told
    why TEXT,           -- NULL: nothing to explain
    UNIQUE (stream, seed) -- the same run, stream and seed are the same probe; also the way from a stream to its rows
) STRICT;

-- From a seed to what was told of it, for taking the run out.
CREATE INDEX told_of_seed ON told (seed);
