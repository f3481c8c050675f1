use std::collections::BTreeSet;

use super::*;
use crate::domain::finding::Rules;
use crate::domain::health::Thresholds;
use crate::render::figure::Mark;
use crate::render::figure::latency::LatencyFigure;
use crate::render::figure::seeds::{Cell, SeedGrid, SeedRow};
use crate::render::figure::trend::{Bar, Trend, TrendRow};
use crate::render::figure::{Settings, TrendChange};
use crate::render::font::Fonts;
use crate::render::page::samples::probed;
use crate::render::png::png;
use crate::render::report::{RunReport, ShownProvider};
use crate::render::samples::{THRESHOLDS, at, bad_day, provider, three};
use crate::render::scene::Shape;
use crate::render::svg::svg;
use crate::render::theme::Theme;

const FORMS: [Form; 3] = [Form::Poster, Form::Wide, Form::Narrow];

fn settings(providers: &[ShownProvider]) -> Settings<'_> {
    let rules = Rules { promotions_as_inbox: false };
    Settings { providers, stream: None, rules, thresholds: THRESHOLDS, confidence: 0.95, language: Language::English }
}

/// As many runs of the same bad day, a change before each.
fn history(runs: i64, words: &str) -> (Vec<TrendRow>, Vec<RunReport>, Vec<TrendChange>) {
    let (mut rows, mut reports, mut changes) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..runs {
        let mut report = bad_day();
        report.run.id.0 = run;
        report.run.started_at = at(run * 7 * 86_400_000);
        rows.extend(TrendRow::of(&report, &report.run.streams[0]));
        changes.push(TrendChange { at: at(run * 7 * 86_400_000 - 1), words: words.to_owned() });
        reports.push(report);
    }
    (rows, reports, changes)
}

fn seed_rows(reports: &[RunReport]) -> Vec<SeedRow<'_>> {
    reports.iter().flat_map(|report| probed(report).map(|probed| SeedRow::of(&report.run, probed))).collect()
}

/// Every chart of a history in every form.
fn scenes(runs: i64, words: &str, providers: &[ShownProvider]) -> Vec<Scene> {
    let fonts = Fonts::new().unwrap();
    let (rows, reports, changes) = history(runs, words);
    let settings = settings(providers);
    let trend = Trend::new(&rows, &changes, &settings);
    let low = settings.thresholds.inbox_crit;
    let high = Thresholds { inbox_warn: if runs % 2 == 0 { 0.97 } else { low }, ..settings.thresholds };
    let high = Trend::new(&rows, &changes, &Settings { thresholds: high, language: Language::German, ..settings });
    let latency = LatencyFigure::new(&rows, &changes, &settings);
    let grid = SeedGrid::new(&seed_rows(&reports), &settings);
    let of = |form| {
        [
            trend::trend_scene(&trend, form, Language::English, &fonts),
            trend::trend_scene(&high, form, Language::German, &fonts),
            latency::latency_scene(&latency, form, Language::English, &fonts),
            seeds::seeds_scene(&grid, form, Language::German, &fonts),
        ]
    };
    FORMS.into_iter().flat_map(of).collect()
}

/// Every line of words with its left and right edge and its middle.
fn words_of(shapes: &[Shape], fonts: &Fonts) -> Vec<(String, f64, f64, f64, f64)> {
    let mut all = Vec::new();
    for shape in shapes {
        match shape {
            Shape::Words { words, at, anchor, set } => {
                let width = fonts.width(words, set.size, set.weight);
                let left = match anchor {
                    Anchor::Start => at.0,
                    Anchor::Middle => at.0 - width / 2.0,
                    Anchor::End => at.0 - width,
                };
                all.push((words.clone(), left, left + width, at.1, set.size));
            }
            Shape::Group { shapes, .. } => all.extend(words_of(shapes, fonts)),
            Shape::Box { .. }
            | Shape::Disc { .. }
            | Shape::Line { .. }
            | Shape::Dashes { .. }
            | Shape::Hatch { .. } => {}
        }
    }
    all
}

