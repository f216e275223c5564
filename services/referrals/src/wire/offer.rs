//! Offers on the wire.
//! Invariant: an offer's content is stored as it was published, whole.

use kernel::practice::zero_exclusion;
use kernel::{AgencyId, Caller, OfferId, Zone};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::training;
use platform::wire;
use prost::Name;
use proto::referrals as pb;
use proto::referrals::referrals_event::Kind;
use tonic::Status;

use super::{kind_of, not_of, stored_id, wrap};
use crate::domain::offer::{Command, Content, Event, Offer, Receiver, State};

/// The offer to publish, and what it is to say.
pub fn publish(
    agency: AgencyId,
    request: &pb::PublishServiceOfferRequest,
) -> Result<(OfferId, Command), BadField> {
    let offer = match wire::optional_id("offer_id", &request.offer_id)? {
        Some(offer) => offer,
        None => OfferId::new(uuid::Uuid::now_v7()),
    };
    let content =
        content(wire::required("content", request.content.as_ref())?).map_err(|bad| bad.within("content"))?;
    Ok((offer, Command::Publish { agency, content }))
}

/// What another system says of an offer.
pub fn record(agency: AgencyId, request: &pb::RecordServiceOfferRequest) -> Result<Command, BadField> {
    let content =
        content(wire::required("content", request.content.as_ref())?).map_err(|bad| bad.within("content"))?;
    Ok(Command::Publish { agency, content })
}

/// An offer as its readers see it; identifiers are its own agency's alone to see.
pub fn offer(id: OfferId, version: u64, state: &State, reader: &Caller) -> Option<pb::ServiceOffer> {
    let (agency, content) = state.said()?;
    let mut content = content_out(content);
    if reader.speaks_for() != Some(agency) {
        content.identifiers.clear();
    }
    Some(pb::ServiceOffer {
        id: id.to_string(),
        etag: version.to_string(),
        agency_id: agency.to_string(),
        content: Some(content),
        withdrawn: matches!(state, State::Withdrawn { .. }),
    })
}

fn content(given: &pb::ServiceOfferContent) -> Result<Content, BadField> {
    let receiver = match (pb::Receiver::try_from(given.receiver), given.unit_group_id.as_str()) {
        (Ok(pb::Receiver::Housing), group) => Receiver::Housing(wire::id("unit_group_id", group)?),
        (Ok(pb::Receiver::Participation), "") => Receiver::Participation,
        (Ok(pb::Receiver::Vocational), "") => Receiver::Vocational,
        (Ok(pb::Receiver::Therapy), "") => Receiver::Therapy,
        (Ok(pb::Receiver::Participation | pb::Receiver::Vocational | pb::Receiver::Therapy), _) => {
            return Err(BadField::new("unit_group_id", "is for RECEIVER_HOUSING alone; leave it empty"));
        }
        (Ok(pb::Receiver::Unspecified) | Err(_), _) => {
            return Err(BadField::new("receiver", "is missing or not one of the contract's values"));
        }
    };
    if given.life_domains.is_empty() {
        return Err(BadField::new("life_domains", "is empty; name at least one life domain"));
    }
    for (i, domain) in given.life_domains.iter().enumerate() {
        wire::choice::<proto::types::LifeDomain>(&format!("life_domains[{i}]"), *domain)?;
    }
    let identifier = |(i, given): (usize, &proto::types::Identifier)| {
        let system = wire::text(&format!("identifiers[{i}].system"), &given.system, 200)?;
        Ok((system, wire::text(&format!("identifiers[{i}].value"), &given.value, 200)?))
    };
    Ok(Content {
        name: wire::text("name", &given.name, 200)?,
        practice: training::practice("practice", &given.practice)?,
        life_domains: given.life_domains.clone(),
        receiver,
        // An offer of another practice may promise the same; one of IPS cannot leave it out.
        zero_exclusion: given.zero_exclusion || zero_exclusion(&given.practice),
        part2: given.part2,
        zone: wire::zone("zone", &given.zone)?,
        expires: given.expires,
        identifiers: given.identifiers.iter().enumerate().map(identifier).collect::<Result<_, _>>()?,
    })
}

