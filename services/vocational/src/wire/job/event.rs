//! A job's events as bytes and back.
//! Invariant: what was encoded decodes to the same event, its personal texts sealed.

use kernel::{Occurred, PersonId, Voice, Zone};
use platform::command::{Encoding, Ink, Payload, Unreadable, from_private};
use platform::wire::{to_date, to_instant};
use proto::vocational as pb;
use proto::vocational::vocational_event::Kind;
use tonic::Status;

use super::satisfied_out;
use crate::domain::job::{Event, Facts, Interview, Job, State};
use crate::wire::codes::{disclosure, end_reason, job_kind, job_party, setting};
use crate::wire::stored::Stored;
use crate::wire::{PART2, contact, id_text, terms};

impl Encoding for Job {
    fn person(after: &State) -> Option<PersonId> {
        after.facts().map(|facts| facts.person)
    }

    fn encode(event: &Event, after: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let facts = after.facts();
        let mut payload = encode(event, facts.map(|facts| facts.id.to_string()).unwrap_or_default(), ink)?;
        if facts.is_some_and(|facts| facts.part2) {
            payload.labels = vec![PART2.to_owned()];
        }
        Ok(payload)
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        decode(Stored(stored))
    }
}

fn encode(event: &Event, job_id: String, ink: &Ink<'_>) -> Result<Payload, Status> {
    Ok(match event {
        Event::LeadAdded(facts) => lead_added(facts, ink)?,
        Event::TermsChanged(now) => says!(JobTermsChanged { job_id, terms: Some(terms::out(now)) }),
        Event::DisclosureChosen(choice) => {
            let payload = says!(DisclosureChosen { job_id, choice: disclosure::number(*choice) });
            Payload { voice: Some(Voice::Person), ..payload }
        }
        Event::EmployerContactMade { case, contact: made, person_named } => {
            let payload = says!(EmployerContactMade {
                job_id,
                case_id: case.to_string(),
                contact_id: made.id.to_string(),
                contact: Some(contact::out(made)),
                person_named: *person_named,
            });
            Payload { occurred: Some(made.occurred.clone()), ..payload }
        }
        Event::EmployerContactEnteredInError { contact } => {
            says!(EmployerContactEnteredInError { job_id, contact_id: contact.to_string() })
        }
        Event::Applied { introduced_by_staff } => {
            says!(JobApplied { job_id, introduced_by_staff: *introduced_by_staff })
        }
        Event::InterviewScheduled { case, interview } => says!(InterviewScheduled {
            job_id,
            case_id: case.to_string(),
            interview_id: interview.id.to_string(),
            starts_at: Some(to_instant(interview.starts_at)),
            minutes: interview.minutes,
            zone: interview.zone.name().to_owned(),
            setting: setting::number(interview.setting),
            place: ink.seal_some("interview.place", interview.place.as_ref())?,
        }),
        Event::InterviewCancelled { interview } => {
            says!(InterviewCancelled { job_id, interview_id: interview.to_string() })
        }
        Event::Offered => says!(JobOffered { job_id }),
        Event::Accepted { case, kind, starts_on, terms: agreed } => says!(JobAccepted {
            job_id,
            case_id: case.to_string(),
            kind: job_kind::number(*kind),
            starts_on: starts_on.map(to_date),
            terms: agreed.as_ref().map(terms::out),
        }),
        Event::Started { case, kind, on, zone, terms: agreed } => {
            let payload = says!(JobStarted {
                job_id,
                case_id: case.to_string(),
                kind: job_kind::number(*kind),
                started_on: Some(to_date(*on)),
                zone: zone.name().to_owned(),
                terms: agreed.as_ref().map(terms::out),
            });
            Payload { occurred: Some(Occurred::day(*on, zone.clone())), ..payload }
        }
        Event::StartCounted { case, kind, paid_minutes } => says!(JobStartCounted {
            job_id,
            case_id: case.to_string(),
            kind: job_kind::number(*kind),
            paid_minutes: *paid_minutes,
        }),
        Event::Ended { case, on, zone, reason, satisfied } => {
            let payload = says!(JobEnded {
                job_id,
                case_id: case.to_string(),
                ended_on: Some(to_date(*on)),
                zone: zone.name().to_owned(),
                reason: end_reason::number(*reason),
                satisfied: satisfied_out(*satisfied),
            });
            Payload { occurred: Some(Occurred::day(*on, zone.clone())), ..payload }
        }
        Event::Declined { by } => says!(JobDeclined { job_id, by: job_party::number(*by) }),
        Event::Withdrawn { by } => says!(JobWithdrawn { job_id, by: job_party::number(*by) }),
        Event::EnteredInError => says!(JobEnteredInError { job_id }),
    })
}

