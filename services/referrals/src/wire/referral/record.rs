//! Referrals that another system tells, as a request and in stored events.
//! Invariant: a record is checked for form alone, and what is odd about it is kept with it; the service that it names is sealed.

use kernel::{AgencyId, Discrepancy, OfferId, Private, Words};
use platform::command::{Ink, Unreadable, from_private};
use platform::error::BadField;
use platform::seal::Secret;
use platform::wire::{self, from_occurred, to_occurred};
use proto::referrals as pb;
use tonic::Status;

use super::{answer_in, answer_out, known_until, occurred, stored_id, stored_optional_id};
use crate::domain::referral::Recorded;

/// It was made elsewhere, and asked of that offer, whose words are looked up.
pub fn record(
    agency: AgencyId,
    secret: &Secret,
    request: &pb::RecordReferralRequest,
) -> Result<(Option<OfferId>, Recorded), BadField> {
    let answer = answer_in(request.state).ok_or_else(|| {
        BadField::new("state", "is missing, or a state that is not recorded: send requested, accepted, in progress, on hold or how it closed")
    })?;
    let made = wire::occurred("made", wire::required("made", request.made.as_ref())?)?;
    let reached = request.state_reached.as_ref().map(|at| wire::occurred("state_reached", at)).transpose()?;
    if reached.as_ref().is_some_and(|reached| reached.at < made.at) {
        return Err(BadField::new(
            "state_reached",
            "is before `made`; a state is reached after the referral is made",
        ));
    }
    let offer = wire::optional_id("offer_id", &request.offer_id)?;
    let unnamed = || Discrepancy::new("TARGET_UNNAMED", "the source names no target that is on the platform");
    let service_named = wire::text("service_named", &request.service_named, 200)?;
    let told = Recorded {
        person: wire::id("person_id", &request.person_id)?,
        requester: agency,
        offer: None,
        service_named: Words {
            hash: secret.hash("service-named", service_named.as_bytes()),
            text: Private::Plain(service_named),
        },
        made,
        known_until: wire::known_until(request.source.as_ref(), answer.is_open())?,
        answer,
        reached,
        discrepancies: offer.is_none().then(unnamed).into_iter().collect(),
    };
    Ok((offer, told))
}

pub(super) fn recorded(
    told: &Recorded,
    correction: bool,
    ink: &Ink<'_>,
) -> Result<pb::ReferralRecorded, Status> {
    let (offer, target, name) = match &told.offer {
        Some((offer, agency, name)) => (offer.to_string(), agency.to_string(), name.clone()),
        None => Default::default(),
    };
    Ok(pb::ReferralRecorded {
        referral_id: String::new(),
        person_id: told.person.to_string(),
        requester_agency_id: told.requester.to_string(),
        offer_id: offer,
        target_agency_id: target,
        service_named: Some(ink.seal("service_named", &told.service_named.text)?),
        service_named_hash: told.service_named.hash.to_vec().into(),
        state: answer_out(told.answer).into(),
        state_reached: told.reached.as_ref().map(to_occurred),
        correction,
        made: Some(to_occurred(&told.made)),
        offer_name: name,
    })
}

pub(super) fn told(
    stored: &proto::log::Event,
    message: pb::ReferralRecorded,
) -> Result<Recorded, Unreadable> {
    let offer = stored_optional_id(stored, &message.offer_id)?;
    let target = stored_optional_id(stored, &message.target_agency_id)?;
    let discrepancies = &stored.discrepancies;
    let answer = answer_in(message.state).ok_or_else(|| Unreadable::new(stored, "its state is not known"))?;
    let text = from_private(message.service_named.as_ref());
    let hash = message.service_named_hash.as_ref().try_into().ok();
    let (text, hash) =
        text.zip(hash).ok_or_else(|| Unreadable::new(stored, "the service it names is damaged"))?;
    Ok(Recorded {
        person: stored_id(stored, &message.person_id)?,
        requester: stored_id(stored, &message.requester_agency_id)?,
        offer: offer.zip(target).map(|(offer, agency)| (offer, agency, message.offer_name)),
        service_named: Words { text, hash },
        made: match message.made.as_ref().and_then(from_occurred) {
            Some(made) => made,
            None => occurred(stored)?,
        },
        known_until: known_until(stored, answer.is_open()),
        answer,
        reached: message.state_reached.as_ref().and_then(from_occurred),
        discrepancies: discrepancies
            .iter()
            .map(|found| Discrepancy::new(&found.code, &*found.detail))
            .collect(),
    })
}