#[test]
fn all_words_stay_on_the_paper_and_touch_no_others_whatever_the_count_of_runs_and_the_length_of_names() {
    let fonts = Fonts::new().unwrap();
    let long = "重要 ".repeat(3_000);
    let long_names = [
        provider("gmail", &"Gmail der Universitätsverwaltungsgesellschaft ".repeat(9), false),
        provider("outlook", &"W".repeat(10_000), true),
        provider("yahoo", "ياهو \u{202e}oohaY 😀 \0", false),
    ];
    for (runs, words, providers) in [
        (0, "", &three()[..]),
        (1, "x", &three()),
        (2, &long, &long_names),
        (12, "SPF: 1 record changed", &three()),
        (200, &long, &long_names),
    ] {
        for scene in scenes(runs, words, providers) {
            let all = words_of(&scene.shapes, &fonts);
            for (at, (words, left, right, middle, size)) in all.iter().enumerate() {
                let inside = *left >= 0.0 && *right <= scene.width && *middle >= size / 2.0 && *middle <= scene.height;
                assert!(inside, "{runs} runs, {}: {words:?} at {left}…{right}, {middle}", scene.title);
                assert!(*size >= 10.0, "{words:?} is too small");
                for (other, from, to, level, height) in &all[at + 1..] {
                    let apart = right <= from || to <= left || (middle - level).abs() >= size.min(*height) * 0.9;
                    assert!(apart, "{runs} runs, {}, {} wide: {words:?} and {other:?}", scene.title, scene.width);
                }
            }
        }
    }
}

#[test]
fn a_bar_is_as_high_as_its_share_and_a_gap_draws_nothing_solid() {
    let fonts = Fonts::new().unwrap();
    let (rows, ..) = history(1, "");
    let figure = Trend::new(&rows, &[], &settings(&three()));
    let Bar::Measured { rate, .. } = figure.panels[0].bars[0] else { panic!("measured") };
    let scene = trend::trend_scene(&figure, Form::Poster, Language::English, &fonts);
    let heights = |shapes: &[Shape], paint: Paint| -> Vec<f64> {
        let bars =
            shapes.iter().filter_map(|shape| if let Shape::Group { shapes, .. } = shape { Some(shapes) } else { None });
        let filled = |shape: &Shape| {
            let Shape::Box { area, ink, .. } = shape else { return None };
            (ink.paint == paint).then_some(area.bottom - area.top)
        };
        bars.flatten().filter_map(filled).collect()
    };
    let inbox = heights(&scene.shapes, Paint::Placed(Placement::Inbox));
    assert!((inbox[0] / 104.0 - rate).abs() < 1e-9, "{} for {rate}", inbox[0]);

    let mut gap = figure;
    for panel in &mut gap.panels {
        panel.bars = vec![Bar::Unmeasured];
    }
    let scene = trend::trend_scene(&gap, Form::Poster, Language::English, &fonts);
    for placement in Placement::ALL {
        assert!(heights(&scene.shapes, Paint::Placed(placement)).is_empty());
    }
    let hatched =
        |shape: &Shape| matches!(shape, Shape::Group { shapes, .. } if matches!(shapes[0], Shape::Hatch { .. }));
    assert_eq!(scene.shapes.iter().filter(|shape| hatched(shape)).count(), 3);
}

#[test]
fn a_grid_keeps_the_worst_seeds_and_never_paints_what_was_not_measured() {
    let (_, reports, _) = history(2, "");
    let mut seeds = seed_rows(&reports);
    let one = seeds[0];
    let more: Vec<String> = (0..100).map(|number| format!("more{number:02}@gmail.com")).collect();
    for (number, seed) in more.iter().enumerate() {
        let cell = if number == 77 { Cell::Placed(Placement::Spam) } else { Cell::Placed(Placement::Inbox) };
        seeds.push(SeedRow { seed, cell, ..one });
    }
    let grid = SeedGrid::new(&seeds, &settings(&three()));
    let lines: Vec<_> = grid.blocks.iter().flat_map(|block| &block.seeds).collect();
    assert_eq!(lines.len(), crate::render::figure::seeds::MOST_SEEDS);
    assert!(grid.subtitle.contains("60 seeds with most trouble of 128"), "{}", grid.subtitle);
    let bad = lines.iter().find(|line| line.address == "more77@gmail.com").unwrap();
    assert_eq!((bad.cells.as_slice(), bad.good), (&[Cell::Placed(Placement::Spam), Cell::Absent][..], (0, 1)));
    let outlook = &grid.blocks.iter().find(|block| block.title == "Outlook").unwrap().seeds;
    let unread = outlook.iter().find(|line| line.cells.contains(&Cell::Unmeasured)).unwrap();
    assert_eq!(unread.good, (0, 0), "what could not be looked at is not counted");
}

