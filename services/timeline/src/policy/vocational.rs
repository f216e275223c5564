//! Cases, jobs and employment reports on the timeline.
//! Invariant: an employer's name is the person's own business: it stands sealed beside the line, never in it.

use kernel::{Occurred, Zone};
use platform::source::Read;
use platform::wire::{from_date, to_occurred};
use prost::Message;
use proto::timeline::EntryKind;
use proto::types::LifeDomain;
use proto::vocational::vocational_event::Kind;
use proto::vocational::{self as pb, VocationalEvent};

use super::{Unreadable, entry, goes_on, served, spoken, withdraw};
use crate::entries::{Entries, Put};

const LOG: &str = "vocational";
const CASE: &str = "case";
const JOB: &str = "job";
/// From the first day of work on.
const WORK: &str = "work";
const REPORT: &str = "report";

pub(super) fn apply(entries: &mut Entries, read: &Read) -> Result<(), Unreadable> {
    let payload = VocationalEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?;
    match payload.kind.ok_or(Unreadable)? {
        // What was not done is no event in a person's life.
        Kind::ReactionRefused(_) => {}
        Kind::CaseOpened(opened) => {
            let line = format!("Supported employment ({}): referred", opened.practice);
            let mut entry = entry(LOG, read, EntryKind::Episode, line);
            entry.open = true;
            entry.life_domains = vec![LifeDomain::Employment.into()];
            entry.goal_ids.extend(Some(opened.goal_id).filter(|goal| !goal.is_empty()));
            let mut put = served(LOG, read, entry, &opened.agency_id);
            put.stored.facts.insert("practice".into(), opened.practice);
            entries.put(CASE, put);
        }
        Kind::CaseWorkerAssigned(_) => goes_on(entries, CASE, read, |_| {}),
        Kind::CasePlanNamed(named) => goes_on(entries, CASE, read, |entry| {
            entry.goal_ids = Some(named.goal_id).filter(|goal| !goal.is_empty()).into_iter().collect();
        }),
        Kind::CaseContactMade(made) => {
            entries.put(format!("contact:{}", made.contact_id), contact(read, made.contact, "Contact")?);
        }
        Kind::CaseContactEnteredInError(wrong) => entries.end(&format!("contact:{}", wrong.contact_id)),
        Kind::CaseEngaged(_) => case(entries, read, "engaged", true),
        Kind::SearchStarted(_) => case(entries, read, "searching for work", true),
        Kind::CaseEmployed(_) => case(entries, read, "employed", true),
        Kind::CaseJobEnded(ended) => {
            if ended.searching {
                case(entries, read, "searching for work again", true);
            } else {
                goes_on(entries, CASE, read, |_| {});
            }
        }
        Kind::CasePaused(_) => case(entries, read, "paused", true),
        Kind::CaseResumed(resumed) => case(entries, read, case_word(resumed.state()), true),
        Kind::CaseTransitioned(_) => case(entries, read, "handed on, employed", false),
        Kind::CaseDischarged(closed) => {
            let how = if closed.ended_early { "ended early" } else { "withdrawn before start" };
            let how = if closed.reason() == pb::DischargeReason::Completed { "completed" } else { how };
            case(entries, read, how, false);
        }
        Kind::CaseReengaged(again) => case(entries, read, case_word(again.state()), true),
        Kind::CaseEnteredInError(_)
        | Kind::JobEnteredInError(_)
        | Kind::EmploymentStatusEnteredInError(_) => {
            withdraw(entries, read);
        }

        Kind::JobLeadAdded(lead) => {
            let kind = job_kind(lead.kind());
            let mut put = employment(read, EntryKind::StatusChange, &format!("Job ({kind}): lead"), true);
            put.stored.facts.insert("kind".into(), kind.into());
            put.stored.text = lead.employer;
            if let Some(entry) = put.stored.entry.as_mut() {
                entry.goal_ids.extend(Some(lead.goal_id).filter(|goal| !goal.is_empty()));
            }
            entries.put(JOB, put);
        }
        Kind::JobTermsChanged(_) | Kind::DisclosureChosen(_) => goes_on(entries, JOB, read, |_| {}),
        Kind::EmployerContactMade(made) => {
            entries.put(
                format!("contact:{}", made.contact_id),
                contact(read, made.contact, "Contact with an employer")?,
            );
        }
        Kind::EmployerContactEnteredInError(wrong) => entries.end(&format!("contact:{}", wrong.contact_id)),
        Kind::JobApplied(_) => job(entries, read, "applied", true),
        Kind::InterviewScheduled(scheduled) => {
            let mut put = employment(read, EntryKind::Attendance, "Job interview", false);
            let start =
                scheduled.starts_at.as_ref().and_then(|at| jiff::Timestamp::new(at.seconds, at.nanos).ok());
            let start = Occurred {
                zone: Zone::stored(scheduled.zone),
                ..Occurred::instant(start.ok_or(Unreadable)?)
            };
            if let Some(entry) = put.stored.entry.as_mut() {
                entry.end = Some(to_occurred(&later(&start, scheduled.minutes)));
                entry.start = Some(to_occurred(&start));
            }
            put.stored.text = scheduled.place;
            entries.put(format!("interview:{}", scheduled.interview_id), put);
        }
        Kind::InterviewCancelled(cancelled) => {
            goes_on(entries, &format!("interview:{}", cancelled.interview_id), read, |entry| {
                entry.line = "Job interview: cancelled".into();
            });
        }
        Kind::JobOffered(_) => job(entries, read, "offered", true),
        Kind::JobAccepted(_) => job(entries, read, "accepted", true),
        Kind::JobStarted(started) => {
            job(entries, read, "started", false);
            let on = started.started_on.as_ref().and_then(from_date).ok_or(Unreadable)?;
            let kind = job_kind(started.kind());
            let mut put = employment(read, EntryKind::Job, &format!("Works ({kind})"), true);
            if let Some(entry) = put.stored.entry.as_mut() {
                entry.start = Some(to_occurred(&Occurred::day(on, Zone::stored(started.zone))));
            }
            put.stored.text = entries.get(JOB).and_then(|lead| lead.stored.text.clone());
            put.stored.facts.insert("kind".into(), kind.into());
            entries.put(WORK, put);
        }
        Kind::JobStartCounted(_) => {
            entries.put(
                "counted",
                employment(read, EntryKind::Milestone, "Job start counts: 4 paid hours", false),
            );
            goes_on(entries, WORK, read, |_| {});
        }
        Kind::JobEnded(ended) => {
            let on = ended.ended_on.as_ref().and_then(from_date).ok_or(Unreadable)?;
            let end = Occurred::day(on.tomorrow().unwrap_or(on), Zone::stored(ended.zone.clone()));
            let why = job_end(ended.reason());
            goes_on(entries, WORK, read, |entry| {
                entry.open = false;
                entry.end = Some(to_occurred(&end));
                entry.line = format!("{}, ended: {why}", entry.line.replacen("Works", "Worked", 1));
            });
        }
        Kind::JobDeclined(declined) => {
            job(
                entries,
                read,
                if declined.by() == pb::JobParty::Person {
                    "declined by the person"
                } else {
                    "declined by the employer"
                },
                false,
            );
        }
        Kind::JobWithdrawn(_) => job(entries, read, "withdrawn", false),

        Kind::EmploymentStatusRecorded(report) => {
            let line = if report.employed {
                format!("Employed{}", employment_type(report.employment_type()))
            } else {
                format!("Not employed{}", not_employed(report.not_employed_reason()))
            };
            let on = report.on_day.as_ref().and_then(from_date).ok_or(Unreadable)?;
            let mut put = employment(read, EntryKind::StatusChange, &format!("{line}, as reported"), false);
            if let Some(entry) = put.stored.entry.as_mut() {
                entry.start = Some(to_occurred(&Occurred::day(on, Zone::stored(report.zone))));
            }
            entries.put(REPORT, put);
        }
    }
    Ok(())
}

