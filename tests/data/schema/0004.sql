-- Schema 4 with one complete run, written by the program that shipped it.
PRAGMA application_id = 1768841848;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'facts','2026-11-24 06:32:34',1,X'D31A639462C06851F6BB1456D67C475B87DE3359B8770DCAE33E96E4B1E899AAB66A12CB0E46632AB599F338C9D3DE49',1446794);
INSERT INTO "_sqlx_migrations" VALUES(3,'dns','2026-11-27 00:20:00',1,X'B217A0D7BC8899696E28001F91F38224873CAE485E997D454E38EA6E166B42E408F0596FA9121C34DEC26FC81ADB8E37',1446794);
INSERT INTO "_sqlx_migrations" VALUES(4,'import','2026-11-27 00:00:00',1,X'07BA63D838C82555416A73138085453CA9437B716F20439DFCDCA31C8DAF1A719F0706168F5C946BC94706A5C0875168',1);
CREATE TABLE baseline (
    seed INTEGER PRIMARY KEY REFERENCES seed (id) ON DELETE CASCADE,
    taken_at INTEGER NOT NULL
) STRICT;
INSERT INTO "baseline" VALUES(1,1780000000005);
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
INSERT INTO "handoff" VALUES(2,1,1780000000010,'not_accepted',1780000000011,NULL,'throttled',1000);
INSERT INTO "handoff" VALUES(2,2,1780000000012,'accepted',1780000000013,'0107019',NULL,NULL);
INSERT INTO "handoff" VALUES(3,1,1780000000014,'refused',1780000000015,NULL,'MessageRejected',NULL);
CREATE TABLE look (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which looks were stored
    seed INTEGER NOT NULL REFERENCES seed (id) ON DELETE CASCADE,
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    failed TEXT,         -- why it is not complete; NULL: every folder was read to its end
    temporary INTEGER NOT NULL CHECK (temporary IN (0, 1)), -- whether the failure may pass by itself
    leave_alone INTEGER  -- how long the server asked to be left alone; NULL: it did not ask
) STRICT;
INSERT INTO "look" VALUES(1,1,1780000000020,1780000000720,NULL,0,NULL);
INSERT INTO "look" VALUES(2,1,1780000002000,1780000002700,NULL,0,NULL);
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
INSERT INTO "mark" VALUES(1,0,'INBOX','inbox',42,5,3);
INSERT INTO "mark" VALUES(1,1,'[Gmail]/Spam','junk',42,5,3);
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
INSERT INTO "probe" VALUES(2,1,1,'qk7drmofbyrkn55j3sm6pion4x','accepted',2,NULL);
INSERT INTO "probe" VALUES(3,1,2,'kf7jieqdudjazorw5ixblqoavk','refused',1,'MessageRejected');
INSERT INTO "probe" VALUES(4,1,3,'rnrzg5hpogpexqx6zyrl2r6q2k','planned',0,NULL);
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
INSERT INTO "record" VALUES(1,0,0,'_dmarc.shop.example','TXT',300,X'763D444D415243313B20703D6E6F6E65');
INSERT INTO "record" VALUES(2,0,1,'t._domainkey.shop.example','CNAME',1800,X'742E646B696D2E616D617A6F6E7365732E636F6D');
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
INSERT INTO "reply" VALUES(1,1,'_dmarc.shop.example','TXT','dmarc','records',NULL,NULL);
INSERT INTO "reply" VALUES(2,1,'t._domainkey.shop.example','TXT','dkim','unanswered',NULL,'the name server did not answer in time');
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT,                  -- NULL: the user gave none. Not unique: several runs may bear the same one.
    started_at INTEGER NOT NULL, -- when the plan was committed
    ended_at INTEGER,            -- end of the closing look; NULL: open, or its process died and `sweep` is to finish it
    wait INTEGER NOT NULL CHECK (wait >= 0),
    simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)) -- the lab answered instead of real providers
