//! Stored facts as the rules read them.
//! Invariant: what joins several streams (the goals of plan items, goals that are closed) is joined here, when it is looked at.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use kernel::ids::Uuid;
use kernel::{AgencyId, Day, PersonId, Shifts, WeeklyShift, Zone};
use platform::wire::from_date;
use proto::types::Setting;
use proto::vocational as work;

use super::stored::{Fact, Hour, PlanItem, Written};
use crate::domain::{Commitment, CommitmentKind, Facts, Input, Job, Lodging, Place, Referral, Service};

/// Facts of one human, as they are read.
#[derive(Default)]
pub(super) struct Told {
    commitments: Vec<Commitment>,
    jobs: Vec<Job>,
    lodgings: Vec<Lodging>,
    services: Vec<(Service, Vec<String>)>,
    referrals: Vec<Referral>,
    items: BTreeMap<String, PlanItem>,
    closed_goals: BTreeSet<Uuid>,
    died: bool,
}

/// Where a fact stands.
struct At<'a> {
    service: &'a str,
    stream: &'a str,
    person: PersonId,
}

impl Told {
    pub(super) fn add(&mut self, service: &str, stream: &str, person: PersonId, fact: Fact) {
        if !fact.tells() {
            return;
        }
        // What stands under no agency is shown to nobody but the person, and rests on nothing that a finding could name.
        self.try_add(&At { service, stream, person }, fact).unwrap_or_default();
    }

    fn try_add(&mut self, at: &At<'_>, fact: Fact) -> Option<()> {
        match fact {
            Fact::Appointment(fact) => {
                let (written, hour) = (fact.written?, fact.hour?);
                if fact.held {
                    let input = at.input(&written, String::new())?;
                    self.commitments.push(commitment(input, CommitmentKind::Appointment, &written, &hour)?);
                }
            }
            Fact::Job(fact) => {
                let written = fact.written?;
                for hour in &fact.interviews {
                    let input = at.input(&written, hour.id.clone())?;
                    self.commitments.extend(commitment(input, CommitmentKind::Interview, &written, hour));
                }
                let terms = fact.terms.filter(|_| fact.taken).unwrap_or_default();
                for pattern in &terms.shifts {
                    let shifts = shifts(pattern, fact.from.as_ref(), fact.until.as_ref())?;
                    // Patterns do not overlap, so their own first days tell them apart.
                    let first = pattern.from_day.as_ref().and_then(from_date)?;
                    let input = at.input(&written, first.to_string())?;
                    let known_until = known_until(&written, &shifts.zone);
                    self.jobs.push(Job { input, shifts, known_until });
                }
            }
            Fact::Service(fact) => {
                let written = fact.written?;
                let service = Service {
                    input: at.input(&written, String::new())?,
                    practice: fact.practice,
                    goals: Uuid::try_parse(&fact.goal).ok().into_iter().collect(),
                    from: instant(fact.from)?,
                    until: fact.until.and_then(instant),
                    known_until: known_until(&written, &Zone::stored(fact.zone)),
                };
                self.services.push((service, fact.plan_items));
            }
            Fact::Placement(fact) => {
                let written = fact.written?;
                self.lodgings.push(Lodging {
                    input: at.input(&written, String::new())?,
                    project_type: fact.project_type,
                    from: fact.from.as_ref().and_then(from_date)?,
                    until: fact.until.as_ref().and_then(from_date),
                    zone: Zone::stored(fact.zone),
                    known_until: written.known_until.as_ref().and_then(from_date),
                });
            }
            Fact::Referral(fact) => {
                let written = fact.written?;
                let target: Option<AgencyId> = fact.target.parse().ok();
                let acknowledge_by = fact.acknowledge_by.and_then(instant);
                let mut input = at.input(&written, String::new())?;
                // From the moment it is sent both sides see it.
                input.shared_with.extend(target.filter(|target| *target != input.agency));
                self.referrals.push(Referral { input, target, acknowledge_by });
            }
            Fact::Plan(plan) => {
                self.items.extend(plan.items.into_iter().map(|item| (item.id.clone(), item)));
            }
            Fact::Goal(goal) => {
                let (_, id) = kernel::ids::parse_stream(at.stream).ok()?;
                self.closed_goals.extend(goal.closed.then_some(id));
            }
            Fact::Died(_) => self.died = true,
        }
        Some(())
    }

