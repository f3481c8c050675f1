-- What SES counts of all mail of an account, which no placement test can see; and what the user takes for the new ordinary.

-- When SES was asked last about the mail of one region.
CREATE TABLE reputation (
    region TEXT PRIMARY KEY, -- as configured; empty where the AWS environment decides
    asked_at INTEGER NOT NULL,
    why TEXT                 -- why it did not answer; NULL: it did
) STRICT, WITHOUT ROWID;

-- What SES counted on one day. It tells two weeks; the days before stay here.
CREATE TABLE sent_day (
    region TEXT NOT NULL,    -- as in `reputation`
    day TEXT NOT NULL,       -- in UTC, such as 2026-11-27
    attempts INTEGER NOT NULL,
    bounces INTEGER NOT NULL,
    complaints INTEGER NOT NULL,
    PRIMARY KEY (region, day)
) STRICT, WITHOUT ROWID;

-- A change that the user accepted: from the week after it the sender's own past begins anew. Never changed and never
-- taken back: what was accepted later counts as well.
CREATE TABLE acceptance (
    id INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    provider TEXT,           -- NULL: at every provider
    accepted_at INTEGER NOT NULL
) STRICT;
