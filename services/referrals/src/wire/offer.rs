//! Offers on the wire.
//! Invariant: an offer's content is stored as it was published, whole.

mod reach;
pub(super) mod says;

use kernel::practice::zero_exclusion;
use kernel::{AgencyId, Caller, Discrepancy, OfferId, Timestamp, Zone};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::training;
use platform::wire;
use prost::{Message, Name};
use proto::referrals as pb;
use proto::referrals::referrals_event::Kind;
use tonic::Status;

use super::{kind_of, not_of, stored_id, wrap};
use crate::domain::offer::{Capacity, Command, Content, Event, Offer, Receiver, State};

/// The offer to publish, and what it is to say.
pub fn publish(
    agency: AgencyId,
    request: &pb::PublishServiceOfferRequest,
) -> Result<(OfferId, Command), BadField> {
    let offer = match wire::optional_id("offer_id", &request.offer_id)? {
        Some(offer) => offer,
        None => OfferId::new(uuid::Uuid::now_v7()),
    };
    Ok((offer, Command::Publish { agency, content: asked(request.content.as_ref())? }))
}

/// The offer to change, and what it is to say.
pub fn change(
    agency: AgencyId,
    request: &pb::ChangeServiceOfferRequest,
) -> Result<(OfferId, Command), BadField> {
    let content = asked(request.content.as_ref())?;
    Ok((wire::id("offer_id", &request.offer_id)?, Command::Change { agency, content }))
}

/// How much room an offer has.
pub fn report(
    agency: AgencyId,
    now: Timestamp,
    request: &pb::ReportCapacityRequest,
) -> Result<(OfferId, Command), BadField> {
    let capacity = says::capacity(now, request)?;
    Ok((wire::id("offer_id", &request.offer_id)?, Command::Report { agency, capacity }))
}

/// What another system says of an offer.
pub fn record(agency: AgencyId, request: &pb::RecordServiceOfferRequest) -> Result<Command, BadField> {
    let content = given(request.content.as_ref())?;
    Ok(Command::Record { agency, content })
}

fn given(content: Option<&pb::ServiceOfferContent>) -> Result<Content, BadField> {
    self::content(wire::required("content", content)?).map_err(|bad| bad.within("content"))
}

/// What a request says; one of zero exclusion that excludes somebody contradicts itself.
fn asked(content: Option<&pb::ServiceOfferContent>) -> Result<Content, BadField> {
    let content = given(content)?;
    if content.life_domains.is_empty() {
        let why = "is empty; name at least one life domain";
        return Err(BadField::new("life_domains", why).within("content"));
    }
    match content.beyond_zero_exclusion() {
        None => Ok(content),
        Some(field) => {
            let why = "is not for an offer of zero exclusion: wanting the service, age, area and language are all that it may name; leave it out";
            Err(BadField::new(field, why).within("content"))
        }
    }
}

/// An offer as its readers see it then; identifiers are its own agency's alone to see.
pub fn offer(
    id: OfferId,
    version: u64,
    state: &State,
    reader: &Caller,
    now: Timestamp,
) -> Option<pb::ServiceOffer> {
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
        capacity: state.capacity().map(|capacity| says::capacity_at(capacity, now)),
    })
}

/// What the view keeps of an offer, to be weighed: it concerns nobody.
pub fn offer_bytes(content: &Content) -> Vec<u8> {
    content_out(content).encode_to_vec()
}

/// What the view keeps of a report.
pub fn capacity_bytes(capacity: &Capacity) -> Vec<u8> {
    says::capacity_out(capacity).encode_to_vec()
}

/// What the view kept; none where that is damaged.
pub fn from_bytes(content: &[u8], capacity: Option<&[u8]>) -> Option<(Content, Option<Capacity>)> {
    // What the view made of an event is as an event holds it.
    let event = proto::log::Event::default();
    let content = stored(&event, pb::ServiceOfferContent::decode(content).ok()?).ok()?;
    let capacity = match capacity {
        Some(bytes) => Some(says::capacity_stored(&pb::OfferCapacity::decode(bytes).ok()?)?),
        None => None,
    };
    Some((content, capacity))
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
        eligibility: says::eligibility(given.eligibility.as_ref())?,
        areas: says::areas(&given.areas)?,
        languages: says::languages(&given.languages, 20)?,
        hours: says::hours(&given.hours)?,
        modes: says::modes(&given.modes)?,
        description: wire::optional_text("description", &given.description, 2_000)?.unwrap_or_default(),
        terms: says::terms(&given.terms)?,
        locations: reach::locations(&given.locations)?,
        telecom: reach::telecom(&given.telecom)?,
    })
}

