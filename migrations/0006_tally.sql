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
