//! Enrolments: placements with their bed nights and participations, each with the living situation it began from.
//! Invariant: a stay is told whole, exit and move-in with it; the nights of a month are told all at once, and one goes where its row says so.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use platform::wire;
use proto::{housing, referrals};

use super::{Planner, Told};
use crate::import::codes::{Work, place};
use crate::import::step::{About, Ask, Named, Stage, Step, Withdrawn};
use crate::import::table::{Fault, Line};
use crate::import::world::{Fate, Stay};

/// The record type of a bed night (HMIS 4.14).
const BED_NIGHT: u32 = 200;

/// The bed nights of an enrolment in a month, and the rows that tell them.
#[derive(Default)]
struct Month<'a> {
    lines: Vec<Line<'a>>,
    nights: BTreeSet<Date>,
    /// Nights whose row the source has deleted.
    deleted: BTreeSet<Date>,
}

impl<'a> Planner<'a> {
    pub(super) fn stays(&mut self) {
        for fate in self.world.stays.values().cloned().collect::<Vec<_>>() {
            match fate {
                Fate::Good(stay) => {
                    self.stay(&stay);
                    self.living_at_entry(&stay);
                }
                Fate::Deleted(stay) => self.deleted_stay(&stay),
                Fate::Refused | Fate::Rejected => {}
            }
        }
        self.nights();
    }

    fn stay(&mut self, stay: &Stay<'a>) {
        let mut lines = vec![stay.line];
        lines.extend(stay.exit.as_ref().map(|(_, _, line)| *line));
        let open = stay.exit.is_none();
        let told = Told { table: "Enrollment", key: stay.key.to_owned(), lines: &lines, open };
        let (source, request_id) = self.source(&told);
        let mut counts = vec![];
        let ask = match stay.project.work {
            Work::Lodging(_) => {
                counts.push("placements");
                let lives = stay.project.work.knows_move_in();
                if lives && stay.move_in.is_some_and(|day| stay.holds(day)) {
                    counts.push("of which moved in");
                }
                Ask::Placement(Box::new(housing::RecordPlacementRequest {
                    request_id,
                    source: Some(source),
                    household_key: stay.household.to_owned(),
                    relationship: stay.relationship.into(),
                    entry_on: Some(wire::to_date(stay.entry)),
                    move_in_on: stay.move_in.map(wire::to_date),
                    exit_on: stay.exit.as_ref().map(|(day, ..)| wire::to_date(*day)),
                    destination: stay.exit.as_ref().map(|(_, place, _)| place.clone()),
                    ..Default::default()
                }))
            }
            Work::Service => {
                counts.push("participations");
                Ask::Participation(Box::new(referrals::RecordParticipationRequest {
                    request_id,
                    source: Some(source),
                    started: Some(self.on(stay.entry)),
                    ended: stay.exit.as_ref().map(|(day, ..)| self.on(*day)),
                    destination_code: stay.exit.as_ref().map(|(_, place, _)| place.code).unwrap_or_default(),
                    ..Default::default()
                }))
            }
        };
        if !open {
            counts.push("ends");
        }
        let step = self.step(Stage::Stays, Some(stay.project.org), &lines, ask);
        let gives = Some(Named::Stay(stay.key.to_owned()));
        // Members of a household, and one person's stays with an agency, may ask for the same thing.
        let lane = format!("person {}", stay.person);
        let about = About { project: Some(stay.project_key.to_owned()), ..about(stay) };
        let about = About { stay: None, ..about };
        self.steps.push(Step { lane, gives, about, counts, ..step });
    }

    fn living_at_entry(&mut self, stay: &Stay<'a>) {
        let read = place(&stay.line, "LivingSituation", "RentalSubsidyType");
        let Some(Some(place)) = self.read(&stay.line, read) else { return };
        let lines = [stay.line];
        let told = Told {
            table: "Enrollment.LivingSituation",
            key: stay.key.to_owned(),
            lines: &lines,
            open: false,
        };
        let (source, request_id) = self.source(&told);
        let ask = housing::RecordLivingSituationRequest {
            request_id,
            source: Some(source),
            told: Some(self.on(stay.entry)),
            stage: housing::SituationStage::AtEntry.into(),
            place: Some(place),
            record: record(stay).to_owned(),
            ..Default::default()
        };
        let step = self.step(Stage::Facts, Some(stay.project.org), &lines, Ask::Living(Box::new(ask)));
        self.steps.push(Step { about: about(stay), counts: vec!["living situations"], ..step });
    }

