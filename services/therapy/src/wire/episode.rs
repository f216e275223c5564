//! Episodes on the wire.
//! Invariant: an event that opens, starts or closes an episode names the referral that opened it, so that one event is enough to close the loop.

use kernel::{AgencyId, By, PersonId, Timestamp};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire::{self, to_occurred};
use prost::Name;
use proto::therapy as pb;
use proto::therapy::therapy_event::Kind;
use tonic::Status;

use super::codes::closing;
use super::{has_part2, id_text, kind_of, labels, not_of, occurred, stored_id, stored_optional_id, wrap};
use crate::domain::episode::{About, Command, Episode, Event, Facts, Serves, Stage, State};
use crate::domain::{EpisodeId, Modality};

/// How many plan items one episode may carry out.
const PLAN_ITEMS: usize = 50;

/// One is to be opened.
pub fn open(
    id: EpisodeId,
    agency: AgencyId,
    now: Timestamp,
    request: &pb::OpenEpisodeRequest,
) -> Result<Command, BadField> {
    let facts = Facts {
        id,
        person: wire::id("person_id", &request.person_id)?,
        agency,
        modality: Modality::new(&request.modality)
            .map_err(|why| BadField::new("modality", why.to_string()))?,
        referral: None,
        goal: wire::optional_id("goal_id", &request.goal_id)?,
        plan_items: wire::ids("plan_item_ids", &request.plan_item_ids, PLAN_ITEMS)?,
        part2: request.part2,
    };
    let practitioner = wire::optional_id("practitioner_id", &request.practitioner_id)?;
    let at = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
    Ok(Command::Open { by: By::Agency(agency), facts, practitioner, at })
}

/// Somebody is to treat.
pub fn assign(by: By, request: &pb::AssignEpisodeRequest) -> Result<(EpisodeId, Command), BadField> {
    let practitioner = wire::id("practitioner_id", &request.practitioner_id)?;
    Ok((wire::id("episode_id", &request.episode_id)?, Command::Assign { by, practitioner }))
}

/// What it serves is named.
pub fn name_plan(by: By, request: &pb::NameEpisodePlanRequest) -> Result<(EpisodeId, Command), BadField> {
    let serves = Serves {
        goal: wire::optional_id("goal_id", &request.goal_id)?,
        plan_items: wire::ids("plan_item_ids", &request.plan_item_ids, PLAN_ITEMS)?,
    };
    Ok((wire::id("episode_id", &request.episode_id)?, Command::NamePlan { by, serves }))
}

/// It is to be closed.
pub fn close(
    by: By,
    now: Timestamp,
    request: &pb::CloseEpisodeRequest,
) -> Result<(EpisodeId, Command), BadField> {
    let reason = closing::parse("reason", request.reason)?;
    let at = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
    Ok((wire::id("episode_id", &request.episode_id)?, Command::Close { by, at, reason }))
}

/// It was never meant.
pub fn mark_entered_in_error(
    by: By,
    request: &pb::MarkEpisodeEnteredInErrorRequest,
) -> Result<(EpisodeId, Command), BadField> {
    Ok((wire::id("episode_id", &request.episode_id)?, Command::MarkEnteredInError { by }))
}

/// The contract's name for how far an episode is.
pub fn stage(stage: &Stage) -> pb::EpisodeState {
    match stage {
        Stage::Open => pb::EpisodeState::Open,
        Stage::Started(_) => pb::EpisodeState::Started,
        Stage::Closed { .. } => pb::EpisodeState::Closed,
    }
}

/// An episode as its readers see it.
pub fn episode(id: EpisodeId, version: u64, state: &State) -> Option<pb::Episode> {
    let (facts, mut out) = match state {
        State::Unmade => return None,
        State::InError { facts } => {
            let state = pb::EpisodeState::EnteredInError.into();
            (facts, pb::Episode { state, ..Default::default() })
        }
        State::Made { facts, practitioner, opened, stage: at, .. } => {
            let (closed, closing) = match at {
                Stage::Closed { at, reason, .. } => (Some(to_occurred(at)), closing::number(*reason)),
                Stage::Open | Stage::Started(_) => (None, 0),
            };
            let out = pb::Episode {
                practitioner_id: id_text(*practitioner),
                state: stage(at).into(),
                opened: Some(to_occurred(opened)),
                closed,
                closing,
                ..Default::default()
            };
            (facts, out)
        }
    };
    out.id = id.to_string();
    out.etag = version.to_string();
    out.person_id = facts.person.to_string();
    out.agency_id = facts.agency.to_string();
    out.modality = facts.modality.to_string();
    out.referral_id = id_text(facts.referral);
    let serves = state.serves();
    out.goal_id = id_text(serves.goal);
    out.plan_item_ids = serves.plan_items.iter().map(ToString::to_string).collect();
    Some(out)
}

impl Encoding for Episode {
    fn person(after: &State) -> Option<PersonId> {
        match after {
            State::Unmade => None,
            State::Made { facts, .. } | State::InError { facts } => Some(facts.person),
        }
    }