fn content_out(content: &Content) -> pb::ServiceOfferContent {
    let (receiver, unit_group_id) = receiver_out(content.receiver);
    pb::ServiceOfferContent {
        name: content.name.clone(),
        practice: content.practice.clone(),
        life_domains: content.life_domains.clone(),
        receiver: receiver.into(),
        unit_group_id,
        zero_exclusion: content.zero_exclusion,
        part2: content.part2,
        zone: content.zone.name().to_owned(),
        expires: content.expires,
        identifiers: content
            .identifiers
            .iter()
            .map(|(system, value)| proto::types::Identifier { system: system.clone(), value: value.clone() })
            .collect(),
    }
}

pub(super) fn receiver_out(receiver: Receiver) -> (pb::Receiver, String) {
    match receiver {
        Receiver::Participation => (pb::Receiver::Participation, String::new()),
        Receiver::Vocational => (pb::Receiver::Vocational, String::new()),
        Receiver::Housing(group) => (pb::Receiver::Housing, group.to_string()),
        Receiver::Therapy => (pb::Receiver::Therapy, String::new()),
    }
}

pub(super) fn receiver_in(
    stored: &proto::log::Event,
    receiver: i32,
    unit_group: &str,
) -> Result<Receiver, Unreadable> {
    match pb::Receiver::try_from(receiver) {
        Ok(pb::Receiver::Participation) => Ok(Receiver::Participation),
        Ok(pb::Receiver::Vocational) => Ok(Receiver::Vocational),
        Ok(pb::Receiver::Housing) => Ok(Receiver::Housing(stored_id(stored, unit_group)?)),
        Ok(pb::Receiver::Therapy) => Ok(Receiver::Therapy),
        Ok(pb::Receiver::Unspecified) | Err(_) => Err(Unreadable::new(stored, "its receiver is not known")),
    }
}

impl Encoding for Offer {
    fn person(_: &State) -> Option<kernel::PersonId> {
        None
    }

    fn encode(event: &Event, _: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        // The stream names the offer; readers of one event alone find it in `Event.stream`.
        Ok(match event {
            Event::Published { agency: _, content } => {
                let message = pb::ServiceOfferPublished {
                    offer_id: String::new(),
                    content: Some(content_out(content)),
                };
                Payload::new(
                    pb::ServiceOfferPublished::full_name(),
                    &wrap(Kind::ServiceOfferPublished(message)),
                )
            }
            Event::Withdrawn => {
                let message = pb::ServiceOfferWithdrawn { offer_id: String::new() };
                Payload::new(
                    pb::ServiceOfferWithdrawn::full_name(),
                    &wrap(Kind::ServiceOfferWithdrawn(message)),
                )
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        match kind_of(stored)? {
            Kind::ServiceOfferPublished(message) => {
                let speaker =
                    if stored.on_behalf_of.is_empty() { &stored.agency_id } else { &stored.on_behalf_of };
                let given = message.content.ok_or_else(|| Unreadable::new(stored, "it has no content"))?;
                Ok(Event::Published {
                    agency: stored_id(stored, speaker)?,
                    content: Content {
                        receiver: receiver_in(stored, given.receiver, &given.unit_group_id)?,
                        name: given.name,
                        practice: given.practice,
                        life_domains: given.life_domains,
                        zero_exclusion: given.zero_exclusion,
                        part2: given.part2,
                        zone: Zone::stored(given.zone),
                        expires: given.expires,
                        identifiers: given.identifiers.into_iter().map(|i| (i.system, i.value)).collect(),
                    },
                })
            }
            Kind::ServiceOfferWithdrawn(_) => Ok(Event::Withdrawn),
            _ => Err(not_of::<Offer>(stored)),
        }
    }
}