/// Width, height and pixels of a PNG.
fn decoded(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((frame.color_type, frame.bit_depth), (::png::ColorType::Rgb, ::png::BitDepth::Eight));
    (frame.width, frame.height, pixels)
}

#[test]
fn a_chart_is_a_png_of_its_size_with_its_colours_and_the_same_bytes_each_time() {
    let fonts = Fonts::new().unwrap();
    let scene = &scenes(3, "DKIM key changed", &three())[0];
    for theme in Theme::ALL {
        let bytes = png(scene, theme, &fonts).unwrap();
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
        let (width, height, pixels) = decoded(&bytes);
        assert_eq!((f64::from(width), f64::from(height)), (1920.0, scene.height * 2.0));
        let colours: BTreeSet<&[u8]> = pixels.chunks_exact(3).collect();
        let painted = Placement::ALL.map(Paint::Placed).into_iter().chain([Paint::Paper, Paint::Text]);
        for paint in painted {
            assert!(colours.contains(&paint.rgb(theme).to_be_bytes()[1..]), "{paint:?} is nowhere on the chart");
        }
        assert_eq!(png(scene, theme, &fonts).unwrap(), bytes);
    }
}

#[test]
fn simulated_runs_are_marked_in_the_picture_and_in_the_file() {
    let fonts = Fonts::new().unwrap();
    let (rows, ..) = history(1, "");
    let real = Trend::new(&rows, &[], &settings(&three()));
    let simulated = Trend { simulated: true, ..real.clone() };
    let [real, simulated] = [real, simulated].map(|figure| {
        let scene = trend::trend_scene(&figure, Form::Poster, Language::English, &fonts);
        png(&scene, Theme::Light, &fonts).unwrap()
    });
    let says = |bytes: &[u8]| bytes.windows(9).any(|window| window == b"SIMULATED");
    assert!(says(&simulated) && !says(&real));
    assert_ne!(decoded(&simulated).2, decoded(&real).2);
}

#[test]
fn a_chart_is_svg_without_a_script_a_style_or_an_address() {
    let fonts = Fonts::new().unwrap();
    for scene in scenes(4, "</svg><script>alert(1)</script>\" onload=\"x", &three()) {
        let text = svg(&scene, "a", "wide", &fonts);
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>"));
        for never in ["<script", "style=", "http", "onload=\"", "NaN", "inf"] {
            assert!(!text.contains(never), "{never} in {}", scene.title);
        }
    }
}

#[test]
fn dates_that_have_no_room_are_left_out_evenly_but_never_the_last() {
    let fonts = Fonts::new().unwrap();
    for language in [Language::English, Language::German] {
        for (runs, form) in [2, 5, 7, 12, 13, 26, 60, 200].into_iter().flat_map(|runs| FORMS.map(|form| (runs, form))) {
            let (rows, ..) = history(runs, "");
            let providers = three();
            let figure = Trend::new(&rows, &[], &Settings { language, ..settings(&providers) });
            let (frame, sheet) = (Frame::new(form), Sheet::new(&fonts));
            let all: Vec<f64> = (figure.dates.iter())
                .map(|date| frame.slot(date.slot, figure.slots.len()) + frame.pitch(figure.slots.len()) / 2.0)
                .collect();
            let shown = spread(&sheet, &frame, &figure.dates, figure.slots.len());
            let (last, date) = (shown.last().unwrap(), figure.dates.last().unwrap());
            assert!([&date.words, &date.short].contains(&&last.words.to_owned()), "{runs} {form:?}");
            assert!((last.middle - all[all.len() - 1]).abs() < last.half, "{runs} {form:?}");
            let gaps: Vec<f64> = shown.windows(2).map(|pair| pair[1].left() - pair[0].right()).collect();
            assert!(gaps.iter().all(|gap| *gap >= 10.0), "{runs} {form:?}: {gaps:?}");
            // Each leaves out as many as the others do.
            let slot_of =
                |words: &str| figure.dates.iter().find(|date| date.words == words || date.short == words).unwrap().slot;
            let slots: Vec<usize> = shown.iter().map(|date| slot_of(date.words)).collect();
            let steps: BTreeSet<usize> = slots.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(steps.len() <= 1, "{runs} {form:?}: {slots:?}");
        }
    }
}