fn lead_added(facts: &Facts, ink: &Ink<'_>) -> Result<Payload, Status> {
    Ok(says!(JobLeadAdded {
        job_id: facts.id.to_string(),
        case_id: facts.case.to_string(),
        person_id: facts.person.to_string(),
        agency_id: facts.agency.to_string(),
        kind: job_kind::number(facts.kind),
        employer: Some(ink.seal("employer", &facts.employer)?),
        title: ink.seal_some("title", facts.title.as_ref())?,
        practice: facts.practice.clone(),
        goal_id: id_text(facts.goal),
        part2: facts.part2,
    }))
}

fn decode(stored: Stored<'_>) -> Result<Event, Unreadable> {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds belong to the other streams of this log"
    )]
    Ok(match stored.kind()? {
        Kind::JobLeadAdded(message) => Event::LeadAdded(facts(stored, message)?),
        Kind::JobTermsChanged(message) => {
            Event::TermsChanged(stored.part(terms::stored(stored, message.terms)?)?)
        }
        Kind::DisclosureChosen(message) => {
            Event::DisclosureChosen(stored.code(disclosure::stored(message.choice))?)
        }
        Kind::EmployerContactMade(message) => Event::EmployerContactMade {
            case: stored.id(&message.case_id)?,
            contact: contact::stored(stored, &message.contact_id, message.contact)?,
            person_named: message.person_named,
        },
        Kind::EmployerContactEnteredInError(message) => {
            Event::EmployerContactEnteredInError { contact: stored.id(&message.contact_id)? }
        }
        Kind::JobApplied(message) => Event::Applied { introduced_by_staff: message.introduced_by_staff },
        Kind::InterviewScheduled(message) => Event::InterviewScheduled {
            case: stored.id(&message.case_id)?,
            interview: Interview {
                id: stored.id(&message.interview_id)?,
                starts_at: stored.instant(message.starts_at.as_ref())?,
                minutes: message.minutes,
                zone: Zone::stored(message.zone),
                setting: stored.code(setting::stored(message.setting))?,
                place: from_private(message.place.as_ref()),
            },
        },
        Kind::InterviewCancelled(message) => {
            Event::InterviewCancelled { interview: stored.id(&message.interview_id)? }
        }
        Kind::JobOffered(_) => Event::Offered,
        Kind::JobAccepted(message) => Event::Accepted {
            case: stored.id(&message.case_id)?,
            kind: stored.code(job_kind::stored(message.kind))?,
            starts_on: message.starts_on.as_ref().map(|day| stored.day(Some(day))).transpose()?,
            terms: terms::stored(stored, message.terms)?,
        },
        Kind::JobStarted(message) => Event::Started {
            case: stored.id(&message.case_id)?,
            kind: stored.code(job_kind::stored(message.kind))?,
            on: stored.day(message.started_on.as_ref())?,
            zone: Zone::stored(message.zone),
            terms: terms::stored(stored, message.terms)?,
        },
        Kind::JobStartCounted(message) => Event::StartCounted {
            case: stored.id(&message.case_id)?,
            kind: stored.code(job_kind::stored(message.kind))?,
            paid_minutes: message.paid_minutes,
        },
        Kind::JobEnded(message) => Event::Ended {
            case: stored.id(&message.case_id)?,
            on: stored.day(message.ended_on.as_ref())?,
            zone: Zone::stored(message.zone),
            reason: stored.code(end_reason::stored(message.reason))?,
            satisfied: match stored.code(pb::Satisfied::try_from(message.satisfied).ok())? {
                pb::Satisfied::Unspecified => None,
                pb::Satisfied::Yes => Some(true),
                pb::Satisfied::No => Some(false),
            },
        },
        Kind::JobDeclined(message) => Event::Declined { by: stored.code(job_party::stored(message.by))? },
        Kind::JobWithdrawn(message) => Event::Withdrawn { by: stored.code(job_party::stored(message.by))? },
        Kind::JobEnteredInError(_) => Event::EnteredInError,
        _ => return Err(stored.not_of::<Job>()),
    })
}

fn facts(stored: Stored<'_>, message: pb::JobLeadAdded) -> Result<Facts, Unreadable> {
    Ok(Facts {
        id: stored.id(&message.job_id)?,
        case: stored.id(&message.case_id)?,
        person: stored.id(&message.person_id)?,
        agency: stored.id(&message.agency_id)?,
        kind: stored.code(job_kind::stored(message.kind))?,
        employer: stored.part(from_private(message.employer.as_ref()))?,
        title: from_private(message.title.as_ref()),
        practice: message.practice,
        goal: stored.optional_id(&message.goal_id)?,
        part2: message.part2,
    })
}
