//! What an import will send: every row that stands, as commands of the public contract, in an order in which each finds what it needs.
//! Invariant: planning reads the export alone and writes nothing; the same export gives the same facts.

mod facts;
mod people;
mod places;
mod stays;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime};
use kernel::{Occurred, Zone};
use platform::wire;
use proto::types;
use uuid::Uuid;

use super::export::Export;
use super::rejects::Rejects;
use super::step::{About, Ask, Stage, Step, Withdrawal, Withdrawn, request_id};
use super::table::{Fault, Line};
use super::world::World;

/// What will be sent, and what will not.
#[derive(Debug)]
pub struct Plan {
    /// The steps, by stage.
    pub steps: Vec<Step>,
    /// The rows that were rejected.
    pub rejects: Rejects,
    /// Rows of victim service providers, by file.
    pub refused: BTreeMap<String, u64>,
    /// Rows that are there and of which nothing is told now: deleted, rejected or refused; by the table and key of their facts.
    pub aside: BTreeSet<(String, String)>,
    /// What was noticed and is no fault of a row.
    pub notes: BTreeMap<&'static str, u64>,
}

/// Plans an import. The nonce is of this run alone: it tells its requests from those of another.
pub fn plan(export: &Export, zone: &Zone, nonce: Uuid) -> Plan {
    let world = World::of(export);
    let mut planner = Planner {
        export,
        zone,
        nonce,
        world,
        steps: vec![],
        notes: BTreeMap::new(),
        seen: BTreeSet::new(),
        workers: BTreeSet::new(),
    };
    planner.places();
    planner.people();
    planner.stays();
    planner.facts();
    planner.workers();
    let aside = planner.aside();
    let Planner { world, mut steps, notes, .. } = planner;
    steps.sort_by_key(|step| step.stage);
    Plan { steps, rejects: world.rejects, refused: world.refused, aside, notes }
}

struct Planner<'a> {
    export: &'a Export,
    zone: &'a Zone,
    nonce: Uuid,
    world: World<'a>,
    steps: Vec<Step>,
    notes: BTreeMap<&'static str, u64>,
    /// The keys of the rows read so far, by file, where the world keeps none.
    seen: BTreeSet<(&'a str, &'a str)>,
    /// Users who met people, each for an organisation.
    workers: BTreeSet<(&'a str, &'a str)>,
}

/// Files whose rows tell facts of an enrolment, with the tables of these facts and the column of their key.
const OF_ENROLLMENTS: [(&str, &[&str], &str); 6] = [
    ("Enrollment.csv", &["Enrollment", "Enrollment.LivingSituation"], "EnrollmentID"),
    ("Services.csv", &["Services"], "EnrollmentID"),
    ("CurrentLivingSituation.csv", &["CurrentLivingSituation"], "CurrentLivingSitID"),
    ("Event.csv", &["Event"], "EventID"),
    ("EmploymentEducation.csv", &["EmploymentEducation"], "EmploymentEducationID"),
    ("Assessment.csv", &["Assessment"], "AssessmentID"),
];

/// A fact's name in the source, and the rows that tell it.
struct Told<'a, 'b> {
    table: &'static str,
    key: String,
    lines: &'b [Line<'a>],
    /// It goes on, so it is known until the export ends.
    open: bool,
}

impl<'a> Planner<'a> {
    /// The rows of which nothing is told now.
    fn aside(&self) -> BTreeSet<(String, String)> {
        let mut aside = BTreeSet::new();
        for (file, tables, column) in OF_ENROLLMENTS {
            for line in self.export.table(file).lines() {
                let enrollment = self.world.stays.get(line.text("EnrollmentID"));
                let stands = enrollment.is_some_and(|stay| stay.good().is_some());
                // A month of nights is more than one row: what was deleted is taken out of it, what was rejected says nothing of the others.
                let nights = file == "Services.csv";
                let unread = line.is_deleted() || self.world.rejects.has(file, line.row.line);
                if !stands || (unread && !nights) {
                    let key = line.text(column);
                    aside.extend(tables.iter().map(|table| ((*table).to_owned(), key.to_owned())));
                }
            }
        }
        aside
    }