, imported INTEGER NOT NULL DEFAULT 0 CHECK (imported IN (0, 1))) STRICT;
INSERT INTO "run" VALUES(2,'before-dkim',1780000000000,1780000004000,900000,0,0);
INSERT INTO "run" VALUES(3,'seedlist',1770000000000,1770000000000,0,0,1);
CREATE TABLE seed (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- its place in the seed lists
    address TEXT NOT NULL,
    provider TEXT NOT NULL,
    excluded TEXT,             -- why it takes no part, so that its probes are unmeasured; NULL: it takes part
    UNIQUE (run, address) -- also the way from a run to its seeds
) STRICT;
INSERT INTO "seed" VALUES(1,2,0,'anna@gmail.com','gmail',NULL);
INSERT INTO "seed" VALUES(2,2,1,'bert@gmail.com','gmail',NULL);
INSERT INTO "seed" VALUES(3,2,2,'carl@gmail.com','gmail','sign-in refused');
INSERT INTO "seed" VALUES(4,3,0,'anna@gmail.com','gmail',NULL);
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
INSERT INTO "seen" VALUES(2,1,'junk','not_applicable',NULL,1780000005000);
CREATE TABLE shut (
    seed INTEGER NOT NULL REFERENCES baseline (seed) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    folder TEXT NOT NULL,
    role TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (seed, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "shut" VALUES(1,0,'Zoo','other','NO [NOPERM]');
CREATE TABLE sighting (
    id INTEGER PRIMARY KEY,
    probe INTEGER NOT NULL REFERENCES probe (id) ON DELETE CASCADE,
    folder TEXT NOT NULL,
    uid_validity INTEGER,     -- NULL: the server names none
    uid INTEGER NOT NULL,
    headers BLOB NOT NULL CHECK (length(headers) <= 65536),
    cut INTEGER NOT NULL CHECK (cut IN (0, 1)) -- the header section is longer than what is kept
) STRICT;
INSERT INTO "sighting" VALUES(1,2,'[Gmail]/Spam',42,5,X'5375626A6563743A2068656C6C6F0D0A',0);
CREATE TABLE snapshot (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain TEXT NOT NULL,       -- the domain in From, in lower case
    taken_at INTEGER NOT NULL,  -- when its first question was asked
    run INTEGER REFERENCES run (id) ON DELETE SET NULL -- NULL: taken by itself, or the run is gone
) STRICT;
INSERT INTO "snapshot" VALUES(1,'shop.example',1780000000000,2);
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
INSERT INTO "stream" VALUES(1,2,0,'news','marketing','News <news@shop.example>','ses-api',NULL,NULL,0,'header',X'0707070707070707070707070707070707070707070707070707070707070707');
CREATE TABLE suppression (
    id INTEGER PRIMARY KEY,
    region TEXT,                -- NULL: the one of the AWS environment
    address TEXT NOT NULL,
    why TEXT,                   -- why it is on the list; NULL: it is not on it
    asked_at INTEGER NOT NULL
) STRICT;
INSERT INTO "suppression" VALUES(1,'eu-central-1','anna@gmail.com',NULL,1780000000001);
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
INSERT INTO "told" VALUES(1,1,4,1770000000000,NULL,'spam',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE told_stream (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- the order in which the file named it
    name TEXT NOT NULL,
    UNIQUE (run, name) -- also the way from a run to its streams
) STRICT;
INSERT INTO "told_stream" VALUES(1,3,0,'news');
CREATE INDEX probe_of_seed ON probe (seed);
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
CREATE INDEX look_of_seed ON look (seed);
CREATE UNIQUE INDEX sighting_once ON sighting (probe, folder, coalesce(uid_validity, -1), uid);
CREATE INDEX seen_of_sighting ON seen (sighting);
CREATE UNIQUE INDEX suppression_once ON suppression (coalesce(region, ''), address);
CREATE INDEX snapshot_of_domain ON snapshot (domain, taken_at);
CREATE INDEX snapshot_of_run ON snapshot (run);
CREATE INDEX told_of_seed ON told (seed);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('look',2);
INSERT INTO "sqlite_sequence" VALUES('probe',4);
INSERT INTO "sqlite_sequence" VALUES('run',3);
INSERT INTO "sqlite_sequence" VALUES('snapshot',1);
INSERT INTO "sqlite_sequence" VALUES('run',2);
INSERT INTO "sqlite_sequence" VALUES('probe',4);
INSERT INTO "sqlite_sequence" VALUES('look',2);
INSERT INTO "sqlite_sequence" VALUES('snapshot',1);
COMMIT;
