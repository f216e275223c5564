//! Participations on the wire.
//! Invariant: a contact has one shape in every service; it is stored as it was told.

use kernel::{AgencyId, By, Discrepancy, PersonId, Timestamp};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire::{self, from_occurred, to_occurred};
use prost::Name;
use proto::referrals as pb;
use proto::referrals::referrals_event::Kind;
use tonic::Status;
use uuid::Uuid;

use super::assignment::workers;
use super::codes::closing_reason;
use super::contact::{contact_in, contact_out, stored_contact};
use super::{id_text, kind_of, known_until, labels, not_of, occurred, stored_id, stored_optional_id, wrap};
use crate::domain::ParticipationId;
use crate::domain::assignment::Assignment;
use crate::domain::participation::{
    Command, Event, Facts, Part, Participation, Recorded, State, destination,
};

/// The most items of a plan that one participation carries out.
const PLAN_ITEMS: usize = 50;

fn part(id: ParticipationId, agency: AgencyId, person: &str, offer: &str) -> Result<Part, BadField> {
    let (person, offer) = (wire::id("person_id", person)?, wire::id("offer_id", offer)?);
    Ok(Part { id, person, agency, offer, referral: None })
}

/// It begins: who takes part in what, and the command once it is known what that says.
pub fn start(
    id: ParticipationId,
    agency: AgencyId,
    now: Timestamp,
    request: &pb::StartParticipationRequest,
) -> Result<(Part, impl Fn(Facts) -> Command + use<>), BadField> {
    let part = part(id, agency, &request.person_id, &request.offer_id)?;
    let at = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
    Ok((part, move |facts| Command::Start { by: By::Agency(agency), facts, at: at.clone() }))
}

/// The items of the person's plan that it carries out.
pub fn name_plan(
    by: By,
    request: &pb::NameParticipationPlanRequest,
) -> Result<(ParticipationId, Command), BadField> {
    let items = wire::ids("plan_item_ids", &request.plan_item_ids, PLAN_ITEMS)?;
    Ok((wire::id("participation_id", &request.participation_id)?, Command::NamePlan { by, items }))
}

/// A contact is noted.
pub fn add_contact(
    by: By,
    contact: Uuid,
    request: &pb::AddParticipationContactRequest,
) -> Result<(ParticipationId, Command), BadField> {
    let contact = contact_in(contact, request.contact.as_ref())?;
    let id = wire::id("participation_id", &request.participation_id)?;
    Ok((id, Command::AddContact { by, contact, recorded: false }))
}

/// A contact is put down from elsewhere.
pub fn record_contact(
    by: By,
    contact: Uuid,
    request: &pb::RecordParticipationContactRequest,
) -> Result<(ParticipationId, Command), BadField> {
    let contact = contact_in(contact, request.contact.as_ref())?;
    let id = wire::id("participation_id", &request.participation_id)?;
    Ok((id, Command::AddContact { by, contact, recorded: true }))
}

/// It ends.
pub fn end(
    by: By,
    now: Timestamp,
    request: &pb::EndParticipationRequest,
) -> Result<(ParticipationId, Command), BadField> {
    let at = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
    let reason = closing_reason::parse("reason", request.reason)?;
    Ok((wire::id("participation_id", &request.participation_id)?, Command::End { by, at, reason }))
}

/// Somebody takes care of it.
pub fn assign_participation(
    to: Assignment,
    by: By,
    request: &pb::AssignParticipationRequest,
) -> Result<(ParticipationId, Command), BadField> {
    Ok((wire::id("participation_id", &request.participation_id)?, Command::Assign { by, to }))
}

/// It is put down from elsewhere, whole; the offer is looked up by the caller.
pub fn record_participation(
    id: ParticipationId,
    agency: AgencyId,
    request: &pb::RecordParticipationRequest,
) -> Result<(Part, impl Fn(Facts) -> Command + use<>), BadField> {
    let part = part(id, agency, &request.person_id, &request.offer_id)?;
    let started = wire::occurred("started", wire::required("started", request.started.as_ref())?)?;
    let ended = request.ended.as_ref().map(|at| wire::occurred("ended", at)).transpose()?;
    if ended.as_ref().is_some_and(|ended| ended.at < started.at) {
        return Err(BadField::new("ended", "is before `started`; send an end on or after the start"));
    }
    let ended = ended.map(|at| (at, request.destination_code));
    let known_until = wire::known_until(request.source.as_ref(), ended.is_none())?;
    let record = move |facts| {
        let (started, ended) = (started.clone(), ended.clone());
        Command::Record(Box::new(Recorded { facts, started, ended, known_until, discrepancies: vec![] }))
    };
    Ok((part, record))
}

