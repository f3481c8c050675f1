-- The facts of runs: what was planned, what was handed to SES, what was seen. No judgement is stored: placements,
-- tallies and trends are derived anew each time, so that a changed rule judges old runs too.
--
-- Times are milliseconds since 1970-01-01T00:00:00Z, durations milliseconds. Numbers of rows that are named outside
-- (runs, probes) or that tell the order of events (looks) are never used twice, hence AUTOINCREMENT.

-- 'inbx': tells this file from other programs' databases, for us and for file(1).
PRAGMA application_id = 1768841848;

-- One round of probes.
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT,                  -- NULL: the user gave none. Not unique: several runs may bear the same one.
    started_at INTEGER NOT NULL, -- when the plan was committed
    ended_at INTEGER,            -- end of the closing look; NULL: open, or its process died and `sweep` is to finish it
    wait INTEGER NOT NULL CHECK (wait >= 0),
    simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)) -- the lab answered instead of real providers
) STRICT;

-- A stream as it was configured when its run was planned. Kept for each run, because a trend must be able to say that
-- the message or the route changed in between.
CREATE TABLE stream (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- its place in the configuration
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('marketing', 'transactional', 'outreach')),
    sender TEXT NOT NULL,      -- the From of its probes
    transport TEXT NOT NULL CHECK (transport IN ('ses-api', 'ses-smtp')),
    region TEXT,               -- NULL: the one of the AWS environment
    configuration_set TEXT,    -- NULL: none was named
    control INTEGER NOT NULL CHECK (control IN (0, 1)),
    tag_mode TEXT NOT NULL CHECK (tag_mode IN ('header', 'none')),
    message_sha256 BLOB NOT NULL CHECK (length(message_sha256) = 32),
    UNIQUE (run, name) -- also the way from a run to its streams
) STRICT;

-- A seed as it stood in the seed list when its run was planned.
CREATE TABLE seed (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- its place in the seed lists
    address TEXT NOT NULL,
    provider TEXT NOT NULL,
    excluded TEXT,             -- why it takes no part, so that its probes are unmeasured; NULL: it takes part
    UNIQUE (run, address) -- also the way from a run to its seeds
) STRICT;

-- One tagged test message for one seed.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream INTEGER NOT NULL REFERENCES stream (id) ON DELETE CASCADE,
    seed INTEGER NOT NULL REFERENCES seed (id) ON DELETE CASCADE,
    tag TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL DEFAULT 'planned'
        CHECK (state IN ('planned', 'sending', 'accepted', 'refused', 'not_accepted', 'unknown')),
    attempts INTEGER NOT NULL DEFAULT 0, -- claims so far; the last one has this number in handoff
    why TEXT,                            -- why it was not sent or not taken; NULL: nothing to explain
    CHECK ((state = 'planned') = (attempts = 0)),
    UNIQUE (stream, seed) -- also the way from a stream to its probes
) STRICT;

-- From a seed to its probes: a look belongs to a seed, its sightings to probes.
CREATE INDEX probe_of_seed ON probe (seed);

-- The last line of defence against sending twice. A probe is claimed from `planned` or `not_accepted` only. A call that
-- is under way ends once. `accepted` from `unknown` or `not_accepted` is a sighting: it proves what SES did.
CREATE TRIGGER probe_is_sent_once BEFORE UPDATE OF state, attempts ON probe
WHEN NOT (
    (NEW.state = OLD.state AND NEW.attempts = OLD.attempts)
    OR (NEW.state = 'sending' AND NEW.attempts = OLD.attempts + 1 AND OLD.state IN ('planned', 'not_accepted'))
    OR (NEW.attempts = OLD.attempts AND OLD.state = 'sending'
        AND NEW.state IN ('accepted', 'refused', 'not_accepted', 'unknown'))
    OR (NEW.attempts = OLD.attempts AND OLD.state IN ('unknown', 'not_accepted') AND NEW.state = 'accepted')
)
BEGIN
    SELECT RAISE(ABORT, 'a probe may not change its state this way');
END;

