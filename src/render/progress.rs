//! Progress: bars on standard error while a run is under way.
//!
//! They are shown only where a person watches a terminal; the caller says so once, and every method is then safe to call
//! from any task. Nothing is ever written to standard output.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

use super::words::span;

/// Most times a second that the bars are redrawn.
const REDRAWS: u8 = 10;
/// How often what turns while somebody is asked turns.
const TICK: Duration = Duration::from_millis(120);

/// The bars of one run; clones draw the same ones.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    bars: Option<Bars>,
}

#[derive(Debug, Clone)]
struct Bars {
    all: MultiProgress,
    asking: ProgressBar,
    signing_in: ProgressBar,
    sending: ProgressBar,
    finding: ProgressBar,
}

impl Progress {
    /// Bars on standard error, or none at all.
    pub(crate) fn new(shown: bool) -> Self {
        if !shown {
            return Self { bars: None };
        }
        Self::on(ProgressDrawTarget::stderr_with_hz(REDRAWS))
    }

    fn on(target: ProgressDrawTarget) -> Self {
        // However the verb ends, nothing half drawn stays behind.
        let hidden = || {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            bar.with_finish(ProgressFinish::AndClear)
        };
        let all = MultiProgress::with_draw_target(target);
        Self { bars: Some(Bars { all, asking: hidden(), signing_in: hidden(), sending: hidden(), finding: hidden() }) }
    }

    /// Somebody is asked, and how long the answer takes nobody knows.
    pub(crate) fn asking(&self, whom: &'static str) {
        if let Some(bars) = &self.bars {
            bars.wait(whom);
        }
    }

    /// The answer is there.
    pub(crate) fn asked(&self) {
        if let Some(bars) = &self.bars {
            bars.asking.finish_and_clear();
        }
    }

    /// `done` of `total` seeds are signed in or given up.
    pub(crate) fn signed_in(&self, done: usize, total: usize) {
        if let Some(bars) = &self.bars {
            bars.draw(&bars.signing_in, "signing in", done, total, String::new());
        }
    }

    /// `done` of `total` probes are sent or refused.
    pub(crate) fn sent(&self, done: usize, total: usize) {
        if let Some(bars) = &self.bars {
            bars.signing_in.finish_and_clear();
            bars.draw(&bars.sending, "sending", done, total, String::new());
        }
    }

    /// `found` of the `sent` probes were seen; `left` is the time until the last deadline.
    pub(crate) fn found(&self, found: usize, sent: usize, left: Option<Duration>) {
        if let Some(bars) = &self.bars {
            bars.draw(&bars.finding, "found", found, sent, time_left(left));
        }
    }

    /// Takes the bars away for good.
    pub(crate) fn clear(&self) {
        if let Some(bars) = &self.bars {
            for bar in [&bars.asking, &bars.signing_in, &bars.sending, &bars.finding] {
                bar.finish_and_clear();
            }
        }
    }
}

impl Bars {
    fn wait(&self, whom: &'static str) {
        if self.asking.is_finished() {
            return;
        }
        self.asking.set_message(whom);
        if self.asking.prefix().is_empty() {
            let style = ProgressStyle::with_template("{prefix:>11} {msg} {spinner:.cyan}");
            self.asking.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            self.asking.set_prefix("asking");
            self.all.add(self.asking.clone());
            self.asking.enable_steady_tick(TICK);
        }
    }

    fn draw(&self, bar: &ProgressBar, what: &'static str, done: usize, total: usize, message: String) {
        if bar.is_finished() || total == 0 {
            return;
        }
        let is_new = bar.length().is_none();
        bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
        bar.set_message(message);
        if is_new {
            bar.set_style(style());
            bar.set_prefix(what);
            // Nothing is drawn before all of it is known.
            self.all.add(bar.clone());
            bar.tick();
        }
    }
}

fn style() -> ProgressStyle {
    let template = "{prefix:>11} {bar:28.cyan/black.bright} {pos:>4} of {len:4} {msg:.dim}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━─")
}

/// The time left in words.
fn time_left(left: Option<Duration>) -> String {
    match left {
        Some(left) if left >= Duration::from_secs(1) => {
            format!("at most {} left", span(Duration::from_secs(left.as_secs())))
        }
        Some(_) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// A terminal that remembers what was written to it.
    #[derive(Debug, Clone, Default)]
    struct Paper(Arc<Mutex<String>>);

    impl Paper {
        fn add(&self, text: &str) {
            self.0.lock().unwrap().push_str(text);
        }

        fn take(&self) -> String {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.add(text);
            self.add("\n");
            Ok(())
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.add(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn bars_show_sending_and_finding_and_leave_nothing_behind() {
        let paper = Paper::default();
        let progress = Progress::on(ProgressDrawTarget::term_like_with_hz(Box::new(paper.clone()), 255));
        progress.asking("SES");
        progress.bars.as_ref().unwrap().asking.force_draw();
        assert!(paper.take().contains("asking SES"));
        progress.asked();
        progress.signed_in(3, 36);
        progress.sent(12, 36);
        progress.found(5, 12, Some(Duration::from_millis(130_900)));
        paper.take();
        progress.bars.as_ref().unwrap().finding.force_draw();
        let shown = paper.take();
        assert!(!shown.contains("signing in") && !shown.contains("asking"), "{shown}");
        for part in ["sending", "12 of 36", "found", "5 of 12", "at most 2 min 10 s left"] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        progress.clear();
        paper.take();
        progress.found(6, 12, None);
        assert_eq!(paper.take(), "", "nothing is drawn after the bars were taken away");
    }

    #[test]
    fn without_a_terminal_every_call_does_nothing() {
        let progress = Progress::new(false);
        progress.sent(1, 2);
        progress.found(1, 2, None);
        progress.clear();
        assert!(progress.bars.is_none());
    }
}
