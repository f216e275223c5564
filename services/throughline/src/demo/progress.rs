//! How far the lives are: a bar on a terminal, elsewhere a line for every tenth.
//! Invariant: it goes to the error output, so that what is printed for tools stays as it is.

use std::cell::Cell;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::calendar::Calendar;

/// How far the lives are.
pub struct Progress {
    begins: Timestamp,
    days: u64,
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    /// The tenths told so far.
    Lines(Cell<u64>),
}

impl Progress {
    /// Of these days.
    pub fn new(calendar: &Calendar) -> Self {
        let days = u64::from(calendar.days);
        let shown = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(days);
            if let Ok(style) =
                ProgressStyle::with_template("seeding {wide_bar} day {pos} of {len}, {eta} left")
            {
                bar.set_style(style);
            }
            Shown::Bar(bar)
        } else {
            Shown::Lines(Cell::new(0))
        };
        Self { begins: calendar.begins(), days, shown }
    }

    /// The clock shows this.
    pub fn at(&self, now: Timestamp) {
        let seconds = now.duration_since(self.begins).as_secs();
        let day = u64::try_from(seconds / 86_400).unwrap_or(0).min(self.days);
        match &self.shown {
            Shown::Bar(bar) => bar.set_position(day),
            Shown::Lines(told) => {
                let tenths = day * 10 / self.days;
                if tenths > told.replace(tenths.max(told.get())) {
                    eprintln!("seeding: {} % of {} days", tenths * 10, self.days);
                }
            }
        }
    }

    /// It is done.
    pub fn done(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}