    fn deleted_stay(&mut self, stay: &Stay<'a>) {
        let lines = [stay.line];
        let told = Told { table: "Enrollment", key: stay.key.to_owned(), lines: &lines, open: false };
        let kind = match stay.project.work {
            Work::Lodging(_) => Withdrawn::Placement,
            Work::Service => Withdrawn::Participation,
        };
        self.withdraw(kind, stay.project.org, &told);
        let living = Told { table: "Enrollment.LivingSituation", ..told };
        self.withdraw(Withdrawn::Living, stay.project.org, &living);
        self.with_the_step_before();
    }

    /// Bed nights, by enrolment and month. A deleted row takes its night out of the month it was in.
    fn nights(&mut self) {
        let mut months: BTreeMap<(&'a str, i16, i8), Month<'a>> = BTreeMap::new();
        for line in self.export.table("Services.csv").lines() {
            let kind = line.optional_number("RecordType");
            let Some(kind) = self.read(&line, kind) else { continue };
            if kind.is_none() {
                self.world.reject(&line, Fault::new("RecordType", "is empty"));
                continue;
            }
            if kind != Some(BED_NIGHT) {
                self.note("services that are no bed nights, not read");
                continue;
            }
            let Some(stay) = self.world.stay_of(&line) else { continue };
            if self.world.stays.get(stay.key).and_then(Fate::good).is_none() {
                // With the stay its nights are withdrawn.
                continue;
            }
            let night = match stay.project.work {
                Work::Lodging(_) => line.day("DateProvided"),
                Work::Service => Err(Fault::new(
                    "EnrollmentID",
                    "is of a project that lodges nobody and has no bed nights",
                )),
            };
            let Some(night) = self.read(&line, night) else { continue };
            let month = months.entry((stay.key, night.year(), night.month())).or_default();
            month.lines.push(line);
            if line.is_deleted() {
                month.deleted.insert(night);
            } else if !month.nights.insert(night) {
                self.note("bed nights told twice of one enrollment");
            }
        }
        for ((key, year, month), Month { lines, nights, deleted }) in months {
            let Some(stay) = self.world.stays.get(key).and_then(Fate::good).cloned() else { continue };
            let told = Told {
                table: "Services",
                key: format!("{key}/{year}-{month:02}"),
                lines: &lines,
                open: false,
            };
            let (source, request_id) = self.source(&told);
            let ask = housing::RecordNightsRequest {
                request_id,
                source: Some(source),
                placement_id: String::new(),
                nights: Some(housing::MonthNights {
                    year: year.unsigned_abs().into(),
                    month: month.unsigned_abs().into(),
                    days: days(&nights),
                }),
                // A row that is missing takes no night back.
                others_stay: true,
                taken_back_days: days(&deleted),
            };
            let step = self.step(Stage::Facts, Some(stay.project.org), &lines, Ask::Nights(ask));
            let lane = format!("stay {key}");
            let nights = Some((stay.person.to_owned(), nights.into_iter().collect()));
            self.steps.push(Step { lane, about: about(&stay), nights, ..step });
        }
    }
}

/// The days of nights of one month.
fn days(nights: &BTreeSet<Date>) -> Vec<u32> {
    nights.iter().map(|night| night.day().unsigned_abs().into()).collect()
}

/// A fact of this stay and its person.
pub(super) fn about(stay: &Stay<'_>) -> About {
    About { person: Some(stay.person.to_owned()), stay: Some(stay.key.to_owned()), ..About::default() }
}

/// What kind of record the stay is, as the contract writes it before its id.
pub(super) fn record(stay: &Stay<'_>) -> &'static str {
    match stay.project.work {
        Work::Lodging(_) => "placement-",
        Work::Service => "participation-",
    }
}