    /// All of it, as one human's. Of whoever died no rule is told anything, by whichever of their records: what was found of them is cleared.
    pub(super) fn facts(self) -> Facts {
        let Self { commitments, jobs, lodgings, services, referrals, items, closed_goals, died } = self;
        if died {
            return Facts::default();
        }
        let services = services.into_iter().map(|(mut service, named)| {
            let of_items = named
                .iter()
                .filter_map(|id| items.get(id))
                .filter(|item| shows_no_more(item, &service.input));
            let goals: Vec<Uuid> = of_items.filter_map(|item| Uuid::try_parse(&item.goal).ok()).collect();
            service.goals.extend(goals);
            service.goals.retain(|goal| !closed_goals.contains(goal));
            service
        });
        Facts::new(commitments, jobs, lodgings, services.collect(), referrals)
    }
}

/// Whether who may see the service may see the plan item too: a finding must not tell of what one of its readers may not see.
fn shows_no_more(item: &PlanItem, input: &Input) -> bool {
    let Some(written) = &item.written else { return false };
    let agency: Option<AgencyId> = written.agency.parse().ok();
    agency == Some(input.agency) && (written.label.is_empty() || written.label == input.label)
}

impl At<'_> {
    fn input(&self, written: &Written, entry: String) -> Option<Input> {
        Some(Input {
            service: self.service.to_owned(),
            stream: self.stream.to_owned(),
            entry,
            person: self.person,
            agency: written.agency.parse().ok()?,
            // The category under which the timeline shows the fact itself.
            category: self.service.to_owned(),
            label: written.label.clone(),
            shared_with: BTreeSet::new(),
        })
    }
}

fn commitment(input: Input, kind: CommitmentKind, written: &Written, hour: &Hour) -> Option<Commitment> {
    let place = match Setting::try_from(hour.setting).ok()? {
        Setting::Phone | Setting::Video => Place::Remote,
        Setting::Home => Place::Home,
        // An interview at an office is at the employer's, not at the agency that helps to find the job.
        Setting::Office if kind == CommitmentKind::Appointment => Place::Agency(input.agency),
        Setting::Unspecified
        | Setting::Office
        | Setting::Workplace
        | Setting::School
        | Setting::Street
        | Setting::Community => Place::Elsewhere,
    };
    let known_until = known_until(written, &Zone::stored(hour.zone.as_str()));
    Some(Commitment { input, kind, start: instant(hour.start)?, end: instant(hour.end)?, place, known_until })
}

fn shifts(
    pattern: &work::ShiftPattern,
    first: Option<&proto::Date>,
    over: Option<&proto::Date>,
) -> Option<Shifts> {
    let from = from_date(pattern.from_day.as_ref()?)?;
    let until = pattern.until_day.as_ref().and_then(from_date);
    let over = over.and_then(from_date);
    Some(Shifts {
        zone: Zone::stored(pattern.zone.as_str()),
        weekly: pattern.weekly.iter().map(weekly).collect::<Option<_>>()?,
        from: first.and_then(from_date).map_or(from, |first| from.max(first)),
        until: [until, over].into_iter().flatten().min(),
    })
}

fn weekly(shift: &work::WeeklyShift) -> Option<WeeklyShift> {
    let weekday =
        i8::try_from(shift.weekday).ok().and_then(|day| Weekday::from_monday_one_offset(day).ok())?;
    Some(WeeklyShift { weekday, start: minute(shift.start_minute)?, end: minute(shift.end_minute)? })
}

fn minute(minute: u32) -> Option<Time> {
    let part = |value: u32| i8::try_from(value).ok();
    Time::new(part(minute / 60)?, part(minute % 60)?, 0, 0).ok()
}

/// The instant from which a recorded fact is not known any more.
fn known_until(written: &Written, zone: &Zone) -> Option<Timestamp> {
    let day: Day = written.known_until.as_ref().and_then(from_date)?;
    Some(zone.start_of(day))
}

fn instant(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}