#[test]
fn twelve_weeks_in_german_all_bear_a_date_wherever_there_is_room_and_the_grids_heading_stands_beside_the_last() {
    let fonts = Fonts::new().unwrap();
    let (rows, reports, _) = history(12, "");
    let providers = three();
    let settings = Settings { language: Language::German, ..settings(&providers) };
    let trend = Trend::new(&rows, &[], &settings);
    let latency = LatencyFigure::new(&rows, &[], &settings);
    let grid = SeedGrid::new(&seed_rows(&reports), &settings);
    assert_eq!((trend.dates[0].words.as_str(), trend.dates[0].short.as_str()), ("24. Nov. 2026", "24.11."));
    for form in [Form::Poster, Form::Wide] {
        for scene in [
            trend::trend_scene(&trend, form, Language::German, &fonts),
            latency::latency_scene(&latency, form, Language::German, &fonts),
            seeds::seeds_scene(&grid, form, Language::German, &fonts),
        ] {
            let all = words_of(&scene.shapes, &fonts);
            let shown = |date: &AxisDate| all.iter().any(|(words, ..)| *words == date.short);
            assert!(trend.dates.iter().all(shown), "{form:?}, {}", scene.title);
            // The legend names the inbox before the heading does.
            let level = |wanted: &str| all.iter().rfind(|(words, ..)| words == wanted).map(|(.., y, _)| *y);
            if scene.title == grid.title {
                assert_eq!(level(Language::German.words().grid_rate), level(&grid.dates[11].short), "{form:?}");
            }
        }
    }
}

#[test]
fn the_words_of_a_change_are_whole_on_every_form() {
    let fonts = Fonts::new().unwrap();
    let change =
        "DNS: SPF der MAIL-FROM-Domain, MX der MAIL-FROM-Domain, DKIM, DMARC, Rückwärtsname der Absenderadresse";
    for (at, form) in (0..=12).flat_map(|at| FORMS.map(|form| (at, form))) {
        let marks = [Mark { before: at, words: change.to_owned() }];
        let flags = flags::placed(&fonts, &Frame::new(form), &marks, 12);
        assert_eq!(flags[0].lines.join(" "), change, "{form:?} at {at}");
    }
}

#[test]
fn before_and_after_says_every_verdict_whole_beside_both_scales() {
    use crate::domain::compare::Verdict;
    use crate::render::page::samples::{of, week};
    let fonts = Fonts::new().unwrap();
    for language in [Language::English, Language::German] {
        let reports: Vec<_> = (1..=6).map(week).collect();
        let mut pair = of(&reports, "shop.example", "v=spf1 -all", language).figures.before_after.unwrap();
        let words = language.words();
        let verdicts = [
            (Verdict::MaybeWorse, words.verdict_maybe_worse),
            (Verdict::MaybeBetter, words.verdict_maybe_better),
            (Verdict::NoClearChange, words.verdict_no_change),
            (Verdict::Better, words.verdict_better),
        ];
        for (row, (verdict, said)) in pair.rows.iter_mut().zip(verdicts) {
            (row.verdict, row.said) = (verdict, said.to_owned());
        }
        for form in FORMS {
            let scene = before_after::before_after_scene(&pair, form, language, &fonts);
            let all = words_of(&scene.shapes, &fonts);
            for (_, said) in verdicts {
                assert!(all.iter().any(|(words, ..)| words.starts_with(said)), "{form:?}: {said}");
            }
            for (at, (words, left, right, middle, size)) in all.iter().enumerate() {
                assert!(!words.contains('…'), "{form:?}: {words}");
                assert!(*left >= 0.0 && *right <= scene.width && *middle <= scene.height, "{form:?}: {words}");
                for (other, from, to, level, height) in &all[at + 1..] {
                    let apart = right <= from || to <= left || (middle - level).abs() >= size.min(*height) * 0.9;
                    assert!(apart, "{form:?}: {words:?} and {other:?}");
                }
            }
        }
    }
}
