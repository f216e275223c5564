//! A case's events as bytes and back.
//! Invariant: what was encoded decodes to the same event.

use kernel::{PersonId, Voice};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use proto::vocational::vocational_event::Kind;
use tonic::Status;

use crate::domain::case::{Case, DischargeReason, Event, Facts, PauseReason, Plan, State};
use crate::wire::codes::{discharge_reason, party, pause_reason, stage, stage_stored};
use crate::wire::stored::Stored;
use crate::wire::{PART2, contact, id_text};

impl Encoding for Case {
    fn person(after: &State) -> Option<PersonId> {
        after.facts().map(|facts| facts.person)
    }

    fn encode(event: &Event, after: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let facts = after.facts();
        let mut payload = encode(event, facts.map(|facts| facts.id.to_string()).unwrap_or_default());
        if facts.is_some_and(|facts| facts.part2) {
            payload.labels = vec![PART2.to_owned()];
        }
        Ok(payload)
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        decode(Stored(stored))
    }
}

fn encode(event: &Event, case_id: String) -> Payload {
    match event {
        Event::Opened { facts, plan, worker, at } => {
            let payload = says!(CaseOpened {
                case_id,
                person_id: facts.person.to_string(),
                agency_id: facts.agency.to_string(),
                practice: facts.practice.clone(),
                zero_exclusion: facts.zero_exclusion,
                referral_id: id_text(facts.referral),
                offer_id: id_text(facts.offer),
                worker_id: id_text(*worker),
                goal_id: id_text(plan.goal),
                plan_item_ids: items(plan),
                part2: facts.part2,
            });
            Payload { occurred: Some(at.clone()), ..payload }
        }
        Event::WorkerAssigned { worker, from } => {
            let (worker_id, from_worker_id) = (worker.to_string(), id_text(*from));
            says!(CaseWorkerAssigned { case_id, worker_id, from_worker_id })
        }
        Event::PlanNamed(plan) => {
            says!(CasePlanNamed { case_id, goal_id: id_text(plan.goal), plan_item_ids: items(plan) })
        }
        Event::ContactMade { contact: made, parties } => {
            let payload = says!(CaseContactMade {
                case_id,
                contact_id: made.id.to_string(),
                contact: Some(contact::out(made)),
                parties: parties.iter().map(|one| party::number(*one)).collect(),
            });
            Payload { occurred: Some(made.occurred.clone()), ..payload }
        }
        Event::ContactEnteredInError { contact } => {
            says!(CaseContactEnteredInError { case_id, contact_id: contact.to_string() })
        }
        Event::Engaged { referral } => says!(CaseEngaged { case_id, referral_id: id_text(*referral) }),
        Event::SearchStarted => says!(SearchStarted { case_id }),
        Event::Employed { job, at } => {
            let payload = says!(CaseEmployed { case_id, job_id: job.to_string() });
            Payload { occurred: Some(at.clone()), ..payload }
        }
        Event::JobEnded { job, at, searching } => {
            let payload = says!(CaseJobEnded { case_id, job_id: job.to_string(), searching: *searching });
            Payload { occurred: Some(at.clone()), ..payload }
        }
        Event::Paused { reason, returns } => {
            let payload = says!(CasePaused {
                case_id,
                reason: pause_reason::number(*reason),
                returns_to: stage(*returns).into(),
            });
            Payload { voice: (*reason == PauseReason::PersonsWish).then_some(Voice::Person), ..payload }
        }
        Event::Resumed { stage: now } => says!(CaseResumed { case_id, state: stage(*now).into() }),
        Event::Transitioned { referral } => {
            says!(CaseTransitioned { case_id, referral_id: id_text(*referral) })
        }
        Event::Discharged { referral, reason: why, ended_early } => {
            let (reason, ground) = discharge_reason::numbers(*why);
            let payload = says!(CaseDischarged {
                case_id,
                referral_id: id_text(*referral),
                reason,
                ground,
                ended_early: *ended_early,
            });
            Payload { voice: (*why == DischargeReason::PersonsWish).then_some(Voice::Person), ..payload }
        }
        Event::Reengaged { stage: now } => says!(CaseReengaged { case_id, state: stage(*now).into() }),
        Event::EnteredInError { referral } => {
            says!(CaseEnteredInError { case_id, referral_id: id_text(*referral) })
        }
    }
}

fn items(plan: &Plan) -> Vec<String> {
    plan.items.iter().map(ToString::to_string).collect()
}

fn decode(stored: Stored<'_>) -> Result<Event, Unreadable> {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds belong to the other streams of this log"
    )]
    Ok(match stored.kind()? {
        Kind::CaseOpened(message) => Event::Opened {
            facts: Facts {
                id: stored.id(&message.case_id)?,
                person: stored.id(&message.person_id)?,
                agency: stored.id(&message.agency_id)?,
                practice: message.practice,
                zero_exclusion: message.zero_exclusion,
                referral: stored.optional_id(&message.referral_id)?,
                offer: stored.optional_id(&message.offer_id)?,
                part2: message.part2,
            },
            plan: Plan {
                goal: stored.optional_id(&message.goal_id)?,
                items: stored.ids(&message.plan_item_ids)?,
            },
            worker: stored.optional_id(&message.worker_id)?,
            at: stored.occurred()?,
        },
        Kind::CaseWorkerAssigned(message) => Event::WorkerAssigned {
            worker: stored.id(&message.worker_id)?,
            from: stored.optional_id(&message.from_worker_id)?,
        },
        Kind::CasePlanNamed(message) => Event::PlanNamed(Plan {
            goal: stored.optional_id(&message.goal_id)?,
            items: stored.ids(&message.plan_item_ids)?,
        }),
        Kind::CaseContactMade(message) => Event::ContactMade {
            contact: contact::stored(stored, &message.contact_id, message.contact)?,
            parties: message
                .parties
                .iter()
                .map(|number| stored.code(party::stored(*number)))
                .collect::<Result<_, _>>()?,
        },
        Kind::CaseContactEnteredInError(message) => {
            Event::ContactEnteredInError { contact: stored.id(&message.contact_id)? }
        }
        Kind::CaseEngaged(message) => Event::Engaged { referral: stored.optional_id(&message.referral_id)? },
        Kind::SearchStarted(_) => Event::SearchStarted,
        Kind::CaseEmployed(message) => {
            Event::Employed { job: stored.id(&message.job_id)?, at: stored.occurred()? }
        }
        Kind::CaseJobEnded(message) => Event::JobEnded {
            job: stored.id(&message.job_id)?,
            at: stored.occurred()?,
            searching: message.searching,
        },
        Kind::CasePaused(message) => Event::Paused {
            reason: stored.code(pause_reason::stored(message.reason))?,
            returns: stored.code(stage_stored(message.returns_to))?,
        },
        Kind::CaseResumed(message) => Event::Resumed { stage: stored.code(stage_stored(message.state))? },
        Kind::CaseTransitioned(message) => {
            Event::Transitioned { referral: stored.optional_id(&message.referral_id)? }
        }
        Kind::CaseDischarged(message) => Event::Discharged {
            referral: stored.optional_id(&message.referral_id)?,
            reason: stored.code(discharge_reason::stored(message.reason, message.ground))?,
            ended_early: message.ended_early,
        },
        Kind::CaseReengaged(message) => Event::Reengaged { stage: stored.code(stage_stored(message.state))? },
        Kind::CaseEnteredInError(message) => {
            Event::EnteredInError { referral: stored.optional_id(&message.referral_id)? }
        }
        _ => return Err(stored.not_of::<Case>()),
    })
}
