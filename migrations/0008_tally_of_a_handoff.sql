-- The answer of SES may be stored after a copy was seen, which leaves the probe as it is: from then on its latency is counted
-- from that answer. The remembered tallies of its run go with it, as they do with every other new fact.
CREATE TRIGGER tally_after_handoff AFTER UPDATE ON handoff BEGIN
    DELETE FROM tally WHERE run = (SELECT seed.run FROM probe JOIN seed ON seed.id = probe.seed WHERE probe.id = NEW.probe);
END;