    fn note(&mut self, what: &'static str) {
        *self.notes.entry(what).or_default() += 1;
    }

    /// Takes what was read of a row, or tells what is wrong with it.
    fn read<T>(&mut self, line: &Line<'_>, read: Result<T, Fault>) -> Option<T> {
        read.map_err(|fault| self.world.reject(line, fault)).ok()
    }

    /// The key of a row that no row of its file before it has: two rows of one key would correct each other for ever.
    fn new_key(&mut self, line: &Line<'a>, column: &str) -> Result<&'a str, Fault> {
        let key = line.key(column)?;
        if self.seen.insert((&line.table.file, key)) {
            return Ok(key);
        }
        Err(Fault::new(column, "is the key of a row before it; keys are unique in a file"))
    }

    /// Where a fact comes from, and the id of the request that tells it.
    fn source(&self, told: &Told<'_, '_>) -> (types::Source, String) {
        let recorded = told.lines.iter().filter_map(|line| self.recorded(line)).max();
        let source = types::Source {
            system: self.export.system.clone(),
            table: told.table.to_owned(),
            key: told.key.clone(),
            recorded_at: recorded.map(wire::to_instant),
            known_until: told.open.then(|| wire::to_date(self.export.end)),
        };
        let rows: Vec<Uuid> = told.lines.iter().map(|line| line.row.digest()).collect();
        let request_id = request_id(self.nonce, &source, &rows);
        (source, request_id)
    }

    /// When the source last wrote the row, in the export's zone; nothing where it does not say so readably.
    fn recorded(&self, line: &Line<'_>) -> Option<kernel::Timestamp> {
        let texts = ["DateUpdated", "DateCreated"].map(|column| line.text(column));
        let text = texts.into_iter().find(|text| !text.is_empty())?;
        text.replacen(' ', "T", 1).parse::<DateTime>().ok().map(|wall| self.zone.instant(wall))
    }

    fn on(&self, day: Date) -> types::Occurred {
        wire::to_occurred(&Occurred::day(day, self.zone.clone()))
    }

    fn zone(&self) -> String {
        self.zone.name().to_owned()
    }

    fn identifier(&self, key: &str) -> types::Identifier {
        types::Identifier { system: self.export.system.clone(), value: key.to_owned() }
    }

    /// A step that counts for nothing yet, in a lane of its own.
    fn step(&self, stage: Stage, agency: Option<&str>, lines: &[Line<'_>], ask: Ask) -> Step {
        Step {
            stage,
            lane: Uuid::now_v7().to_string(),
            rows: lines.iter().map(|line| (line.table.file.clone(), line.row.line.into())).collect(),
            agency: agency.map(str::to_owned),
            told_by: None,
            about: About::default(),
            gives: None,
            ask,
            counts: vec![],
            nights: None,
        }
    }

    /// Takes back what the source has deleted. What was never recorded stays so.
    fn withdraw(&mut self, kind: Withdrawn, agency: &str, told: &Told<'_, '_>) {
        let (source, request_id) = self.source(told);
        let ask = Ask::Withdrawal(Withdrawal { kind, source, request_id, group: String::new() });
        let step = self.step(Stage::Facts, Some(agency), told.lines, ask);
        self.steps.push(Step { counts: vec!["deleted at the source"], ..step });
    }

    /// The last step is of the same row as the one before it, which counts for both.
    fn with_the_step_before(&mut self) {
        if let Some(step) = self.steps.last_mut() {
            step.counts.clear();
        }
    }

    /// The user of a row who met a person, where the export knows one.
    fn met_by(&mut self, line: &Line<'a>, org: &'a str) -> Option<String> {
        let user = line.text("UserID");
        if !self.world.users.contains_key(user) {
            self.note("contacts whose user is unknown");
            return None;
        }
        self.workers.insert((user, org));
        Some(user.to_owned())
    }
}

/// The day after the last one: HMIS tells the last day, the contract the first that is not.
fn after(last: Option<Date>) -> Option<proto::Date> {
    last.and_then(|day| day.tomorrow().ok()).map(wire::to_date)
}
