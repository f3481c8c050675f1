//! Values in, bytes out: what a run, a history or a trend looks like to a person or to another program.
//!
//! Nothing here asks a clock, reads a file or decides about mail. Whatever a stranger wrote (folder names, headers, answers of
//! servers) passes through [`plain`] before it reaches a terminal or a chart.

pub(crate) mod chart;
pub(crate) mod comparison;
pub(crate) mod diagnosis;
pub(crate) mod dns;
pub(crate) mod exchange;
pub(crate) mod figure;
pub(crate) mod font;
pub(crate) mod forecast;
pub(crate) mod json;
pub(crate) mod language;
pub(crate) mod metrics;
pub(crate) mod notice;
pub(crate) mod page;
pub(crate) mod plain;
pub(crate) mod png;
pub(crate) mod progress;
pub(crate) mod report;
#[cfg(test)]
pub(crate) mod samples;
pub(crate) mod scene;
pub(crate) mod series;
pub(crate) mod svg;
pub(crate) mod table;
pub(crate) mod theme;
pub(crate) mod unit;
pub(crate) mod why;
pub(crate) mod words;