/// A participation as its readers see it.
pub fn participation(id: ParticipationId, version: u64, state: &State) -> Option<pb::Participation> {
    match state {
        State::Unmade | State::InError { .. } => None,
        State::Made { facts, started, ended, plan_items, contacts, assignee, .. } => {
            Some(pb::Participation {
                id: id.to_string(),
                etag: version.to_string(),
                person_id: facts.person.to_string(),
                agency_id: facts.agency.to_string(),
                offer_id: facts.offer.to_string(),
                offer_name: facts.offer_name.clone(),
                started: Some(to_occurred(started)),
                ended: ended.as_ref().map(|(at, _)| to_occurred(at)),
                contacts: u32::try_from(contacts.len()).unwrap_or(u32::MAX),
                referral_id: id_text(facts.referral),
                plan_item_ids: plan_items.iter().map(ToString::to_string).collect(),
                assignee_worker_id: id_text(*assignee),
                destination_code: ended.as_ref().map(|(_, code)| *code).unwrap_or_default(),
            })
        }
    }
}

impl Encoding for Participation {
    fn person(after: &State) -> Option<PersonId> {
        match after {
            State::Unmade => None,
            State::Made { facts, .. } => Some(facts.person),
            State::InError { person, .. } => Some(*person),
        }
    }

