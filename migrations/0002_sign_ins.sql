-- What is remembered of sign-ins from one run to the next, so that no mailbox is locked by a program that goes on asking
-- with a refused password, and no provider sees a storm of sign-ins from a program that is started again and again.
--
-- It belongs to seeds and to no run: `check` writes here too, and taking out old runs leaves it alone. No secret is in it
-- and none can be got out of it: see `mark`.

-- How a seed's mailbox stands with its provider.
CREATE TABLE standing (
    address TEXT PRIMARY KEY,    -- of the seed, in lower case
    refusals INTEGER NOT NULL CHECK (refusals >= 0), -- of one and the same credential, in a row
    outcome TEXT,                -- what the last refusal was; NULL: nothing was refused since the last good sign-in
    said TEXT,                   -- the server's words then; NULL with outcome
    refused_at INTEGER,          -- NULL with outcome
    mark INTEGER,                -- 16 bits of a keyed hash of the refused credential; NULL with outcome
    throttles INTEGER NOT NULL CHECK (throttles >= 0), -- wishes to be left alone, in a row
    quiet_until INTEGER,         -- until when the server wishes to be left alone; NULL: it did not say so
    CHECK ((outcome IS NULL) = (refusals = 0)),
    CHECK ((outcome IS NULL) = (said IS NULL)),
    CHECK ((outcome IS NULL) = (refused_at IS NULL)),
    CHECK ((outcome IS NULL) = (mark IS NULL)),
    CHECK (mark BETWEEN 0 AND 65535)
) STRICT, WITHOUT ROWID;

-- The sign-ins to a seed's mailbox that were begun in the last two minutes; committed before the first byte leaves.
CREATE TABLE sign_in (
    id INTEGER PRIMARY KEY, -- two may begin in one millisecond
    address TEXT NOT NULL,  -- of the seed, in lower case; it may have no standing yet
    begun_at INTEGER NOT NULL
) STRICT;

-- From a seed to its sign-ins.
CREATE INDEX sign_in_of_address ON sign_in (address);
