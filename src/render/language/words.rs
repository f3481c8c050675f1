//! The words of reports, both languages side by side.

/// Lays out the table: a struct of words, and one value of it for each language.
macro_rules! table {
    ($($name:ident: $english:literal, $german:literal;)*) => {
        /// The words of one language.
        #[derive(Debug)]
        pub(crate) struct Words {
            $(pub(crate) $name: &'static str,)*
            /// The months, short.
            pub(crate) months: [&'static str; 12],
            /// One run, many runs.
            pub(crate) run: (&'static str, &'static str),
            /// One seed, many seeds.
            pub(crate) seed: (&'static str, &'static str),
            /// One probe, many probes.
            pub(crate) probe: (&'static str, &'static str),
            /// One stamp, many stamps.
            pub(crate) stamp: (&'static str, &'static str),
            /// One hop, many hops.
            pub(crate) hop: (&'static str, &'static str),
            /// Many probes.
            pub(crate) probe_many: &'static str,
        }

        impl Words {
            /// Every sentence with its name.
            #[cfg(test)]
            pub(crate) fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }

        /// English.
        pub(super) const ENGLISH: Words = Words {
            $($name: $english,)*
            months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
            run: ("run", "runs"),
            seed: ("seed", "seeds"),
            probe: ("probe", "probes"),
            stamp: ("stamp", "stamps"),
            hop: ("hop", "hops"),
            probe_many: "probes",
        };

        /// German.
        pub(super) const GERMAN: Words = Words {
            $($name: $german,)*
            months: ["Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."],
            run: ("Lauf", "Läufe"),
            seed: ("Testpostfach", "Testpostfächer"),
            probe: ("Probe", "Proben"),
            stamp: ("Vermerk", "Vermerke"),
            hop: ("Station", "Stationen"),
            probe_many: "Proben",
        };
    };
}

table! {
    // Placements, as a heading.
    inbox: "Inbox", "Posteingang";
    promotions: "Promotions", "Werbung";
    spam: "Spam", "Spam";
    elsewhere: "Elsewhere", "Anderswo";
    missing: "Missing", "Vermisst";
    not_measured: "Not measured", "Nicht gemessen";
    pending: "Pending", "Noch offen";

    // What every chart may say.
    simulated: "SIMULATED: the lab answered, no real provider", "SIMULIERT: Das Labor antwortete, kein echter Anbieter";
    all_streams: "all streams", "alle Streams";
    stream: "stream {stream}", "Stream {stream}";
    promotions_counted: "promotions counted as inbox", "Werbung zählt als Posteingang";
    promotions_not_counted: "promotions not counted as inbox", "Werbung zählt nicht als Posteingang";
    nothing_asked: "Nothing was asked in this time.", "In dieser Zeit wurde nichts gemessen.";
    newest_of: "newest {n} of {all} runs", "die neuesten {n} von {all} Läufen";

    // The trend.
    trend_title: "Inbox placement by provider", "Posteingangsquote nach Anbieter";
    share_of_measured: "Share of measured probes", "Anteil der gemessenen Proben";
    goal: "goal {share}", "Ziel {share}";
    spam_limit: "spam limit {share}, from the top", "Spam-Grenze {share}, von oben";
    probes_each: "probes", "Proben";
    probes_summary: "{range} probes in each run", "{range} Proben je Lauf";
    inbox_last_run: "inbox, last run", "Posteingang, letzter Lauf";
    promotions_too: "inbox and promotions, last run", "Posteingang und Werbung, letzter Lauf";
    good_of: "{good} of {n}, range {range}", "{good} von {n}, Bereich {range}";
    few_of: "{good} of {n}", "{good} von {n}";
    too_few_for_rate: "too few for a rate", "zu wenige für eine Quote";
    last_not_measured: "last run not measured", "letzter Lauf nicht gemessen";
    last_not_asked: "not asked in the last run", "im letzten Lauf nicht gefragt";
    spam_against_limit: "spam {share}, limit {limit}", "Spam {share}, Grenze {limit}";
    changes_of: "{n} changes: {all}", "{n} Änderungen: {all}";
    note_range: "Lines on the bars: {confidence} range of the inbox rate.", "Striche auf den Balken: {confidence}-Bereich der Posteingangsquote.";
    note_spam_limit: "Line across spam: the part below it is beyond the {share} limit.", "Strich im Spam: Der Teil darunter liegt über der Grenze von {share}.";
    note_narrow: "Narrow bars: fewer than {n} measured, too few for a rate.", "Schmale Balken: weniger als {n} gemessen, zu wenige für eine Quote.";
    note_unmeasured: "Hatched: nothing could be measured, which is not 0 %.", "Schraffiert: nichts war messbar; das ist nicht 0 %.";
    note_absent: "Blank: not asked.", "Leer: nicht gefragt.";
    bar_says: "{provider}, {date}: {counts}", "{provider}, {date}: {counts}";

    // Before and after.
    comparison_of_change: "Before and after the change of {date}", "Vor und nach der Änderung vom {date}";
    comparison_of_window: "Before and after the change between {from} and {until}", "Vor und nach der Änderung zwischen dem {from} und dem {until}";
    left_out: "{n} in between left out", "{n} dazwischen ausgelassen";
    dns_checked: "{domain}: checks of {date}", "{domain}: Prüfungen vom {date}";
    dns_checks_note: "As inboxed dns check would have judged it then, by what the run stored.", "Wie inboxed dns check es damals beurteilt hätte, nach dem, was der Lauf aufhob; die Befunde stehen auf Englisch.";
    dns_good: "Good", "Gut";
    dns_told: "For information", "Zur Kenntnis";
    col_check: "Check", "Prüfung";
    col_verdict: "Verdict", "Urteil";
    col_found: "Found", "Befund";
    act_dns_crit: "Mend the DNS of {domain} first, as mail fails by it: {checks}. The records to publish stand under DNS.", "Bringen Sie zuerst das DNS von {domain} in Ordnung, daran scheitert Mail: {checks}. Die nötigen Einträge stehen unter DNS.";
    act_dns_warn: "The DNS of {domain} could be better: {checks}. What to publish stands under DNS.", "Das DNS von {domain} könnte besser sein: {checks}. Was zu veröffentlichen ist, steht unter DNS.";
    nothing_before: "The runs around the last change cannot be compared: no complete one lies before it, within eight weeks and after any earlier change.", "Die Läufe um die letzte Änderung lassen sich nicht vergleichen: Vor ihr liegt kein vollständiger, innerhalb von acht Wochen und nach jeder früheren Änderung.";
    nothing_after: "The runs around the last change cannot be compared yet: no complete one has begun since every receiver sees the new records.", "Die Läufe um die letzte Änderung lassen sich noch nicht vergleichen: Seit alle Empfänger die neuen Einträge sehen, hat kein vollständiger begonnen.";
    comparison_subtitle: "{change} · Inbox rate of the same seeds · {before} before, {after} after{between} · stream {stream}", "{change} · Posteingangsquote derselben Testpostfächer · {before} vorher, {after} nachher{between} · Stream {stream}";
    before: "before", "vorher";
    after: "after", "nachher";
    points: "{change} points", "{change} Punkte";
    point: "{change} point", "{change} Punkt";
    points_range: "{lo} to {hi}", "{lo} bis {hi}";
    overall: "All providers", "Alle Anbieter";
    verdict_better: "improved", "verbessert";
    verdict_worse: "worse", "verschlechtert";
    verdict_maybe_better: "possibly better, not confirmed", "vielleicht besser, nicht bestätigt";
    verdict_maybe_worse: "possibly worse, not confirmed", "vielleicht schlechter, nicht bestätigt";
    verdict_no_change: "no clear change", "keine klare Änderung";
    verdict_too_few: "not enough data", "zu wenige Daten";
    seeds_compared: "{seeds} compared", "{seeds} verglichen";
    axis_rate: "inbox rate", "Posteingangsquote";
    axis_difference: "difference in points", "Unterschied in Punkten";
    note_overall: "All providers: weighted means; the statistics give a range for their difference alone.", "Alle Anbieter: gewichtete Mittel; einen Bereich gibt die Statistik nur für ihren Unterschied.";
    note_comparison: "Lines: {confidence} range. A verdict must exceed what single seeds and whole weeks do by themselves.", "Striche: {confidence}-Bereich. Ein Urteil muss über das hinausgehen, was einzelne Testpostfächer und ganze Wochen von selbst tun.";

    // The seed grid.
    grid_title: "Every seed, every run", "Jedes Testpostfach, jeder Lauf";
    grid_subtitle: "Where each probe lay", "Wo jede Probe lag";
    grid_worst: "the {n} seeds with most trouble of {all}", "die {n} auffälligsten von {all} Testpostfächern";
    grid_note: "Inbox recedes so that trouble stands out. A row of one colour is a mailbox to look at, a column a run.", "Posteingang tritt zurück, damit Auffälliges hervortritt. Eine einfarbige Zeile ist ein Postfach, das Sie prüfen sollten, eine einfarbige Spalte ein Lauf.";
    grid_rate: "inbox", "Posteingang";

    // Latency.
    latency_title: "Time to arrival by provider", "Zeit bis zur Ankunft nach Anbieter";
    latency_subtitle: "From handoff to arrival of the probes that were found", "Von der Übergabe bis zur Ankunft der gefundenen Proben";
    latency_median: "median", "Median";
    latency_slowest: "slowest", "langsamste";
    latency_last: "median, last run", "Median, letzter Lauf";
    latency_unknown: "no arrival known in the last run", "im letzten Lauf keine Ankunft bekannt";
    latency_note: "Line: median. Bar's upper end: slowest arrival. Logarithmic scale.", "Linie: Median. Oberes Ende des Balkens: langsamste Ankunft. Logarithmische Skala.";
    latency_of: "{n} arrivals", "{n} Ankünfte";
    latency_to: "slowest {slowest}", "langsamste {slowest}";

    // The page.
    page_title: "Inbox placement report", "Bericht zur Posteingangsquote";
    page_of: "As of {date}, the last run · {streams}", "Stand {date}, letzter Lauf · {streams}";
    skip: "Skip to the summary", "Zur Zusammenfassung springen";
    contents: "Contents", "Inhalt";
    summary: "Summary", "Zusammenfassung";
    what_changed: "What changed", "Was sich geändert hat";
    what_to_do: "What to do", "Was zu tun ist";
    stream_heading: "Stream {stream}", "Stream {stream}";
    last_run_heading: "The last run, probe by probe", "Der letzte Lauf, Probe für Probe";
    evidence_note: "What needs a look comes first. Below a probe: the receiver’s verdict on it, or why it was not found or not measured; everything its header says can be unfolded.", "Auffälliges steht oben. Unter einer Probe: das Urteil des Empfängers über sie, oder warum sie nicht gefunden oder nicht gemessen wurde; alles, was ihr Kopf sagt, lässt sich aufklappen.";
    probes_left_out: "Left out here: {probes} with less trouble; inboxed show {run} lists them", "Hier weggelassen: {probes}, weniger auffällig; inboxed show {run} zeigt sie";
    last_run_of: "Run {run}, {date}, {state}", "Lauf {run}, {date}, {state}";
    state_complete: "complete", "abgeschlossen";
    state_running: "still running: these figures will change", "läuft noch: Diese Zahlen ändern sich";
    state_interrupted: "interrupted: inboxed sweep {run} finishes it", "abgebrochen: inboxed sweep {run} führt ihn zu Ende";
    dns_heading: "DNS: state and changes", "DNS: Stand und Änderungen";
    thresholds_heading: "Thresholds and what they ask for", "Grenzen und was sie verlangen";
    definitions_heading: "What the words mean", "Was die Wörter bedeuten";
    made_by: "Made by inboxed from what it stored; nothing in this file asks the network.", "Von inboxed aus dem Gespeicherten erstellt; nichts in dieser Datei fragt das Netz.";
    figures_as_table: "These figures as a table", "Diese Zahlen als Tabelle";
    table_newest: "These figures as a table: the newest {n} runs", "Diese Zahlen als Tabelle: die neuesten {n} Läufe";

    // The verdict.
    healthy: "Healthy", "In Ordnung";
    healthy_says: "No provider is surely beyond a threshold.", "Kein Anbieter liegt sicher jenseits einer Grenze.";
    healthy_alone: "In the last run alone no provider is surely beyond a threshold.", "Im letzten Lauf für sich liegt kein Anbieter sicher jenseits einer Grenze.";
    trend_alarm: "The trend is in alarm", "Der Trend ist im Alarm";
    alarm_inbox: "{provider}: too little has reached the inbox since {week}: {share} of {probes}.", "{provider}: Seit {week} kommt zu wenig in den Posteingang: {share} von {probes}.";
    alarm_spam: "{provider}: too much has gone to spam since {week}: {share} of {probes}.", "{provider}: Seit {week} landet zu viel im Spam: {share} von {probes}.";
    alarm_missing: "{provider}: too much has been missing since {week}.", "{provider}: Seit {week} geht zu viel verloren.";
    warning: "Warning", "Warnung";
    critical: "Critical", "Kritisch";
    not_judged: "Not judged", "Nicht beurteilt";
    not_judged_says: "No provider has {n} measured probes.", "Kein Anbieter hat {n} gemessene Proben.";
    inbox_below: "{provider}: surely less than {limit} reach the inbox (range {range}).", "{provider}: Sicher weniger als {limit} kommen in den Posteingang (Bereich {range}).";
    spam_above: "{provider}: surely more than {limit} lie in spam (range {range}).", "{provider}: Sicher mehr als {limit} liegen im Spam (Bereich {range}).";
    doubt: "{provider}: {share} in the inbox is below {limit}, but it may really be {range}: no evidence yet.", "{provider}: {share} im Posteingang liegen unter {limit}, wirklich können es aber {range} sein: noch kein Beleg.";
    open_range: "{provider}: {n} of {all} could not be measured.", "{provider}: {n} von {all} nicht messbar.";

    // What changed.
    dns_changed: "{date}: DNS of {domain} changed: {words}.", "{date}: Das DNS von {domain} hat sich geändert: {words}.";
    dns_unchanged: "No DNS change was recorded in this time.", "In dieser Zeit wurde keine DNS-Änderung aufgezeichnet.";
    not_the_cause: "This says that placement changed at that time, not that the DNS change was the cause.", "Das besagt, dass sich die Quote zu dieser Zeit geändert hat, nicht, dass die DNS-Änderung die Ursache war.";

    // What to do, after the guide.
    act_inbox_warn: "{provider}: make another placement test and send less until the rate is back above {limit}; too few readers engage.", "{provider}: Testen Sie die Zustellung erneut und senden Sie weniger, bis die Quote wieder über {limit} liegt; zu wenige Leser reagieren.";
    act_inbox_crit: "{provider}: pause cold mail for at least 72 hours, send only transactional and product mail that more than 30 % open, and make a full placement test before you build volume up again.", "{provider}: Setzen Sie Kaltakquise mindestens 72 Stunden aus, senden Sie nur Transaktions- und Produktmails mit über 30 % Öffnungen und testen Sie die Zustellung vollständig, bevor Sie das Volumen wieder aufbauen.";
    act_spam_warn: "{provider}: recheck SPF, DKIM and DMARC, and that they match the domain in From (inboxed dns check).", "{provider}: Prüfen Sie SPF, DKIM und DMARC erneut und ob sie zur Domain im From passen (inboxed dns check).";
    act_spam_crit: "{provider}: pause bulk mail, and recheck SPF, DKIM and DMARC and that they match the domain in From (inboxed dns check).", "{provider}: Setzen Sie Massenmails aus und prüfen Sie SPF, DKIM und DMARC erneut und ob sie zur Domain im From passen (inboxed dns check).";
    act_missing: "{provider}: look at bounces and the suppression list in SES, and at blocklists that name the sending address.", "{provider}: Sehen Sie Bounces und die Sperrliste in SES nach, und Blocklisten, auf denen die sendende Adresse steht.";
    act_misaligned: "{probes} of the last run passed neither SPF nor DKIM for the domain in From: fix that before anything else.", "{probes} des letzten Laufs ohne bestandenes SPF oder DKIM für die Domain im From: Beheben Sie das zuerst.";
    act_unmeasured: "{probes} of the last run could not be measured; inboxed check names the remedy for each seed.", "{probes} des letzten Laufs nicht messbar; inboxed check nennt für jedes Testpostfach die Abhilfe.";
    act_wait: "{providers}: go on measuring weekly before you act; one test is no evidence.", "{providers}: Messen Sie wöchentlich weiter, bevor Sie handeln; ein einzelner Test ist kein Beleg.";
    act_none: "Nothing for now. Go on measuring weekly; stability counts for more than single peaks.", "Im Moment nichts. Messen Sie wöchentlich weiter; Beständigkeit zählt mehr als einzelne Spitzen.";

    // The diagnosis.
    diagnosis_heading: "Diagnosis: where the trouble lies", "Diagnose: woran es liegt";
    diagnosis_of: "From the last runs of each stream, {runs} in all", "Aus den letzten Läufen jedes Streams, insgesamt {runs}";
    diagnosis_nothing: "In these runs nothing points to trouble: at no provider is the inbox rate surely too low.", "In diesen Läufen deutet nichts auf Schwierigkeiten hin: Bei keinem Anbieter ist die Posteingangsquote sicher zu niedrig.";
    term_doubt: "Doubt", "Zweifel";
    term_next: "Next step", "Nächster Schritt";
    and: "and", "und";
    says_everywhere: "{stream}: every provider files it low: the trust in the domain, or what all see alike", "{stream}: Bei allen Anbietern kommt zu wenig in den Posteingang: das Vertrauen in die Domain oder etwas, das alle gleich sehen";
    says_one_provider: "{stream}: only {provider} files it low: that provider’s own judgement of this sender, from engagement and volume", "{stream}: Nur bei {provider} kommt zu wenig in den Posteingang: das eigene Urteil dieses Anbieters über den Absender, aus Reaktionen und Volumen";
    says_far_apart: "{stream}: {best} and {worst} are far apart: filters read this message differently", "{stream}: {best} und {worst} liegen weit auseinander: Die Filter lesen diese Nachricht verschieden";
    says_lost: "{stream}: mail that SES took lies nowhere", "{stream}: Mail, die SES angenommen hat, liegt nirgends";
    says_yahoo_trails: "{stream}: Yahoo usually follows Gmail by several days", "{stream}: Yahoo folgt Gmail meist mit einigen Tagen Abstand";
    says_shared: "only what is sent with {shared} is low: its DNS or the addresses assigned to it", "zu niedrig liegt nur, was mit {shared} gesendet wird: dessen DNS oder die zugeteilten Adressen";
    says_control_arrives: "the plain control message arrives where the other does not: it is the content", "die schlichte Kontrollnachricht kommt an, wo die andere scheitert: Es liegt am Inhalt";
    says_control_fails: "the plain control message fares no better: it is the reputation, not the content", "der schlichten Kontrollnachricht geht es nicht besser: Es liegt am Ruf, nicht am Inhalt";
    says_bounces: "SES in {region} counts too many bounces: addresses that do not exist are written to", "SES zählt in {region} zu viele Bounces: Es wird an Adressen geschrieben, die es nicht gibt";
    says_complaints: "SES in {region} counts too many complaints: readers call this mail spam", "SES zählt in {region} zu viele Beschwerden: Leser nennen diese Mail Spam";
    says_bounces_rise: "SES in {region} counts more bounces for the third day running", "SES zählt in {region} den dritten Tag in Folge mehr Bounces";
    says_complaints_rise: "SES in {region} counts more complaints for the third day running", "SES zählt in {region} den dritten Tag in Folge mehr Beschwerden";
    its_region: "its region", "seiner Region";
    region_of_account: "{region} (account {account})", "{region} (Konto {account})";
    says_too_little: "too little was measured to say anything", "es wurde zu wenig gemessen, um etwas zu sagen";
    trait_region: "region {value}", "der Region {value}";
    trait_set: "configuration set {value}", "dem Configuration Set {value}";
    trait_identity: "identity {value}", "der Identität {value}";
    evidence_placed: "{stream} at {provider}: {rate} of {n} in the inbox (range {range})", "{stream} bei {provider}: {rate} von {n} im Posteingang (Bereich {range})";
    evidence_missing: "{provider}: surely more than {share} missing", "{provider}: sicher mehr als {share} vermisst";
    evidence_counted: "{n} of {all} mails in two weeks: {rate} (range {range})", "{n} von {all} Mails in zwei Wochen: {rate} (Bereich {range})";
    evidence_low: "low: {names}", "zu niedrig: {names}";
    evidence_well: "well: {names}", "gut: {names}";
    doubt_one_run: "this rests on one run alone; make another a week later before acting; {doubt}", "das beruht auf einem einzigen Lauf; machen Sie eine Woche später einen weiteren, bevor Sie handeln; {doubt}";
    doubt_everywhere: "a fault of DNS or of the message shows the same way", "ein Fehler im DNS oder in der Nachricht zeigt sich genauso";
    doubt_one_provider: "seeds do not open or answer; readers there may see better", "Testpostfächer öffnen und antworten nicht; echte Leser dort sehen es vielleicht besser";
    doubt_unsettled: "not settled: {providers}", "nicht geklärt: {providers}";
    doubt_far_apart: "one provider’s opinion of the sender looks the same; a control stream tells them apart", "die Meinung eines Anbieters über den Absender sieht genauso aus; ein Kontroll-Stream unterscheidet beides";
    doubt_lost: "it may be held back and come later; inboxed sweep looks again", "sie wird vielleicht zurückgehalten und kommt später; inboxed sweep sieht noch einmal nach";
    doubt_yahoo_trails: "Yahoo may stay as it is", "Yahoo bleibt vielleicht, wie es ist";
    doubt_shared: "these streams may also differ in their message and their readers", "diese Streams unterscheiden sich vielleicht auch in Nachricht und Lesern";
    doubt_control_arrives: "the control must leave by the same identity, configuration set and region to prove it", "als Beweis taugt die Kontrolle nur mit gleicher Identität, gleichem Configuration Set und gleicher Region";
    doubt_control_fails: "a control message with a link of the same domain is none", "eine Kontrollnachricht mit einem Link derselben Domain ist keine";
    doubt_returned: "SES counts all mail of the account there, not these streams alone", "SES zählt alle Mail des Kontos dort, nicht nur diese Streams";
    doubt_too_little: "nothing is concluded from fewer than five measured probes at a provider", "aus weniger als fünf gemessenen Proben bei einem Anbieter wird nichts geschlossen";
    next_everywhere: "run inboxed dns check, then pause cold mail for 72 hours and follow inboxed recover", "rufen Sie inboxed dns check auf, setzen Sie Kaltakquise 72 Stunden aus und folgen Sie inboxed recover";
    next_one_provider: "before anything technical look at complaints, at readers who do not open, and at jumps in volume there", "sehen Sie vor allem Technischen nach Beschwerden, nach Lesern, die nicht öffnen, und nach Sprüngen im Volumen dort";
    next_far_apart: "send the same mail as plain text without links from a stream with control = true, and compare", "senden Sie dieselbe Mail als reinen Text ohne Links aus einem Stream mit control = true und vergleichen Sie";
    next_lost: "look at bounces and the suppression list in SES, and at blocklists that name the sending address", "sehen Sie in SES nach Bounces und der Sperrliste, und nach Blocklisten, die die sendende Adresse nennen";
    next_yahoo_trails: "look at Yahoo again in the next run before calling it well", "sehen Sie im nächsten Lauf noch einmal nach Yahoo, bevor Sie es gut nennen";
    next_shared: "run inboxed dns check for that identity: DKIM, MAIL FROM and, with dedicated addresses, their names", "rufen Sie inboxed dns check für diese Identität auf: DKIM, MAIL FROM und bei eigenen Adressen deren Namen";
    next_control_arrives: "take out links, tracking and images one by one, and make a run after each", "nehmen Sie Links, Tracking und Bilder einzeln heraus und machen Sie nach jedem Schritt einen Lauf";
    next_control_fails: "leave the text alone; check DNS, then follow inboxed recover", "lassen Sie den Text, wie er ist; prüfen Sie DNS und folgen Sie dann inboxed recover";
    next_bounces: "check where addresses come from, verify imports, and pause bulk mail", "prüfen Sie, woher die Adressen kommen, verifizieren Sie Importe und setzen Sie Massenmails aus";
    next_complaints: "pause, write less often and to fewer, check alignment, and make leaving easy to see", "setzen Sie aus, schreiben Sie seltener und an weniger Leser, prüfen Sie die Übereinstimmung mit From und machen Sie das Abmelden leicht sichtbar";
    next_rising: "stop sending at once, and find out what was sent to whom in these days", "stoppen Sie das Senden sofort und klären Sie, was in diesen Tagen an wen ging";
    next_too_little: "run inboxed check, mend the seeds that cannot be read, and make another run", "rufen Sie inboxed check auf, bringen Sie die unlesbaren Testpostfächer in Ordnung und machen Sie einen weiteren Lauf";

    sending_rates: "SES in {region}, two weeks: bounces {bounced} of {all} ({bounces}), complaints {complained} of {all} ({complaints})", "SES in {region}, zwei Wochen: Bounces {bounced} von {all} ({bounces}), Beschwerden {complained} von {all} ({complaints})";
    sending_none: "SES in {region} counted no mail in two weeks", "SES in {region} hat in zwei Wochen keine Mail gezählt";
    sending_unknown: "SES in {region}: bounces and complaints are not known: {why}", "SES in {region}: Bounces und Beschwerden sind nicht bekannt: {why}";
    sending_stale: "{rates}; when asked last it did not answer: {why}", "{rates}; zuletzt gefragt, antwortete es nicht: {why}";

    // Columns.
    col_provider: "Provider", "Anbieter";
    col_run: "Run", "Lauf";
    col_date: "Date", "Datum";
    col_rate: "Inbox rate", "Posteingangsquote";
    col_range: "{confidence} range", "{confidence}-Bereich";
    col_seed: "Seed", "Testpostfach";
    col_placement: "Placement", "Zustellort";
    col_folder: "Folder", "Ordner";
    col_arrival: "Arrived after", "Angekommen nach";
    col_auth: "SPF, DKIM, DMARC", "SPF, DKIM, DMARC";
    col_evidence: "Evidence", "Beleg";
    col_part: "Part", "Teil";
    col_name: "Name", "Name";
    col_published: "Published", "Veröffentlicht";
    col_what: "What changed", "Was sich geändert hat";
    col_when: "When", "Wann";
    col_measure: "Measure", "Messgröße";
    col_healthy: "Healthy", "In Ordnung";
    col_warning: "Warning", "Warnung";
    col_critical: "Critical", "Kritisch";
    col_action: "What to do", "Was zu tun ist";

    // Thresholds.
    measure_inbox: "Inbox rate of a provider", "Posteingangsquote eines Anbieters";
    measure_spam: "Share of spam at {providers}", "Spam-Anteil bei {providers}";
    at_least: "{limit} or more", "{limit} oder mehr";
    at_most: "{limit} or less", "{limit} oder weniger";
    between_down: "below {high}, down to {low}", "unter {high} bis {low}";
    between_up: "above {low}, up to {high}", "über {low} bis {high}";
    less_than: "below {limit}", "unter {limit}";
    more_than: "above {limit}", "über {limit}";
    inbox_action: "Warning: placement test, less volume. Critical: pause cold mail for 72 hours or more, then build up again slowly.", "Warnung: Zustellung testen, weniger senden. Kritisch: Kaltakquise mindestens 72 Stunden aussetzen, dann langsam wieder aufbauen.";
    spam_action: "Recheck SPF, DKIM, DMARC and the match with From. Critical: pause bulk mail as well.", "SPF, DKIM, DMARC und die Übereinstimmung mit From prüfen. Kritisch: zusätzlich Massenmails aussetzen.";
    thresholds_note: "A threshold counts as crossed only when the whole range lies beyond it, from {n} measured probes on.", "Eine Grenze gilt erst als überschritten, wenn der ganze Bereich jenseits von ihr liegt, ab {n} gemessenen Proben.";

    // DNS.
    dns_state: "{domain}: records of {date}", "{domain}: Einträge vom {date}";
    dns_never: "No DNS snapshot is stored for {domain}.", "Für {domain} ist kein DNS-Stand gespeichert.";
    dns_no_domain: "No domain is known for this stream.", "Für diesen Stream ist keine Domain bekannt.";
    dns_changes: "{domain}: changes", "{domain}: Änderungen";
    dns_nothing: "nothing", "nichts";
    dns_unanswered: "unanswered", "unbeantwortet";
    dns_added: "added {after}", "neu: {after}";
    dns_removed: "removed {before}", "entfernt: {before}";
    dns_replaced: "was {before}, is {after}", "war {before}, ist {after}";
    place_spf_from: "SPF of the From domain", "SPF der From-Domain";
    place_spf_mail_from: "SPF of the MAIL FROM domain", "SPF der MAIL-FROM-Domain";
    place_mail_from_mx: "MX of the MAIL FROM domain", "MX der MAIL-FROM-Domain";

    // What the words mean.
    def_inbox: "In the inbox, whatever tab but Promotions.", "Im Posteingang, gleich in welchem Tab außer Werbung.";
    def_promotions: "In Gmail’s Promotions tab.", "In Gmails Tab „Werbung“.";
    def_spam: "In the spam folder.", "Im Spam-Ordner.";
    def_elsewhere: "In some other folder: a filter’s, the archive, the trash.", "In einem anderen Ordner: dem eines Filters, im Archiv, im Papierkorb.";
    def_missing: "SES accepted it, its time was up, and a complete look afterwards found it in no folder.", "SES nahm sie an, ihre Zeit war um, und ein vollständiger Blick danach fand sie in keinem Ordner.";
    def_not_measured: "Not sent, or some folder could not be read. It enters no rate and is never 0 %.", "Nicht gesendet, oder ein Ordner war nicht lesbar. Sie geht in keine Quote ein und ist nie 0 %.";
    def_rate: "The share of measured probes that reached the inbox.", "Der Anteil der gemessenen Proben, die den Posteingang erreichten.";
    def_range: "Where the rate may really lie: with {confidence} confidence, after Wilson. Few seeds make it wide.", "Wo die Quote wirklich liegen kann: mit {confidence} Sicherheit, nach Wilson. Wenige Testpostfächer machen ihn breit.";
    term_range: "Range", "Bereich";
    term_verdict: "Improved, worse", "Verbessert, verschlechtert";
    def_verdict: "The change exceeds both what single seeds and what whole weeks do by themselves. Anything less is said to be possible or unclear.", "Die Änderung übersteigt, was einzelne Testpostfächer und was ganze Wochen von selbst tun. Alles darunter heißt vielleicht oder unklar.";
    term_stamp: "Stamp", "Vermerk";
    def_stamp: "What the receiver’s filter wrote into the header about its verdict. Nothing that a sender could have written counts.", "Was der Filter des Empfängers in den Kopf der Mail über sein Urteil schrieb. Was ein Absender geschrieben haben könnte, zählt nicht.";
    term_seed: "Seed", "Testpostfach";
    def_seed: "A mailbox of yours at a provider. Seeds do not open, answer or complain: they show change well and absolute rates roughly.", "Ein eigenes Postfach bei einem Anbieter. Testpostfächer öffnen, antworten und beschweren sich nicht: Sie zeigen Änderungen gut und absolute Quoten grob.";
    moved: "moved later", "später verschoben";
    late_copy: "came late, to {folder}", "kam später, in {folder}";
    tab_of: "{tab} tab", "Tab „{tab}“";
    tab_unknown: "tab unknown", "Tab unbekannt";
    tab_primary: "Primary", "Allgemein";
    tab_social: "Social", "Soziale Netzwerke";
    tab_updates: "Updates", "Benachrichtigungen";
    tab_forums: "Forums", "Foren";

    // What the header of a copy says.
    not_aligned: "nothing that passed belongs to the domain in From", "nichts, was bestand, gehört zur Domain im From";
    taken_from: "from {address}", "von {address}";
    encrypted: "encrypted", "verschlüsselt";
    unencrypted: "not encrypted", "unverschlüsselt";
    hop_claimed: "claimed by the sender’s side", "von der Absenderseite behauptet";
    hop_after: "after {span}", "nach {span}";
    fold_more: "and {n} more: inboxed show {run} {seed}", "und {n} weitere: inboxed show {run} {seed}";
}
