//! What is asked of a participation, as the contract says it.
//! Invariant: what a participation is about is said by its offer, which the caller looks up; a record is checked for form alone.

use kernel::{AgencyId, By, Timestamp};
use platform::error::BadField;
use platform::wire;
use proto::referrals as pb;
use uuid::Uuid;

use crate::domain::ParticipationId;
use crate::domain::assignment::Assignment;
use crate::domain::participation::{Command, End, Facts, Part, Recorded};
use crate::wire::codes::{closing_reason, hold_reason};
use crate::wire::contact::contact_in;

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

/// It rests.
pub fn pause(
    by: By,
    now: Timestamp,
    request: &pb::PauseParticipationRequest,
) -> Result<(ParticipationId, Command), BadField> {
    let at = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
    let reason = hold_reason::parse("reason", request.reason)?;
    Ok((wire::id("participation_id", &request.participation_id)?, Command::Pause { by, reason, at }))
}

/// It goes on.
pub fn resume(
    by: By,
    now: Timestamp,
    request: &pb::ResumeParticipationRequest,
) -> Result<(ParticipationId, Command), BadField> {
    let at = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
    Ok((wire::id("participation_id", &request.participation_id)?, Command::Resume { by, at }))
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
    let reason = match (request.reason, ended.is_some()) {
        (0, _) => None,
        (number, true) => Some(closing_reason::parse("reason", number)?),
        (_, false) => {
            return Err(BadField::new(
                "reason",
                "is given and `ended` is not; send when it ended, or no reason",
            ));
        }
    };
    let ended = ended.map(|at| End { at, reason, destination: request.destination_code });
    let known_until = wire::known_until(request.source.as_ref(), ended.is_none())?;
    let record = move |facts| {
        Command::Record(Box::new(Recorded::new(facts, started.clone(), ended.clone(), known_until)))
    };
    Ok((part, record))
}