    fn encode(event: &Event, _: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let of = |kind: String, message, part2| Payload {
            labels: labels(part2),
            ..Payload::new(kind, &wrap(message))
        };
        Ok(match event {
            Event::Opened { facts, practitioner, at } => {
                let message = pb::EpisodeOpened {
                    episode_id: facts.id.to_string(),
                    person_id: facts.person.to_string(),
                    agency_id: facts.agency.to_string(),
                    modality: facts.modality.to_string(),
                    practitioner_id: id_text(*practitioner),
                    referral_id: id_text(facts.referral),
                    goal_id: id_text(facts.goal),
                    plan_item_ids: facts.plan_items.iter().map(ToString::to_string).collect(),
                    part2: facts.part2,
                };
                let payload = of(pb::EpisodeOpened::full_name(), Kind::EpisodeOpened(message), facts.part2);
                Payload { occurred: Some(at.clone()), ..payload }
            }
            Event::Assigned { about, practitioner, from } => {
                let message = pb::EpisodeAssigned {
                    episode_id: about.id.to_string(),
                    practitioner_id: practitioner.to_string(),
                    referral_id: id_text(about.referral),
                    from_worker_id: id_text(*from),
                };
                of(pb::EpisodeAssigned::full_name(), Kind::EpisodeAssigned(message), about.part2)
            }
            Event::PlanNamed { about, serves } => {
                let message = pb::EpisodePlanNamed {
                    episode_id: about.id.to_string(),
                    goal_id: id_text(serves.goal),
                    plan_item_ids: serves.plan_items.iter().map(ToString::to_string).collect(),
                    referral_id: id_text(about.referral),
                };
                of(pb::EpisodePlanNamed::full_name(), Kind::EpisodePlanNamed(message), about.part2)
            }
            Event::Started { about, appointment } => {
                let message = pb::EpisodeStarted {
                    episode_id: about.id.to_string(),
                    appointment_id: appointment.to_string(),
                    referral_id: id_text(about.referral),
                };
                of(pb::EpisodeStarted::full_name(), Kind::EpisodeStarted(message), about.part2)
            }
            Event::Closed { about, at, reason, started } => {
                let message = pb::EpisodeClosed {
                    episode_id: about.id.to_string(),
                    reason: closing::number(*reason),
                    started: *started,
                    referral_id: id_text(about.referral),
                };
                let payload = of(pb::EpisodeClosed::full_name(), Kind::EpisodeClosed(message), about.part2);
                Payload { occurred: Some(at.clone()), ..payload }
            }
            Event::EnteredInError { about } => {
                let message = pb::EpisodeEnteredInError {
                    episode_id: about.id.to_string(),
                    referral_id: id_text(about.referral),
                };
                let kind = pb::EpisodeEnteredInError::full_name();
                of(kind, Kind::EpisodeEnteredInError(message), about.part2)
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let about = |id: &str, referral: &str| -> Result<About, Unreadable> {
            Ok(About {
                id: stored_id(stored, id)?,
                person: stored_id(stored, &stored.person_id)?,
                referral: stored_optional_id(stored, referral)?,
                part2: has_part2(stored),
            })
        };
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::EpisodeOpened(message) => {
                let items = message.plan_item_ids.iter().map(|text| stored_id(stored, text));
                Event::Opened {
                    facts: Facts {
                        id: stored_id(stored, &message.episode_id)?,
                        person: stored_id(stored, &message.person_id)?,
                        agency: stored_id(stored, &message.agency_id)?,
                        modality: Modality::stored(message.modality),
                        referral: stored_optional_id(stored, &message.referral_id)?,
                        goal: stored_optional_id(stored, &message.goal_id)?,
                        plan_items: items.collect::<Result<Vec<_>, _>>()?,
                        part2: message.part2,
                    },
                    practitioner: stored_optional_id(stored, &message.practitioner_id)?,
                    at: occurred(stored)?,
                }
            }
            Kind::EpisodeAssigned(message) => Event::Assigned {
                about: about(&message.episode_id, &message.referral_id)?,
                practitioner: stored_id(stored, &message.practitioner_id)?,
                from: stored_optional_id(stored, &message.from_worker_id)?,
            },
            Kind::EpisodePlanNamed(message) => {
                let items = message.plan_item_ids.iter().map(|text| stored_id(stored, text));
                Event::PlanNamed {
                    about: about(&message.episode_id, &message.referral_id)?,
                    serves: Serves {
                        goal: stored_optional_id(stored, &message.goal_id)?,
                        plan_items: items.collect::<Result<_, _>>()?,
                    },
                }
            }
            Kind::EpisodeStarted(message) => Event::Started {
                about: about(&message.episode_id, &message.referral_id)?,
                appointment: stored_id(stored, &message.appointment_id)?,
            },
            Kind::EpisodeClosed(message) => Event::Closed {
                about: about(&message.episode_id, &message.referral_id)?,
                at: occurred(stored)?,
                reason: closing::stored(message.reason)
                    .ok_or_else(|| Unreadable::new(stored, "its reason is not known"))?,
                started: message.started,
            },
            Kind::EpisodeEnteredInError(message) => {
                Event::EnteredInError { about: about(&message.episode_id, &message.referral_id)? }
            }
            _ => return Err(not_of::<Episode>(stored)),
        })
    }
}
