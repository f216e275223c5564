//! What came of an import, in numbers.
//! Invariant: a fact counts once its command is taken; a night counts once for a person, whoever else tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::civil::Date;
use proto::types::Discrepancy;

use super::missing::Missing;
use super::plan::Plan;
use super::rejects::At;
use super::step::{Ask, Step};

/// What was imported, as the table has it.
pub struct Source<'a> {
    /// Its first line.
    pub title: String,
    /// The kinds of fact, in the order in which they are shown.
    pub kinds: &'a [&'static str],
    /// Whether it says so where nothing was looked for that the source tells no more.
    pub partial: bool,
    /// What leaves out what is missing.
    pub left_out: &'static str,
    /// Files, or parts of one, that are not read, and how many rows they have.
    pub unread: &'a [(String, usize)],
}

/// The kinds of fact of an HMIS export, in the order in which they are shown.
pub const HMIS: [&str; 21] = [
    "agencies",
    "workers",
    "unit groups",
    "capacities",
    "offers",
    "people",
    "placements",
    "of which moved in",
    "participations",
    "ends",
    "person-nights",
    "living situations",
    "referrals",
    "of which completed",
    "of which cancelled",
    "of which rejected",
    "of which requested",
    "contacts",
    "employment reports",
    "measures",
    "jobs",
];

/// What the server took and what it refused.
#[derive(Debug, Default)]
pub struct Tally {
    commands: u64,
    counts: BTreeMap<&'static str, u64>,
    nights: BTreeSet<(String, Date)>,
    discrepancies: BTreeMap<String, u64>,
    nothing: u64,
    /// Nights that stand although the export tells them no more, by enrolment.
    pub untold_nights: BTreeSet<(String, Date)>,
    /// Rows whose command was refused, and why.
    pub refused: Vec<((String, At), String)>,
}

impl Tally {
    /// What the plan would come to if everything were taken.
    pub fn of_plan(plan: &Plan) -> Self {
        let mut tally = Self::default();
        plan.steps.iter().for_each(|step| tally.take(step, &[]));
        tally
    }

    /// A command was taken.
    pub fn take(&mut self, step: &Step, discrepancies: &[Discrepancy]) {
        self.commands += 1;
        for kind in &step.counts {
            *self.counts.entry(kind).or_default() += 1;
        }
        if let Some((person, nights)) = &step.nights {
            self.nights.extend(nights.iter().map(|night| (person.clone(), *night)));
        }
        for found in discrepancies {
            *self.discrepancies.entry(found.code.clone()).or_default() += 1;
        }
    }

    /// Nights of the step's month stand untold.
    pub fn leave(&mut self, step: &Step, days: &[u32]) {
        let (Ask::Nights(ask), Some(enrollment)) = (&step.ask, &step.about.stay) else { return };
        let Some(month) = &ask.nights else { return };
        let date = |day: &u32| {
            let (year, month) = (i16::try_from(month.year).ok()?, i8::try_from(month.month).ok()?);
            Date::new(year, month, i8::try_from(*day).ok()?).ok()
        };
        let nights = days.iter().filter_map(date).map(|night| (enrollment.clone(), night));
        self.untold_nights.extend(nights);
    }

    /// A deletion found nothing to take back.
    pub fn nothing(&mut self, step: &Step) {
        self.commands += 1;
        self.nothing += step.counts.len() as u64;
    }

    /// A command was refused, or could not be sent for want of another.
    pub fn refuse(&mut self, step: &Step, why: &str) {
        self.refused.extend(step.rows.iter().map(|row| (row.clone(), why.to_owned())));
    }

    /// How many of a kind were taken.
    pub fn count(&self, kind: &str) -> u64 {
        match kind {
            "person-nights" => self.nights.len() as u64,
            kind => self.counts.get(kind).copied().unwrap_or_default(),
        }
    }

    /// Everything, as a table.
    pub fn table(
        &self,
        source: &Source<'_>,
        plan: &Plan,
        missing: Option<&Missing>,
        dry_run: bool,
    ) -> String {
        let mut out = String::new();
        let verb = if dry_run { "would be sent" } else { "sent" };
        line(&mut out, &source.title, None);
        line(&mut out, &format!("commands {verb}"), Some(self.commands));
        for kind in source.kinds {
            let name = if kind.starts_with("of which") { format!("  {kind}") } else { (*kind).to_owned() };
            line(&mut out, &name, Some(self.count(kind)));
        }
        let deleted = self.count("deleted at the source");
        part(
            &mut out,
            "deleted at the source",
            [("taken back", deleted), ("nothing to take back", self.nothing)],
        );
        match missing {
            Some(missing) => {
                let tables = missing.by_table();
                let tables = tables.iter().map(|(table, count)| (table.as_str(), *count));
                let title = format!("told before, missing from {}, left as they are", source.left_out);
                part(&mut out, &title, tables);
            }
            None if source.partial => {
                line(
                    &mut out,
                    "no full refresh: what it leaves out is not looked for, and stands as it was",
                    None,
                );
            }
            None => {}
        }
        let odd = self.discrepancies.iter().map(|(code, count)| (code.as_str(), *count));
        part(&mut out, "discrepancies, kept with their facts", odd);
        part(&mut out, "noticed", plan.notes.iter().map(|(what, count)| (*what, *count)));
        let refused = plan.refused.iter().map(|(file, count)| (file.as_str(), *count));
        part(&mut out, "rows of victim service providers, refused whole", refused);
        let unread = source.unread.iter().map(|(file, rows)| (file.as_str(), *rows as u64));
        part(&mut out, "files not read, by rows", unread);
        part(&mut out, "rows rejected, by file", plan.rejects.by_file());
        line(&mut out, "rows rejected", Some(plan.rejects.len() as u64));
        out
    }
}

fn line(out: &mut String, what: &str, count: Option<u64>) {
    let written = match count {
        Some(count) => writeln!(out, "{what:<64}{count:>10}"),
        None => writeln!(out, "{what}"),
    };
    written.expect("a string takes every line");
}

fn part<'a>(out: &mut String, title: &str, rows: impl IntoIterator<Item = (&'a str, u64)>) {
    let mut rows = rows.into_iter().filter(|(_, count)| *count > 0).peekable();
    if rows.peek().is_some() {
        line(out, title, None);
    }
    for (what, count) in rows {
        line(out, &format!("  {what}"), Some(count));
    }
}