    fn encode(event: &Event, _: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let of = |kind: String, message, occurred, part2| Payload {
            occurred,
            labels: labels(part2),
            ..Payload::new(kind, &wrap(message))
        };
        Ok(match event {
            Event::Started { facts, at } => {
                let message = pb::ParticipationStarted {
                    participation_id: facts.id.to_string(),
                    person_id: facts.person.to_string(),
                    agency_id: facts.agency.to_string(),
                    offer_id: facts.offer.to_string(),
                    practice: facts.practice.clone(),
                    referral_id: id_text(facts.referral),
                    offer_name: facts.offer_name.clone(),
                    part2: facts.part2,
                };
                let kind = pb::ParticipationStarted::full_name();
                of(kind, Kind::ParticipationStarted(message), Some(at.clone()), facts.part2)
            }
            Event::PlanNamed { id, part2, items, .. } => {
                let message = pb::ParticipationPlanNamed {
                    participation_id: id.to_string(),
                    plan_item_ids: items.iter().map(ToString::to_string).collect(),
                };
                let kind = pb::ParticipationPlanNamed::full_name();
                of(kind, Kind::ParticipationPlanNamed(message), None, *part2)
            }
            Event::ContactMade { id, part2, contact, .. } => {
                let message = pb::ParticipationContactMade {
                    participation_id: id.to_string(),
                    contact: Some(contact_out(contact)),
                    contact_id: contact.id.to_string(),
                };
                let kind = pb::ParticipationContactMade::full_name();
                of(kind, Kind::ParticipationContactMade(message), Some(contact.occurred.clone()), *part2)
            }
            Event::Ended { id, part2, at, reason, .. } => {
                let message = pb::ParticipationEnded {
                    participation_id: id.to_string(),
                    reason: closing_reason::number(*reason),
                    destination_code: destination(*reason),
                };
                let kind = pb::ParticipationEnded::full_name();
                of(kind, Kind::ParticipationEnded(message), Some(at.clone()), *part2)
            }
            Event::Assigned { id, part2, worker, from, at, .. } => {
                let participation_id = id.to_string();
                let (worker_id, from_worker_id) = workers(*worker, *from);
                let message = pb::ParticipationAssigned { participation_id, worker_id, from_worker_id };
                let kind = pb::ParticipationAssigned::full_name();
                of(kind, Kind::ParticipationAssigned(message), Some(at.clone()), *part2)
            }
            Event::Recorded { told, correction } => {
                let facts = &told.facts;
                let message = pb::ParticipationRecorded {
                    participation_id: facts.id.to_string(),
                    person_id: facts.person.to_string(),
                    agency_id: facts.agency.to_string(),
                    offer_id: facts.offer.to_string(),
                    offer_name: facts.offer_name.clone(),
                    started: Some(to_occurred(&told.started)),
                    ended: told.ended.as_ref().map(|(at, _)| to_occurred(at)),
                    destination_code: told.ended.as_ref().map(|(_, code)| *code).unwrap_or_default(),
                    correction: *correction,
                    part2: facts.part2,
                    practice: facts.practice.clone(),
                };
                let kind = pb::ParticipationRecorded::full_name();
                let started = Some(told.started.clone());
                let mut payload = of(kind, Kind::ParticipationRecorded(message), started, facts.part2);
                payload.discrepancies = told.discrepancies.clone();
                payload
            }
            Event::EnteredInError { id, .. } => {
                let message = pb::ParticipationEnteredInError { participation_id: id.to_string() };
                let kind = pb::ParticipationEnteredInError::full_name();
                of(kind, Kind::ParticipationEnteredInError(message), None, false)
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let bad = |why| move || Unreadable::new(stored, why);
        let part2 = stored.labels.iter().any(|label| label == super::PART2);
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::ParticipationStarted(message) => Event::Started {
                at: occurred(stored)?,
                facts: Facts {
                    id: stored_id(stored, &message.participation_id)?,
                    person: stored_id(stored, &message.person_id)?,
                    agency: stored_id(stored, &message.agency_id)?,
                    offer: stored_id(stored, &message.offer_id)?,
                    offer_name: message.offer_name,
                    practice: message.practice,
                    referral: stored_optional_id(stored, &message.referral_id)?,
                    part2: message.part2,
                },
            },
            Kind::ParticipationPlanNamed(message) => Event::PlanNamed {
                id: stored_id(stored, &message.participation_id)?,
                person: stored_id(stored, &stored.person_id)?,
                part2,
                items: message
                    .plan_item_ids
                    .iter()
                    .map(|item| stored_id(stored, item))
                    .collect::<Result<_, _>>()?,
            },
            Kind::ParticipationContactMade(message) => Event::ContactMade {
                id: stored_id(stored, &message.participation_id)?,
                person: stored_id(stored, &stored.person_id)?,
                part2,
                contact: stored_contact(stored, &message.contact_id, message.contact)?,
            },
            Kind::ParticipationEnded(message) => Event::Ended {
                id: stored_id(stored, &message.participation_id)?,
                person: stored_id(stored, &stored.person_id)?,
                part2,
                at: occurred(stored)?,
                reason: closing_reason::stored(message.reason).ok_or_else(bad("its reason is not known"))?,
            },
            Kind::ParticipationAssigned(message) => Event::Assigned {
                id: stored_id(stored, &message.participation_id)?,
                person: stored_id(stored, &stored.person_id)?,
                part2,
                worker: stored_optional_id(stored, &message.worker_id)?,
                from: stored_optional_id(stored, &message.from_worker_id)?,
                at: occurred(stored)?,
            },
            Kind::ParticipationRecorded(message) => {
                let started =
                    message.started.as_ref().and_then(from_occurred).ok_or_else(bad("it has no start"))?;
                let ended = message.ended.as_ref().and_then(from_occurred);
                let discrepancies = stored.discrepancies.iter();
                Event::Recorded {
                    correction: message.correction,
                    told: Box::new(Recorded {
                        started,
                        known_until: known_until(stored, ended.is_none()),
                        ended: ended.map(|at| (at, message.destination_code)),
                        discrepancies: discrepancies.map(|d| Discrepancy::new(&d.code, &*d.detail)).collect(),
                        facts: Facts {
                            id: stored_id(stored, &message.participation_id)?,
                            person: stored_id(stored, &message.person_id)?,
                            agency: stored_id(stored, &message.agency_id)?,
                            offer: stored_id(stored, &message.offer_id)?,
                            offer_name: message.offer_name,
                            practice: message.practice,
                            referral: None,
                            part2: message.part2,
                        },
                    }),
                }
            }
            Kind::ParticipationEnteredInError(message) => Event::EnteredInError {
                id: stored_id(stored, &message.participation_id)?,
                person: stored_id(stored, &stored.person_id)?,
            },
            _ => return Err(not_of::<Participation>(stored)),
        })
    }
}
