//! Streams side by side: which of the streams that share their seeds declined. It is asked before the same question of
//! providers, because a decline of one stream alone points to its own set-up in DNS or at SES.
//!
//! Each stream's shift is that of all its seeds. Streams share seeds and weeks, so one stream is told from the rest by a
//! paired contrast: the shift of its answers less the mean answer of the others, in the same seed and run. The table of
//! streams and providers is a screen: it ranks (Benjamini & Hochberg 1995) and finds nothing.

use std::collections::BTreeMap;

use super::compare::{Judgement, Verdict, judge};
use super::family::{benjamini_hochberg, holm_where_asked};
use super::health::ENOUGH;
use super::interval::count;
use super::overall::Contrast;
use super::sample::Sample;
use super::scope::{Declined, Scope, scope};
use super::shift::{Answers, Shift, Side};
use super::stream::StreamName;

/// What the runs of a comparison hold of one stream.
#[derive(Debug, Clone)]
pub(crate) struct StreamSample {
    /// The stream.
    pub(crate) stream: StreamName,
    /// Its providers.
    pub(crate) samples: Vec<Sample>,
}

/// One stream among the others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StreamShift {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The shift over all its seeds.
    pub(crate) shift: Shift,
    /// The verdict on it, corrected for the number of streams.
    pub(crate) judgement: Judgement,
    /// Whether it moved differently from the other streams; nothing where it could not be judged.
    pub(crate) contrast: Contrast,
}

/// One stream at one provider, as the screen ranks it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranked {
    /// The stream.
    pub(crate) stream: StreamName,
    /// The provider.
    pub(crate) provider: String,
    /// Its shift.
    pub(crate) shift: Shift,
    /// p of that shift.
    pub(crate) p: f64,
    /// The share of false findings among this and everything above it, if all of them were taken for findings.
    pub(crate) q: f64,
}

/// Streams side by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Streams {
    /// The streams, in the order given.
    pub(crate) rows: Vec<StreamShift>,
    /// The verdict on the mean of those that could be judged.
    pub(crate) overall: Judgement,
    /// Which of them declined.
    pub(crate) scope: Scope,
    /// Every stream at every provider with five paired seeds and a p value, the most surprising first.
    pub(crate) screen: Vec<Ranked>,
}

/// What each seed answered, by provider and address; the values go by run.
type Table<'a> = BTreeMap<(&'a str, &'a str), &'a [Option<f64>]>;

impl Streams {
    /// Puts streams side by side; `None` where there are fewer than two. `sides` says of each run where it lies.
    pub(crate) fn of(streams: &[StreamSample], sides: &[Side], confidence: f64) -> Option<Self> {
        if streams.len() < 2 {
            return None;
        }
        let alpha = 1.0 - confidence;
        let tables: Vec<Table<'_>> = streams.iter().map(|one| table(&one.samples)).collect();
        let of = |answers: &Answers| Shift::of(answers, sides, confidence);
        let shifts: Vec<Shift> = tables.iter().map(|table| of(&answers(table))).collect();
        let asked: Vec<Option<f64>> = shifts.iter().map(|shift| shift.p.filter(|_| shift.paired >= ENOUGH)).collect();
        let verdict = |shift: &Shift, p| judge(shift.paired, shift.diff, shift.p_seed, p, shift.interval, alpha);
        let judgements: Vec<Judgement> =
            shifts.iter().zip(holm_where_asked(&asked)).map(|(shift, p)| verdict(shift, p)).collect();
        let settled: Vec<usize> = (0..streams.len()).filter(|at| asked.get(*at).is_some_and(Option::is_some)).collect();
        let compared: Vec<&Table<'_>> = settled.iter().filter_map(|at| tables.get(*at)).collect();
        let mean = of(&means(&compared));
        let overall = verdict(&mean, mean.p);
        let contrasts: Vec<Contrast> = match compared.len() {
            0 | 1 => vec![Contrast::default(); compared.len()],
            several => (0..several).map(|own| contrast(&of(&apart(&compared, own)))).collect(),
        };
        let declined: Vec<Declined<'_>> = shifts
            .iter()
            .zip(&judgements)
            .zip(&asked)
            .filter(|(_, asked)| asked.is_some())
            .map(|((shift, judgement), _)| Declined { shift, is_worse: judgement.verdict == Verdict::Worse })
            .collect();
        let scope = scope(&declined, overall.verdict == Verdict::Worse, alpha, || contrasts.clone());
        let mut by_place: BTreeMap<usize, Contrast> = settled.into_iter().zip(contrasts).collect();
        let rows = streams.iter().zip(shifts).zip(judgements).enumerate();
        let rows = rows.map(|(at, ((one, shift), judgement))| StreamShift {
            stream: one.stream.clone(),
            shift,
            judgement,
            contrast: by_place.remove(&at).unwrap_or_default(),
        });
        Some(Self { rows: rows.collect(), overall, scope, screen: screen(streams, sides, confidence) })
    }
}

