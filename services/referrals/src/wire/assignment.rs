//! Who takes care of what, on the wire: one record, or a caseload that changes hands.
//! Invariant: whom a worker works for is looked up by the caller, and judged by the domain.

use kernel::{AgencyId, Occurred, PersonId, Timestamp, WorkerId};
use platform::command::{Ask, Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire;
use prost::Name;
use proto::referrals as pb;
use proto::referrals::referrals_event::Kind;
use tonic::Status;

use super::{id_text, kind_of, not_of, occurred, stored_id, wrap};
use crate::domain::assignment::Assignment;
use crate::domain::caseload::{Caseload, HandOver, HandedOver, State};

platform::codes!(mod reason: crate::domain::caseload::Reason = proto::referrals::HandOverReason {
    Leaves, Absence, Balance, Other,
});

/// The worker whom a request names; none for nobody.
pub fn worker(text: &str) -> Result<Option<WorkerId>, BadField> {
    wire::optional_id("worker_id", text)
}

/// One record goes to that worker, from now on.
pub fn assignment(ask: &Ask, worker: Option<WorkerId>, works_for: Option<AgencyId>) -> Assignment {
    Assignment { worker, works_for, from: None, at: Occurred::instant(ask.at) }
}

/// A caseload is to change hands.
pub fn hand_over(
    agency: AgencyId,
    now: Timestamp,
    request: &pb::HandOverCaseloadRequest,
) -> Result<HandOver, BadField> {
    Ok(HandOver {
        agency,
        from: wire::id("from_worker_id", &request.from_worker_id)?,
        to: wire::id("to_worker_id", &request.to_worker_id)?,
        reason: reason::parse("reason", request.reason)?,
        at: since(now, request)?,
    })
}

fn since(now: Timestamp, request: &pb::HandOverCaseloadRequest) -> Result<Occurred, BadField> {
    let Some(day) = wire::optional_day("day", request.day.as_ref())? else {
        return Ok(Occurred::instant(now));
    };
    let zone = wire::zone("zone", &request.zone)?;
    let today = zone.day_of(now);
    if day > today {
        return Err(BadField::new("day", "is in the future; hand over on that day"));
    }
    let ago = day.duration_until(today).as_hours() / 24;
    let most = wire::look_back_days();
    if ago > most.into() {
        return Err(BadField::new("day", format!("is more than {most} days ago")));
    }
    Ok(Occurred::day(day, zone))
}

/// What changed hands, as the reply has it.
pub fn handed_over(state: &State) -> (Vec<String>, Vec<String>) {
    match state {
        State::Unmade => (vec![], vec![]),
        State::Made(HandedOver { referrals, participations, .. }) => (
            referrals.iter().map(ToString::to_string).collect(),
            participations.iter().map(ToString::to_string).collect(),
        ),
    }
}

/// Where what other services have of a caseload can be watched changing hands: each reacts to the hand-over's event.
pub fn goes_along() -> Vec<pb::GoesAlong> {
    let lists = [
        ("vocational", "throughline.vocational.v1.VocationalService/ListCases", "worker_id"),
        ("housing", "throughline.housing.v1.HousingService/ListPlacements", "worker_id"),
        ("therapy", "throughline.therapy.v1.TherapyService/ListEpisodes", "practitioner_id"),
    ];
    let along = |(service, method, field): (&str, &str, &str)| pb::GoesAlong {
        service: service.into(),
        method: method.into(),
        worker_field: field.into(),
    };
    lists.map(along).into()
}

/// A worker in an event, and who handed over to them.
pub(super) fn workers(worker: Option<WorkerId>, from: Option<WorkerId>) -> (String, String) {
    (id_text(worker), id_text(from))
}

impl Encoding for Caseload {
    fn person(_: &State) -> Option<PersonId> {
        None
    }

    fn encode(event: &HandedOver, _: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let (referral_ids, participation_ids) = handed_over(&State::Made(event.clone()));
        let who = &event.who;
        let message = pb::CaseloadHandedOver {
            // The stream names it.
            caseload_id: String::new(),
            agency_id: who.agency.to_string(),
            from_worker_id: who.from.to_string(),
            to_worker_id: who.to.to_string(),
            reason: reason::number(who.reason),
            referral_ids,
            participation_ids,
        };
        let kind = pb::CaseloadHandedOver::full_name();
        let occurred = Some(who.at.clone());
        Ok(Payload { occurred, ..Payload::new(kind, &wrap(Kind::CaseloadHandedOver(message))) })
    }

    fn decode(stored: &proto::log::Event) -> Result<HandedOver, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        match kind_of(stored)? {
            Kind::CaseloadHandedOver(message) => {
                let reason = reason::stored(message.reason);
                let who = HandOver {
                    agency: stored_id(stored, &message.agency_id)?,
                    from: stored_id(stored, &message.from_worker_id)?,
                    to: stored_id(stored, &message.to_worker_id)?,
                    reason: reason.ok_or_else(|| Unreadable::new(stored, "its reason is not known"))?,
                    at: occurred(stored)?,
                };
                let referrals = message.referral_ids.iter().map(|id| stored_id(stored, id));
                let participations = message.participation_ids.iter().map(|id| stored_id(stored, id));
                Ok(HandedOver {
                    who,
                    referrals: referrals.collect::<Result<_, _>>()?,
                    participations: participations.collect::<Result<_, _>>()?,
                })
            }
            _ => Err(not_of::<Caseload>(stored)),
        }
    }
}