-- One claim of one probe, and what SES answered to it.
CREATE TABLE handoff (
    probe INTEGER NOT NULL REFERENCES probe (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL CHECK (attempt > 0),
    claimed_at INTEGER NOT NULL, -- committed before the first byte of the call left
    outcome TEXT CHECK (outcome IN ('accepted', 'refused', 'not_accepted', 'unknown')), -- NULL: no end was recorded
    ended_at INTEGER,            -- NULL with outcome
    ses_id TEXT,                 -- NULL unless accepted
    why TEXT,                    -- NULL when accepted, or without outcome
    retry_after INTEGER,         -- NULL: trying again in this run is pointless, or does not arise
    PRIMARY KEY (probe, attempt),
    CHECK ((outcome IS NULL) = (ended_at IS NULL)),
    CHECK ((outcome IS 'accepted') = (ses_id IS NOT NULL)),
    CHECK ((outcome IS NULL OR outcome = 'accepted') = (why IS NULL)),
    CHECK (retry_after IS NULL OR outcome = 'not_accepted')
) STRICT, WITHOUT ROWID;

-- When a seed's folders were noted before the send. A row of its own, as all folders may be shut.
CREATE TABLE baseline (
    seed INTEGER PRIMARY KEY REFERENCES seed (id) ON DELETE CASCADE,
    taken_at INTEGER NOT NULL
) STRICT;

-- Where one folder stood then.
CREATE TABLE mark (
    seed INTEGER NOT NULL REFERENCES baseline (seed) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- the order in which it was noted
    folder TEXT NOT NULL,      -- as on the wire: modified UTF-7
    role TEXT NOT NULL,
    uid_validity INTEGER,      -- NULL: the server names none
    uid_next INTEGER NOT NULL,
    message_count INTEGER NOT NULL,
    PRIMARY KEY (seed, position)
) STRICT, WITHOUT ROWID;

-- A folder that could not be opened then. No look through the seed is complete while it stays shut.
CREATE TABLE shut (
    seed INTEGER NOT NULL REFERENCES baseline (seed) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    folder TEXT NOT NULL,
    role TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (seed, position)
) STRICT, WITHOUT ROWID;

-- One pass over all folders of a seed. Kept when it saw nothing, too: `missing` rests on such looks.
CREATE TABLE look (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which looks were stored
    seed INTEGER NOT NULL REFERENCES seed (id) ON DELETE CASCADE,
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    failed TEXT,         -- why it is not complete; NULL: every folder was read to its end
    temporary INTEGER NOT NULL CHECK (temporary IN (0, 1)), -- whether the failure may pass by itself
    leave_alone INTEGER  -- how long the server asked to be left alone; NULL: it did not ask
) STRICT;

-- From a seed to its looks.
CREATE INDEX look_of_seed ON look (seed);

-- One copy of a probe, where it was first seen. Copies are added and never replaced or taken away.
CREATE TABLE sighting (
    id INTEGER PRIMARY KEY,
    probe INTEGER NOT NULL REFERENCES probe (id) ON DELETE CASCADE,
    folder TEXT NOT NULL,
    uid_validity INTEGER,     -- NULL: the server names none
    uid INTEGER NOT NULL,
    headers BLOB NOT NULL CHECK (length(headers) <= 65536),
    cut INTEGER NOT NULL CHECK (cut IN (0, 1)) -- the header section is longer than what is kept
) STRICT;

-- What makes a copy the same copy in a later look. -1 stands for a UIDVALIDITY that the server does not name, as NULL
-- would equal nothing. Also the way from a probe to its sightings.
CREATE UNIQUE INDEX sighting_once ON sighting (probe, folder, coalesce(uid_validity, -1), uid);

-- That one look saw one copy, and what it could tell of it. Role and arrival are said for each look: a seed's owner may
-- rename its spam folder in the configuration, and a server may leave out a date.
CREATE TABLE seen (
    look INTEGER NOT NULL REFERENCES look (id) ON DELETE CASCADE,
    sighting INTEGER NOT NULL REFERENCES sighting (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    tab TEXT NOT NULL CHECK (tab IN
        ('not_applicable', 'unknown', 'failed', 'primary', 'promotions', 'social', 'updates', 'forums')),
    tab_why TEXT,       -- why the tab could not be asked; NULL unless failed
    arrived_at INTEGER, -- INTERNALDATE; NULL: the server gave none
    PRIMARY KEY (look, sighting),
    CHECK ((tab = 'failed') = (tab_why IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- From a sighting to the looks that saw it.
CREATE INDEX seen_of_sighting ON seen (sighting);

-- What SES last said of an address and its suppression list, so that 1,000 seeds are not asked for before each run.
CREATE TABLE suppression (
    id INTEGER PRIMARY KEY,
    region TEXT,                -- NULL: the one of the AWS environment
    address TEXT NOT NULL,
    why TEXT,                   -- why it is on the list; NULL: it is not on it
    asked_at INTEGER NOT NULL
) STRICT;

-- One answer for each region and address; no region is called ''.
CREATE UNIQUE INDEX suppression_once ON suppression (coalesce(region, ''), address);