fn table(samples: &[Sample]) -> Table<'_> {
    let rows = samples.iter().flat_map(|sample| {
        let seeds = sample.seeds.iter().zip(&sample.answers.seeds);
        seeds.map(|(seed, values)| ((sample.provider.as_str(), seed.as_str()), values.as_slice()))
    });
    rows.collect()
}

fn answers(table: &Table<'_>) -> Answers {
    Answers { seeds: table.values().map(|values| values.to_vec()).collect() }
}

/// The answers of one seed in one run, one of each stream; `None` where some stream has none: a mean over others that
/// come and go would move by itself.
fn together(tables: &[&Table<'_>], seed: &(&str, &str), run: usize) -> Option<Vec<f64>> {
    tables.iter().map(|table| table.get(seed).and_then(|values| values.get(run).copied().flatten())).collect()
}

/// For each seed and run what `of` makes of the answers of all streams.
fn combined(tables: &[&Table<'_>], of: impl Fn(&[f64]) -> f64) -> Answers {
    let Some(first) = tables.first() else { return Answers::default() };
    let row = |(seed, values): (&(&str, &str), &&[Option<f64>])| {
        (0..values.len()).map(|run| together(tables, seed, run).map(|all| of(&all))).collect::<Vec<_>>()
    };
    Answers { seeds: first.iter().map(row).collect() }
}

fn means(tables: &[&Table<'_>]) -> Answers {
    combined(tables, |all| all.iter().sum::<f64>() / count(all.len()))
}

/// One stream's answers less the mean of the others'.
fn apart(tables: &[&Table<'_>], own: usize) -> Answers {
    combined(tables, |all| {
        let mine = all.get(own).copied().unwrap_or_default();
        mine - (all.iter().sum::<f64>() - mine) / (count(all.len()) - 1.0)
    })
}

fn contrast(shift: &Shift) -> Contrast {
    Contrast { diff: shift.diff, p_seed: shift.p_seed, p_run: shift.p_run, p: shift.p }
}

fn screen(streams: &[StreamSample], sides: &[Side], confidence: f64) -> Vec<Ranked> {
    let mut ranked = Vec::new();
    for one in streams {
        for sample in &one.samples {
            let shift = Shift::of(&sample.answers, sides, confidence);
            if let Some(p) = shift.p.filter(|_| shift.paired >= ENOUGH) {
                let (stream, provider) = (one.stream.clone(), sample.provider.clone());
                ranked.push(Ranked { stream, provider, shift, p, q: p });
            }
        }
    }
    let q = benjamini_hochberg(&ranked.iter().map(|one| one.p).collect::<Vec<_>>());
    for (one, q) in ranked.iter_mut().zip(q) {
        one.q = q;
    }
    ranked.sort_by(|a, b| a.q.total_cmp(&b.q).then(a.p.total_cmp(&b.p)));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::{Placement, Rules};
    use crate::domain::run::RunId;
    use crate::domain::sample::{Probed, samples};

    /// Runs on each side.
    const HALF: i64 = 4;

    fn sides() -> Vec<(RunId, Side)> {
        (1..=2 * HALF).map(|run| (RunId(run), if run <= HALF { Side::Before } else { Side::After })).collect()
    }

    /// A stream of two providers with ten seeds each, of which the first `fallen` lie in spam after the change.
    fn stream(name: &str, fallen: usize, is_measured: &dyn Fn(i64, usize) -> bool) -> StreamSample {
        let names: Vec<String> = (0..10).map(|seed| format!("s{seed}@x.example")).collect();
        let mut probes = Vec::new();
        for run in 1..=2 * HALF {
            for provider in ["gmail", "yahoo"] {
                for (at, seed) in names.iter().enumerate().filter(|(at, _)| is_measured(run, *at)) {
                    let fell = run > HALF && at < fallen;
                    let placement = Some(if fell { Placement::Spam } else { Placement::Inbox });
                    probes.push(Probed { run: RunId(run), seed, provider, placement });
                }
            }
        }
        let samples = samples(probes, &sides(), Rules { promotions_as_inbox: false }, 0.95, &|_| 0);
        StreamSample { stream: StreamName::new(name).unwrap(), samples }
    }

    fn side_by_side(streams: &[StreamSample]) -> Streams {
        let sides: Vec<Side> = sides().into_iter().map(|(_, side)| side).collect();
        Streams::of(streams, &sides, 0.95).unwrap()
    }

    #[test]
    fn the_stream_that_declined_is_named_and_what_all_share_is_not_laid_on_one() {
        let always = |_: i64, _: usize| true;
        let told = |fallen: &[(&str, usize)]| {
            let streams: Vec<StreamSample> =
                fallen.iter().map(|(name, fallen)| stream(name, *fallen, &always)).collect();
            side_by_side(&streams)
        };
        assert_eq!(told(&[("news", 0), ("bills", 0)]).scope, Scope::None);
        assert_eq!(told(&[("news", 10), ("bills", 10)]).scope, Scope::Systemic);
        let one = told(&[("news", 10), ("bills", 0), ("offers", 0)]);
        assert_eq!(one.scope, Scope::Single);
        let words: Vec<&str> = one.rows.iter().map(|one| one.judgement.verdict.word()).collect();
        assert_eq!(words, ["worse", "no_clear_change", "no_clear_change"]);
        assert_eq!((one.rows[0].shift.paired, one.rows[0].shift.diff), (20, Some(-1.0)));
        assert_eq!(one.rows[0].contrast.diff, Some(-1.0));
        assert_eq!(one.rows[1].contrast.diff, Some(0.5), "less the mean of -1 and 0");
        assert!(one.screen[0].stream.as_str() == "news" && one.screen[0].q <= one.screen[5].q, "{:?}", one.screen);
        assert_eq!(one.screen.len(), 6);
        let pairs: Vec<(f64, f64)> = one.screen.iter().map(|one| (one.p, one.q)).collect();
        assert!(pairs.iter().all(|(p, q)| p <= q), "{pairs:?}");
    }

    #[test]
    fn a_stream_that_stands_apart_in_the_same_seeds_is_told_though_the_others_are_not_cleared() {
        let always = |_: i64, _: usize| true;
        // The second lost four seeds of twenty at each week's end: not cleared of half of what the first lost.
        let streams = [stream("news", 8, &always), stream("bills", 3, &always)];
        let told = side_by_side(&streams);
        assert_eq!(told.rows[0].judgement.verdict, Verdict::Worse);
        assert_eq!(told.rows[0].contrast.diff, Some(-0.5), "five seeds of ten more, in the same weeks");
        assert!(told.rows[0].contrast.p.unwrap() < 0.05);
    }

    #[test]
    fn where_one_stream_was_not_measured_the_pair_says_nothing() {
        let streams = [
            stream("news", 10, &|_, _| true),
            // Other runs only: its answers never meet those of the first.
            stream("bills", 0, &|run, _| run <= HALF),
        ];
        let told = side_by_side(&streams);
        assert_eq!((told.scope, told.rows[1].judgement.verdict), (Scope::Undetermined, Verdict::TooFew));
        assert_eq!((told.rows[0].contrast, told.rows[0].judgement.verdict), (Contrast::default(), Verdict::Worse));
        assert_eq!(Streams::of(&streams[..1], &[], 0.95), None);
        let gaps =
            [stream("news", 10, &|run, at| run != 2 || at > 3), stream("bills", 0, &|run, at| run != 6 || at > 3)];
        let told = side_by_side(&gaps);
        assert_eq!(told.rows[0].contrast.diff, Some(-1.0), "a gap of one is a gap of the pair, and moves nothing");
    }
}
