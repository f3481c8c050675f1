-- What DNS said about the senders' domains: the facts of `dns snapshot` and of every run. A change between two snapshots
-- is derived, as every judgement is.

-- The answers about one domain at one moment. Numbers are never used twice: they tell the order of two snapshots of the
-- same millisecond.
CREATE TABLE snapshot (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain TEXT NOT NULL,       -- the domain in From, in lower case
    taken_at INTEGER NOT NULL,  -- when its first question was asked
    run INTEGER REFERENCES run (id) ON DELETE SET NULL -- NULL: taken by itself, or the run is gone
) STRICT;

-- From a domain to its snapshots, in the order of time.
CREATE INDEX snapshot_of_domain ON snapshot (domain, taken_at);

-- From a run to its snapshots, for taking the run out.
CREATE INDEX snapshot_of_run ON snapshot (run);

-- One question and what became of it. Kept when nobody answered, too: an unanswered question is no absent record.
CREATE TABLE reply (
    id INTEGER PRIMARY KEY,
    snapshot INTEGER NOT NULL REFERENCES snapshot (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('A', 'AAAA', 'CNAME', 'MX', 'PTR', 'TXT')),
    place TEXT NOT NULL CHECK (place IN ('spf_from', 'spf_mail_from', 'mail_from_mx', 'dkim', 'dmarc', 'bimi', 'mta_sts',
        'tls_rpt', 'behind')),  -- the part that it plays for the sender
    outcome TEXT NOT NULL CHECK (outcome IN ('records', 'no_record', 'no_name', 'unanswered')),
    ttl INTEGER,                -- for how long an absence may be remembered; NULL: not told, or no absence
    why TEXT,                   -- why nobody answered; NULL: somebody did
    CHECK ((outcome = 'unanswered') = (why IS NOT NULL)),
    CHECK (ttl IS NULL OR outcome IN ('no_record', 'no_name')),
    UNIQUE (snapshot, name, kind) -- also the way from a snapshot to its replies
) STRICT;

-- The records of a reply: the CNAMEs on the way first, in their order, then what was asked for.
CREATE TABLE record (
    reply INTEGER NOT NULL REFERENCES reply (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    alias INTEGER NOT NULL CHECK (alias IN (0, 1)), -- whether it is a CNAME on the way
    owner TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('A', 'AAAA', 'CNAME', 'MX', 'PTR', 'TXT')),
    ttl INTEGER NOT NULL,       -- seconds that were left of it
    value BLOB NOT NULL,        -- a TXT as its octets, its strings joined; any other as it is written in a zone file
    PRIMARY KEY (reply, position)
) STRICT, WITHOUT ROWID;