/// What a stored event says.
fn stored(event: &proto::log::Event, given: pb::ServiceOfferContent) -> Result<Content, Unreadable> {
    let modes = given.modes.iter().map(|number| says::mode::stored(*number)).collect::<Option<_>>();
    let telecom = reach::telecom_stored(given.telecom);
    Ok(Content {
        receiver: receiver_in(event, given.receiver, &given.unit_group_id)?,
        hours: says::hours_stored(event, &given.hours)?,
        modes: modes.ok_or_else(|| Unreadable::new(event, "its modes are not known"))?,
        name: given.name,
        practice: given.practice,
        life_domains: given.life_domains,
        zero_exclusion: given.zero_exclusion,
        part2: given.part2,
        zone: Zone::stored(given.zone),
        expires: given.expires,
        identifiers: given.identifiers.into_iter().map(|i| (i.system, i.value)).collect(),
        eligibility: says::eligibility_stored(given.eligibility),
        areas: says::areas_stored(given.areas),
        languages: given.languages,
        description: given.description,
        terms: given.terms,
        locations: reach::locations_stored(given.locations),
        telecom: telecom.ok_or_else(|| Unreadable::new(event, "how it is reached is not known"))?,
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
        eligibility: says::eligibility_out(&content.eligibility),
        areas: says::areas_out(&content.areas),
        languages: content.languages.clone(),
        hours: says::hours_out(&content.hours),
        modes: content.modes.iter().map(|mode| says::mode::number(*mode)).collect(),
        description: content.description.clone(),
        terms: content.terms.clone(),
        locations: reach::locations_out(&content.locations),
        telecom: reach::telecom_out(&content.telecom),
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
            Event::Published { agency: _, content, discrepancies, told } => {
                let message = pb::ServiceOfferPublished {
                    offer_id: String::new(),
                    content: Some(content_out(content)),
                    told: told.as_deref().map(content_out),
                };
                let kind = pb::ServiceOfferPublished::full_name();
                let discrepancies = discrepancies.clone();
                Payload { discrepancies, ..Payload::new(kind, &wrap(Kind::ServiceOfferPublished(message))) }
            }
            Event::CapacityReported(capacity) => {
                let message = pb::ServiceOfferCapacityReported {
                    offer_id: String::new(),
                    capacity: Some(says::capacity_out(capacity)),
                };
                Payload::new(
                    pb::ServiceOfferCapacityReported::full_name(),
                    &wrap(Kind::ServiceOfferCapacityReported(message)),
                )
            }
            Event::Withdrawn { by_source } => {
                let message = pb::ServiceOfferWithdrawn { offer_id: String::new(), by_source: *by_source };
                Payload::new(
                    pb::ServiceOfferWithdrawn::full_name(),
                    &wrap(Kind::ServiceOfferWithdrawn(message)),
                )
            }
        })
    }

    fn decode(event: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        match kind_of(event)? {
            Kind::ServiceOfferPublished(message) => {
                let given = message.content.ok_or_else(|| Unreadable::new(event, "it has no content"))?;
                let discrepancies = event.discrepancies.iter();
                let told = message.told.map(|told| stored(event, told)).transpose()?;
                Ok(Event::Published {
                    told: told.map(Box::new),
                    agency: stored_id(event, platform::wire::speaker(event))?,
                    content: stored(event, given)?,
                    discrepancies: discrepancies.map(|d| Discrepancy::new(&d.code, &*d.detail)).collect(),
                })
            }
            Kind::ServiceOfferCapacityReported(message) => {
                let capacity = message.capacity.as_ref().and_then(says::capacity_stored);
                let capacity = capacity.ok_or_else(|| Unreadable::new(event, "its capacity is not known"))?;
                Ok(Event::CapacityReported(capacity))
            }
            Kind::ServiceOfferWithdrawn(message) => Ok(Event::Withdrawn { by_source: message.by_source }),
            _ => Err(not_of::<Offer>(event)),
        }
    }
}
