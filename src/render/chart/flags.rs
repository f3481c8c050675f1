//! Flags: changes as lines across the panels, with their words above, where none touches another's.

use super::Frame;
use crate::domain::interval::count;
use crate::render::figure::Mark;
use crate::render::font::Fonts;
use crate::render::scene::{Anchor, Area, Ink, Sheet, Type};
use crate::render::theme::Paint;

/// Words of a mark.
const SET: Type = Type::bold(10.5, Paint::Text);
/// Height of the lines in which the words of marks stand.
const LANE: f64 = 15.0;
/// Most lines of words of all marks, and of one; on a telephone, where lines are short, twice as many.
const LANES: usize = 9;
const LINES: usize = 3;
/// From a mark's line to its words.
const BESIDE: f64 = 9.0;

/// A mark with the words that have room, from a lane downwards.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Flag {
    x: f64,
    lane: usize,
    pub(super) lines: Vec<String>,
    /// The whole words.
    says: String,
    /// Left and right edge of the words.
    edges: (f64, f64),
    leftward: bool,
}

/// Gives every mark lanes on which its words overlap no others. They break into lines where one is too short, and are cut
/// where all are.
pub(super) fn placed(fonts: &Fonts, frame: &Frame, marks: &[Mark], slots: usize) -> Vec<Flag> {
    let width = |words: &str| fonts.width(words, SET.size, SET.weight);
    let times = if frame.is_narrow() { 2 } else { 1 };
    let mut taken = [f64::MIN; LANES].repeat(times);
    let mut flags = Vec::new();
    for mark in marks {
        let x = frame.slot(mark.before, slots);
        let (rightward_room, leftward_room) = (frame.right() - x - BESIDE, x - frame.margin - BESIDE);
        let leftward = width(&mark.words) > rightward_room && leftward_room > rightward_room;
        let room = if leftward { leftward_room } else { rightward_room };
        // Where no lane is free, no words are measured.
        let most = if taken.iter().any(|until| *until <= x - 12.0) { LINES * times } else { 0 };
        let placed = (1..=most).rev().find_map(|most| {
            let lines = fonts.wrapped(&mark.words, SET.size, SET.weight, room, most);
            let wide = lines.iter().map(|line| width(line)).fold(0.0, f64::max);
            let edges = if leftward { (x - BESIDE - wide, x - BESIDE) } else { (x + BESIDE, x + BESIDE + wide) };
            let is_free = |lanes: &[f64]| lanes.iter().all(|until| *until <= edges.0.min(x - 4.0) - 8.0);
            let lane = taken.windows(lines.len()).position(is_free)?;
            Some((lane, lines, edges))
        });
        let (lane, lines, edges) = placed.unwrap_or((LANES * times - 1, Vec::new(), (x, x)));
        for until in taken.iter_mut().skip(lane).take(lines.len().max(1)) {
            *until = until.max(edges.1.max(x + 6.0));
        }
        flags.push(Flag { x, lane, lines, says: mark.words.clone(), edges, leftward });
    }
    flags
}

/// Height that flags take above the first panel.
pub(super) fn height(flags: &[Flag]) -> f64 {
    let lanes = flags.iter().map(|flag| flag.lane + flag.lines.len().max(1)).max().unwrap_or(0);
    count(lanes) * LANE + 8.0
}

/// Lines first, then words on paper, so that no line runs through a word. `top` is where the first lane begins, `tops` are the
/// upper edges of the fields that the lines cross: all at once, or each alone where words stand above them.
pub(super) fn draw(sheet: &mut Sheet<'_>, frame: &Frame, flags: &[Flag], top: f64, tops: &[f64]) {
    let y = |lane: usize| top + count(lane) * LANE + 7.0;
    let bottom = |field: &f64| field + frame.tall;
    for flag in flags {
        let fields: Vec<(f64, f64)> = match tops.last() {
            Some(last) if !frame.is_narrow() => vec![(y(flag.lane), bottom(last))],
            Some(_) | None => tops.iter().map(|field| (*field, bottom(field))).collect(),
        };
        sheet.group(flag.says.clone(), |sheet| {
            for (upper, lower) in fields {
                let line = |half: f64| Area { left: flag.x - half, top: upper, right: flag.x + half, bottom: lower };
                sheet.fill(line(1.5), Ink::faded(Paint::Paper, 0.85));
                sheet.fill(line(0.67), Paint::Text);
                if frame.is_narrow() {
                    sheet.disc((flag.x, upper - 3.0), 2.4, Paint::Text);
                }
            }
            sheet.disc((flag.x, y(flag.lane)), 3.6, Paint::Text);
        });
    }
    for flag in flags {
        for (at, words) in flag.lines.iter().enumerate() {
            let y = y(flag.lane + at);
            let (left, right) = (flag.edges.0 - 3.0, flag.edges.1 + 3.0);
            sheet.fill(Area { left, top: y - 7.0, right, bottom: y + 8.0 }, Paint::Paper);
            let (x, anchor) = if flag.leftward { (flag.edges.1, Anchor::End) } else { (flag.edges.0, Anchor::Start) };
            sheet.words(words.as_str(), (x, y), anchor, SET);
        }
    }
}
