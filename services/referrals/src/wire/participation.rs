//! Participations on the wire.
//! Invariant: a contact has one shape in every service; it is stored as it was told.

mod asks;

use kernel::{Discrepancy, PersonId};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::wire::{from_occurred, to_occurred};
use prost::Name;
use proto::referrals as pb;
use proto::referrals::referrals_event::Kind;
use tonic::Status;

use super::assignment::workers;
use super::codes::{closing_reason, hold_reason, participation_state};
use super::contact::{contact_out, stored_contact};
use super::{id_text, kind_of, known_until, labels, not_of, occurred, stored_id, stored_optional_id, wrap};
use crate::domain::ParticipationId;
use crate::domain::participation::{
    End, Event, Facts, Participation, Recorded, Situation, State, destination,
};

pub use asks::{
    add_contact, assign_participation, end, name_plan, pause, record_contact, record_participation, resume,
    start,
};

/// A participation as its readers see it.
pub fn participation(id: ParticipationId, version: u64, state: &State) -> Option<pb::Participation> {
    match state {
        State::Unmade | State::InError { .. } => None,
        State::Made { facts, started, situation, plan_items, contacts, assignee, .. } => {
            let end = situation.end();
            let (hold_reason, paused) = match situation {
                Situation::Paused { since, reason } => {
                    (hold_reason::number(*reason), Some(to_occurred(since)))
                }
                Situation::GoingOn { .. } | Situation::Ended(_) => (0, None),
            };
            Some(pb::Participation {
                id: id.to_string(),
                etag: version.to_string(),
                person_id: facts.person.to_string(),
                agency_id: facts.agency.to_string(),
                offer_id: facts.offer.to_string(),
                offer_name: facts.offer_name.clone(),
                started: Some(to_occurred(started)),
                ended: end.map(|end| to_occurred(&end.at)),
                contacts: u32::try_from(contacts.len()).unwrap_or(u32::MAX),
                referral_id: id_text(facts.referral),
                plan_item_ids: plan_items.iter().map(ToString::to_string).collect(),
                assignee_worker_id: id_text(*assignee),
                destination_code: end.map(|end| end.destination).unwrap_or_default(),
                state: participation_state(situation).into(),
                hold_reason,
                paused,
                closing_reason: end
                    .and_then(|end| end.reason)
                    .map(closing_reason::number)
                    .unwrap_or_default(),
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
                    zero_exclusion: facts.zero_exclusion,
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
            Event::Paused { id, part2, reason, at, .. } => {
                let reason = hold_reason::number(*reason);
                let message = pb::ParticipationPaused { participation_id: id.to_string(), reason };
                let kind = pb::ParticipationPaused::full_name();
                of(kind, Kind::ParticipationPaused(message), Some(at.clone()), *part2)
            }
            Event::Resumed { id, part2, at, .. } => {
                let message = pb::ParticipationResumed { participation_id: id.to_string() };
                let kind = pb::ParticipationResumed::full_name();
                of(kind, Kind::ParticipationResumed(message), Some(at.clone()), *part2)
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
                let (facts, end) = (&told.facts, told.ended.as_ref());
                let message = pb::ParticipationRecorded {
                    participation_id: facts.id.to_string(),
                    person_id: facts.person.to_string(),
                    agency_id: facts.agency.to_string(),
                    offer_id: facts.offer.to_string(),
                    offer_name: facts.offer_name.clone(),
                    started: Some(to_occurred(&told.started)),
                    ended: end.map(|end| to_occurred(&end.at)),
                    destination_code: end.map(|end| end.destination).unwrap_or_default(),
                    correction: *correction,
                    part2: facts.part2,
                    practice: facts.practice.clone(),
                    reason: end.and_then(|end| end.reason).map(closing_reason::number).unwrap_or_default(),
                    zero_exclusion: facts.zero_exclusion,
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
                    zero_exclusion: message.zero_exclusion,
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
            Kind::ParticipationPaused(message) => Event::Paused {
                id: stored_id(stored, &message.participation_id)?,
                person: stored_id(stored, &stored.person_id)?,
                part2,
                reason: hold_reason::stored(message.reason).ok_or_else(bad("its reason is not known"))?,
                at: occurred(stored)?,
            },
            Kind::ParticipationResumed(message) => Event::Resumed {
                id: stored_id(stored, &message.participation_id)?,
                person: stored_id(stored, &stored.person_id)?,
                part2,
                at: occurred(stored)?,
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
                        ended: ended.map(|at| End {
                            at,
                            reason: closing_reason::stored(message.reason),
                            destination: message.destination_code,
                        }),
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
                            zero_exclusion: message.zero_exclusion,
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
