//! A scene: a chart laid out as shapes, before it becomes pixels or SVG.
//!
//! Places are in units of a CSS pixel. The same scene is drawn by `png` and written by `svg`, so that both say the same.

use super::font::{Fonts, Weight};
use super::theme::Paint;

/// A paint, with how much of it covers what lies below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ink {
    /// What it means.
    pub(crate) paint: Paint,
    /// 0…1.
    pub(crate) cover: f64,
}

impl Ink {
    /// A paint that covers a part of what lies below.
    pub(crate) fn faded(paint: Paint, cover: f64) -> Self {
        Self { paint, cover }
    }
}

impl From<Paint> for Ink {
    fn from(paint: Paint) -> Self {
        Self { paint, cover: 1.0 }
    }
}

/// Where a text stands relative to its point. Vertically its capitals are centred on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Type {
    /// Em size.
    pub(crate) size: f64,
    /// Weight.
    pub(crate) weight: Weight,
    /// Paint.
    pub(crate) paint: Paint,
}

impl Type {
    /// Regular words.
    pub(crate) const fn regular(size: f64, paint: Paint) -> Self {
        Self { size, weight: Weight::Regular, paint }
    }

    /// Bold words.
    pub(crate) const fn bold(size: f64, paint: Paint) -> Self {
        Self { size, weight: Weight::Bold, paint }
    }
}

/// A box by its edges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area {
    /// Left edge.
    pub(crate) left: f64,
    /// Upper edge.
    pub(crate) top: f64,
    /// Right edge.
    pub(crate) right: f64,
    /// Lower edge.
    pub(crate) bottom: f64,
}

/// One thing on the paper. Later ones lie above earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// A filled box, its corners round by a radius.
    Box {
        /// Its edges.
        area: Area,
        /// Radius of the corners.
        round: f64,
        /// What fills it.
        ink: Ink,
    },
    /// A disc.
    Disc {
        /// Its centre.
        at: (f64, f64),
        /// Its radius.
        radius: f64,
        /// What fills it.
        ink: Ink,
    },
    /// A line through points.
    Line {
        /// The points.
        points: Vec<(f64, f64)>,
        /// How thick it is.
        thick: f64,
        /// What it is drawn with.
        ink: Ink,
    },
    /// A level line of dashes.
    Dashes {
        /// Left and right end.
        ends: (f64, f64),
        /// How high it lies.
        y: f64,
        /// Length of a dash and of a gap.
        rhythm: (f64, f64),
        /// How thick it is.
        thick: f64,
        /// What it is drawn with.
        ink: Ink,
    },
    /// A box filled with thin diagonal lines.
    Hatch {
        /// Its edges.
        area: Area,
        /// What the lines are drawn with.
        ink: Ink,
    },
    /// One line of words.
    Words {
        /// The words.
        words: String,
        /// Their point.
        at: (f64, f64),
        /// How they stand to it.
        anchor: Anchor,
        /// How they are set.
        set: Type,
    },
    /// Shapes that belong together, with what they say; a browser shows it to who points at them.
    Group {
        /// What they say.
        says: String,
        /// The shapes.
        shapes: Vec<Shape>,
    },
}

/// A chart laid out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scene {
    /// What it is called.
    pub(crate) title: String,
    /// What it shows, for those who cannot see it.
    pub(crate) description: String,
    /// Width of the paper.
    pub(crate) width: f64,
    /// Height of the paper.
    pub(crate) height: f64,
    /// What is on it.
    pub(crate) shapes: Vec<Shape>,
}

/// Height of a capital letter of Noto Sans over its em; words are centred on half of it.
pub(crate) const CAPITAL: f64 = 0.714;

/// The lines that fill a box: from the lower left to the upper right, each by its ends.
pub(crate) fn hatching(area: Area) -> Vec<((f64, f64), (f64, f64))> {
    const STEP: f64 = 4.5;
    let mut lines = Vec::new();
    let mut sum = area.left + area.top + STEP / 2.0;
    while sum < area.right + area.bottom {
        let (x0, x1) = (area.left.max(sum - area.bottom), area.right.min(sum - area.top));
        if x1 - x0 > 0.5 {
            lines.push(((x0, sum - x0), (x1, sum - x1)));
        }
        sum += STEP;
    }
    lines
}

/// A sheet that shapes are put on.
#[derive(Debug)]
pub(crate) struct Sheet<'a> {
    /// The font that measures words.
    pub(crate) fonts: &'a Fonts,
    /// What is on it.
    pub(crate) shapes: Vec<Shape>,
}

impl<'a> Sheet<'a> {
    /// An empty one.
    pub(crate) fn new(fonts: &'a Fonts) -> Self {
        Self { fonts, shapes: Vec::new() }
    }

    /// A filled box.
    pub(crate) fn fill(&mut self, area: Area, ink: impl Into<Ink>) {
        self.shapes.push(Shape::Box { area, round: 0.0, ink: ink.into() });
    }

    /// A filled box with round corners.
    pub(crate) fn pill(&mut self, area: Area, round: f64, ink: impl Into<Ink>) {
        self.shapes.push(Shape::Box { area, round, ink: ink.into() });
    }

    /// A disc.
    pub(crate) fn disc(&mut self, at: (f64, f64), radius: f64, ink: impl Into<Ink>) {
        self.shapes.push(Shape::Disc { at, radius, ink: ink.into() });
    }

    /// A line through points.
    pub(crate) fn line(&mut self, points: Vec<(f64, f64)>, thick: f64, ink: impl Into<Ink>) {
        self.shapes.push(Shape::Line { points, thick, ink: ink.into() });
    }

    /// A level line of dashes.
    pub(crate) fn dashes(&mut self, ends: (f64, f64), y: f64, rhythm: (f64, f64), thick: f64, ink: impl Into<Ink>) {
        self.shapes.push(Shape::Dashes { ends, y, rhythm, thick, ink: ink.into() });
    }

    /// A box of thin diagonal lines.
    pub(crate) fn hatch(&mut self, area: Area, ink: impl Into<Ink>) {
        self.shapes.push(Shape::Hatch { area, ink: ink.into() });
    }

    /// One line of words.
    pub(crate) fn words(&mut self, words: impl Into<String>, at: (f64, f64), anchor: Anchor, set: Type) {
        self.shapes.push(Shape::Words { words: words.into(), at, anchor, set });
    }

    /// Words cut to a width.
    pub(crate) fn fitting(&mut self, words: &str, at: (f64, f64), anchor: Anchor, set: Type, width: f64) {
        let words = self.fonts.fitting(words, set.size, set.weight, width);
        self.words(words, at, anchor, set);
    }

    /// Shapes that belong together.
    pub(crate) fn group(&mut self, says: impl Into<String>, draw: impl FnOnce(&mut Self)) {
        let mut inner = Self::new(self.fonts);
        draw(&mut inner);
        self.shapes.push(Shape::Group { says: says.into(), shapes: inner.shapes });
    }

    /// Width of a line of words.
    pub(crate) fn width(&self, words: &str, set: Type) -> f64 {
        self.fonts.width(words, set.size, set.weight)
    }
}
