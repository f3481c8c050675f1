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