fn employment(read: &Read, kind: EntryKind, line: &str, open: bool) -> Put {
    let mut entry = entry(LOG, read, kind, line);
    entry.open = open;
    entry.life_domains = vec![LifeDomain::Employment.into()];
    spoken(LOG, read, entry)
}

fn contact(read: &Read, contact: Option<proto::types::Contact>, what: &str) -> Result<Put, Unreadable> {
    let contact = contact.ok_or(Unreadable)?;
    let line = if contact.reached { what.to_owned() } else { format!("{what}, attempted") };
    let mut put = employment(read, EntryKind::Contact, &line, false);
    if let Some(entry) = put.stored.entry.as_mut() {
        entry.start = contact.occurred;
    }
    Ok(put)
}

fn later(start: &Occurred, minutes: u32) -> Occurred {
    let end = start.at.checked_add(jiff::SignedDuration::from_mins(minutes.into())).unwrap_or(start.at);
    Occurred { at: end, ..start.clone() }
}

fn case(entries: &mut Entries, read: &Read, word: &str, open: bool) {
    entries.change(CASE, |stored| {
        let practice = stored.facts.get("practice").cloned().unwrap_or_default();
        if let Some(entry) = stored.entry.as_mut() {
            super::made_of(entry, read);
            entry.line = format!("Supported employment ({practice}): {word}");
            entry.open = open;
            entry.end = if open { None } else { read.event.occurred.clone() };
        }
    });
}

