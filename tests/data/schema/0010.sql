-- Schema 6 with one complete run, brought together from schema 5 and the migrations after it.
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
INSERT INTO _sqlx_migrations VALUES(5,'schedule','2026-11-27 00:20:00',1,X'9a1d587aebb48ed57af62d1250199ef34a980ad96c11bdad61e33ad93d20c8059e2206f989c17f762793a04555ae02be',1446794);
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
) STRICT;
INSERT INTO "run" VALUES(2,'before-dkim',1780000000000,1780000004000,900000,0);
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
INSERT INTO "sqlite_sequence" VALUES('run',2);
INSERT INTO "sqlite_sequence" VALUES('probe',4);
INSERT INTO "sqlite_sequence" VALUES('look',2);
INSERT INTO "sqlite_sequence" VALUES('snapshot',1);
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
INSERT INTO period VALUES('2026-W22',1780000000000,2);
INSERT INTO event VALUES(1,'test/1','test',1780000000000,NULL,'{}');
INSERT INTO delivery VALUES(1,'webhook 1',1,NULL,1780000000500,NULL);
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
INSERT INTO _sqlx_migrations VALUES(2,'sign ins','2026-11-27 01:50:00',1,X'918d8cb9eb5deda5e222615240e2993b07734bb8d49e72a35564577b8a7ce35288093a12ad9b73da34722c64d5772724',1446794);
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
INSERT INTO _sqlx_migrations VALUES(4,'import','2026-11-27 01:50:00',1,X'07ba63d838c82555416a73138085453ca9437b716f20439dfcdca31c8daf1a719f0706168f5c946bc94706a5c0875168',1446794);
-- What the findings of finished runs come to, so that a chart of five years need not judge a million probes anew. It is
-- no fact: every row can be derived from the others, may be deleted at any moment, and is written again by the next
-- report. The triggers below delete the rows of a run as soon as any fact about it changes.
CREATE TABLE tally (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    rule INTEGER NOT NULL,     -- the version of the rules that judged, with the setting they judged by
    stream TEXT NOT NULL,
    provider TEXT NOT NULL,
    inbox INTEGER NOT NULL,
    promotions INTEGER NOT NULL,
    spam INTEGER NOT NULL,
    elsewhere INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    unmeasured INTEGER NOT NULL,
    arrivals INTEGER NOT NULL, -- how many latencies are known
    median INTEGER,            -- the middle one; NULL when none is known
    slowest INTEGER,           -- the longest one; NULL with the median
    PRIMARY KEY (run, rule, stream, provider),
    CHECK ((arrivals = 0) = (median IS NULL) AND (median IS NULL) = (slowest IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tally_after_run AFTER UPDATE ON run BEGIN
    DELETE FROM tally WHERE run = NEW.id;
END;

CREATE TRIGGER tally_after_probe AFTER UPDATE ON probe BEGIN
    DELETE FROM tally WHERE run = (SELECT run FROM seed WHERE id = NEW.seed);
END;

CREATE TRIGGER tally_after_look AFTER INSERT ON look BEGIN
    DELETE FROM tally WHERE run = (SELECT run FROM seed WHERE id = NEW.seed);
END;

CREATE TRIGGER tally_after_seed AFTER UPDATE ON seed BEGIN
    DELETE FROM tally WHERE run = NEW.run;
END;

CREATE TRIGGER tally_after_told AFTER INSERT ON told BEGIN
    DELETE FROM tally WHERE run = (SELECT run FROM seed WHERE id = NEW.seed);
END;

CREATE TRIGGER tally_after_told_again AFTER UPDATE ON told BEGIN
    DELETE FROM tally WHERE run = (SELECT run FROM seed WHERE id = NEW.seed);
END;

CREATE TRIGGER tally_after_told_no_more AFTER DELETE ON told BEGIN
    DELETE FROM tally WHERE run = (SELECT run FROM seed WHERE id = OLD.seed);
END;
INSERT INTO _sqlx_migrations VALUES(6,'tally','2026-11-27 01:50:00',1,X'ce4bdfafccbbfde3b5884cfeed3611fcdd57bd40d71c9a6dcf47e6e848f4137812f474d8c9661bcad1d28d6f48ff60e4',1446794);
INSERT INTO tally VALUES(2,2,'newsletter','gmail',1,0,0,0,0,2,1,3000,3000);
-- The answer of SES may be stored after a copy was seen, which leaves the probe as it is: from then on its latency is counted
-- from that answer. The remembered tallies of its run go with it, as they do with every other new fact.
CREATE TRIGGER tally_after_handoff AFTER UPDATE ON handoff BEGIN
    DELETE FROM tally WHERE run = (SELECT seed.run FROM probe JOIN seed ON seed.id = probe.seed WHERE probe.id = NEW.probe);
END;
INSERT INTO _sqlx_migrations VALUES(8,'tally of a handoff','2026-11-27 03:35:00',1,X'026e8ad4a852980981d2057c0b7d873fb1d1248eaa99224869c4cd46d15060a6fcd374da13477eb980838624b4a278e2',1446794);
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
INSERT INTO _sqlx_migrations VALUES(9,'reputation','2026-11-27 04:00:00',1,X'885d2fc95f5d5704101c9a4bccef0804edc5ea74b1466435490b48ee1e96b330b13885901977ad50f0c71dfdb7be2e9f',1446794);
-- One database may serve several AWS accounts, by profiles or by keys of the environment. What SES says is of one account in
-- one region, and the answers to two accounts are not to be added up. Whose the rows were that stood before is not known.

ALTER TABLE reputation RENAME TO reputation_of_region;
ALTER TABLE sent_day RENAME TO sent_day_of_region;

-- When SES was asked last about the mail of one account in one region.
CREATE TABLE reputation (
    account TEXT NOT NULL,   -- its number, or the id of its access key where that does not tell it; empty: not known
    region TEXT NOT NULL,    -- as configured; empty where the AWS environment decides
    asked_at INTEGER NOT NULL,
    why TEXT,                -- why it did not answer; NULL: it did
    PRIMARY KEY (account, region)
) STRICT, WITHOUT ROWID;

-- What SES counted on one day. It tells two weeks; the days before stay here.
CREATE TABLE sent_day (
    account TEXT NOT NULL,   -- as in `reputation`
    region TEXT NOT NULL,    -- as in `reputation`
    day TEXT NOT NULL,       -- in UTC, such as 2026-11-27
    attempts INTEGER NOT NULL,
    bounces INTEGER NOT NULL,
    complaints INTEGER NOT NULL,
    PRIMARY KEY (account, region, day)
) STRICT, WITHOUT ROWID;

INSERT INTO reputation (account, region, asked_at, why)
SELECT '', region, asked_at, why FROM reputation_of_region;
INSERT INTO sent_day (account, region, day, attempts, bounces, complaints)
SELECT '', region, day, attempts, bounces, complaints FROM sent_day_of_region;

DROP TABLE reputation_of_region;
DROP TABLE sent_day_of_region;

-- Whose suppression list it was, as in `reputation`; NULL: not known.
ALTER TABLE suppression ADD COLUMN account TEXT;

DROP INDEX suppression_once;

-- One answer for each account, region and address; neither an account nor a region is called ''.
CREATE UNIQUE INDEX suppression_once ON suppression (coalesce(account, ''), coalesce(region, ''), address);
INSERT INTO _sqlx_migrations VALUES(10,'accounts','2026-11-27 07:20:00',1,X'6019377a8e1069747300abca8a660d5308b6f9076c896492d919d78af513e41629d62159b3ed189457e81ef8f7f50a47',1446794);
COMMIT;