fn job(entries: &mut Entries, read: &Read, word: &str, open: bool) {
    entries.change(JOB, |stored| {
        let kind = stored.facts.get("kind").cloned().unwrap_or_default();
        if let Some(entry) = stored.entry.as_mut() {
            super::made_of(entry, read);
            entry.line = format!("Job ({kind}): {word}");
            entry.open = open;
            entry.end = if open { None } else { read.event.occurred.clone() };
        }
    });
}

fn case_word(state: pb::CaseState) -> &'static str {
    match state {
        pb::CaseState::Unspecified => "open",
        pb::CaseState::Referred => "referred",
        pb::CaseState::Engaged => "engaged",
        pb::CaseState::Searching => "searching for work",
        pb::CaseState::Employed => "employed",
        pb::CaseState::Transitioned => "handed on, employed",
        pb::CaseState::Discharged => "ended",
        pb::CaseState::Paused => "paused",
        pb::CaseState::EnteredInError => "withdrawn",
    }
}

fn job_kind(kind: pb::JobKind) -> &'static str {
    match kind {
        pb::JobKind::Unspecified => "kind not told",
        pb::JobKind::Competitive => "competitive",
        pb::JobKind::SelfEmployed => "self-employed",
        pb::JobKind::Temporary => "temporary",
        pb::JobKind::Transitional => "transitional",
        pb::JobKind::SupportedSetting => "supported setting",
        pb::JobKind::Volunteer => "volunteer",
        pb::JobKind::Education => "education",
    }
}

fn job_end(reason: pb::JobEnd) -> &'static str {
    match reason {
        pb::JobEnd::Unspecified | pb::JobEnd::Other => "other reason",
        pb::JobEnd::BetterJob => "better job",
        pb::JobEnd::Quit => "quit",
        pb::JobEnd::LaidOff => "laid off",
        pb::JobEnd::Dismissed => "dismissed",
        pb::JobEnd::TemporaryEnded => "temporary job ended",
        // A line says no more than its labels: health is the person's to tell.
        pb::JobEnd::Health => "personal reason",
    }
}

fn employment_type(kind: pb::EmploymentType) -> &'static str {
    match kind {
        pb::EmploymentType::Unspecified => "",
        pb::EmploymentType::FullTime => ", full time",
        pb::EmploymentType::PartTime => ", part time",
        pb::EmploymentType::Seasonal => ", seasonal",
    }
}

fn not_employed(reason: pb::NotEmployedReason) -> &'static str {
    match reason {
        pb::NotEmployedReason::Unspecified => "",
        pb::NotEmployedReason::Looking => ", looking for work",
        pb::NotEmployedReason::Unable => ", unable to work",
        pb::NotEmployedReason::NotLooking => ", not looking for work",
    }
}
