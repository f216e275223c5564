//! What other services' events mean for referrals: their `pb::` event in, what to report onto which referral out, or whose consent to look at again.
//! Invariant: pure; the same event always means the same report.

use kernel::ids::Uuid;
use kernel::{AgencyId, PersonId};
use prost::Message;
use proto::housing::housing_event::Kind as Housing;
use proto::registry::RegistryEvent;
use proto::registry::registry_event::Kind as Registry;
use proto::therapy::therapy_event::Kind as Therapy;
use proto::vocational::vocational_event::Kind as Vocational;

use crate::domain::ReferralId;
use crate::domain::referral::{ClosingReason, Command, Outcome, PartEnd, Progress};

/// What a receiving service's event reports onto a referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The referral.
    pub referral: ReferralId,
    /// How far the receiving service is.
    pub progress: Progress,
    /// Its record.
    pub record: String,
    /// What a closed part came to.
    pub end: Option<PartEnd>,
}

impl Report {
    /// As a command to the referral.
    pub fn command(self) -> Command {
        Command::Report { progress: self.progress, record: self.record, end: self.end }
    }
}

/// An event that cannot be read: a newer release wrote it, or it is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read by this release")]
pub struct Unreadable;

/// By whose word referrals may come to stand otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The person's: a directive given or over, a link, who serves them.
    Of(PersonId),
    /// What this agency is: a 42 CFR Part 2 programme, or not.
    By(AgencyId),
}

/// Whose referrals may stand otherwise by what the registry's log says.
///
/// # Errors
/// A payload that this release cannot read.
#[allow(clippy::wildcard_enum_match_arm, reason = "only these kinds change what a person says")]
pub fn says(event: &proto::log::Event) -> Result<Option<Said>, Unreadable> {
    let kind =
        RegistryEvent::decode(event.payload.clone()).map_err(|_| Unreadable)?.kind.ok_or(Unreadable)?;
    match kind {
        Registry::ConsentGiven(_)
        | Registry::ConsentRevoked(_)
        | Registry::ConsentExpired(_)
        | Registry::ConsentSuperseded(_)
        | Registry::PersonsLinked(_)
        | Registry::PersonsUnlinked(_)
        | Registry::PersonRecorded(_)
        | Registry::ServingAgencyAdded(_) => {
            event.person_id.parse().map(|person| Some(Said::Of(person))).map_err(|_| Unreadable)
        }
        Registry::AgencyRegistered(is) => agency(&is.agency_id),
        Registry::AgencyChanged(is) => agency(&is.agency_id),
        Registry::AgencyRecorded(is) => agency(&is.agency_id),
        _ => Ok(None),
    }
}

fn agency(id: &str) -> Result<Option<Said>, Unreadable> {
    id.parse().map(|agency| Some(Said::By(agency))).map_err(|_| Unreadable)
}

/// What an event of a receiving service's log reports; none where it concerns no referral.
///
/// # Errors
/// A payload that this release cannot read.
pub fn report(log: &str, event: &proto::log::Event) -> Result<Option<Report>, Unreadable> {
    let found = match log {
        "housing" => housing(decoded::<proto::housing::HousingEvent>(event)?.kind.ok_or(Unreadable)?),
        "vocational" => {
            vocational(decoded::<proto::vocational::VocationalEvent>(event)?.kind.ok_or(Unreadable)?)
        }
        "therapy" => therapy(decoded::<proto::therapy::TherapyEvent>(event)?.kind.ok_or(Unreadable)?),
        _ => None,
    };
    let Some((referral, progress, end)) = found else { return Ok(None) };
    if referral.is_empty() {
        return Ok(None);
    }
    let referral = Uuid::try_parse(&referral).map(ReferralId::new).map_err(|_| Unreadable)?;
    Ok(Some(Report { referral, progress, record: event.stream.clone(), end }))
}

type Found = Option<(String, Progress, Option<PartEnd>)>;

/// Where HMIS 3.12 says that somebody went who died.
const DECEASED: u32 = 24;

/// A part that its service closed: it came to this, or failed because the person died.
fn closed(referral: String, died: bool, outcome: Outcome) -> Found {
    let end = if died { PartEnd::Closed(ClosingReason::Died) } else { PartEnd::Completed(outcome) };
    Some((referral, Progress::Closed, Some(end)))
}

fn decoded<M: Message + Default>(event: &proto::log::Event) -> Result<M, Unreadable> {
    M::decode(event.payload.clone()).map_err(|_| Unreadable)
}

#[allow(clippy::wildcard_enum_match_arm, reason = "only these events open, start or close a part")]
fn housing(kind: Housing) -> Found {
    use proto::housing::CancelReason;
    let not_enrolled = |referral| closed(referral, false, Outcome::NotEnrolled);
    match kind {
        Housing::PlacementMatched(matched) => Some((matched.referral_id, Progress::Opened, None)),
        Housing::PlacementAdmitted(admitted) => Some((admitted.referral_id, Progress::Started, None)),
        Housing::PlacementExited(exited) => {
            let died = exited.destination.is_some_and(|place| place.code == DECEASED);
            closed(exited.referral_id, died, Outcome::ServiceGiven)
        }
        Housing::PlacementCancelled(over) => {
            let died = over.reason() == CancelReason::Died;
            closed(over.referral_id, died, Outcome::NotEnrolled)
        }
        Housing::PlacementDeclined(over) => not_enrolled(over.referral_id),
        Housing::PlacementRefused(over) => not_enrolled(over.referral_id),
        Housing::PlacementNotArrived(over) => not_enrolled(over.referral_id),
        Housing::PlacementWithdrawn(over) => not_enrolled(over.referral_id),
        _ => None,
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "only these events open, start or close a part")]
fn vocational(kind: Vocational) -> Found {
    match kind {
        Vocational::CaseOpened(opened) => Some((opened.referral_id, Progress::Opened, None)),
        Vocational::CaseEngaged(engaged) => Some((engaged.referral_id, Progress::Started, None)),
        Vocational::CaseTransitioned(over) => closed(over.referral_id, false, Outcome::ServiceGiven),
        Vocational::CaseDischarged(over) => {
            let died = over.reason() == proto::vocational::DischargeReason::Died;
            closed(over.referral_id, died, Outcome::ServiceGiven)
        }
        _ => None,
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "only these events open, start or close a part")]
fn therapy(kind: Therapy) -> Found {
    match kind {
        Therapy::EpisodeOpened(opened) => Some((opened.referral_id, Progress::Opened, None)),
        Therapy::EpisodeStarted(started) => Some((started.referral_id, Progress::Started, None)),
        Therapy::EpisodeClosed(over) => {
            let died = over.reason() == proto::therapy::EpisodeClosing::Died;
            closed(over.referral_id, died, Outcome::ServiceGiven)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(payload: impl Message) -> proto::log::Event {
        let stream = "placement-00000000-0000-0000-0000-000000000009".to_owned();
        proto::log::Event { payload: payload.encode_to_vec().into(), stream, ..Default::default() }
    }

    #[test]
    fn an_admission_starts_the_referral_that_opened_the_placement() {
        let kind = Housing::PlacementAdmitted(proto::housing::PlacementAdmitted {
            referral_id: Uuid::from_u128(5).to_string(),
            ..Default::default()
        });
        let admitted = event(proto::housing::HousingEvent { kind: Some(kind) });
        let report = report("housing", &admitted).unwrap().unwrap();
        assert_eq!((report.referral, report.progress), (ReferralId::of(5), Progress::Started));
        assert!(report.record.starts_with("placement-"));
    }

    #[test]
    fn a_part_that_ended_because_the_person_died_has_failed_and_any_other_has_come_to_something() {
        let referral_id = || Uuid::from_u128(5).to_string();
        let end = |log: &str, told: proto::log::Event| report(log, &told).unwrap().unwrap().end;
        let housing = |kind| end("housing", event(proto::housing::HousingEvent { kind: Some(kind) }));
        let cancelled = |reason: proto::housing::CancelReason| {
            let (reason, referral_id) = (reason.into(), referral_id());
            let message = proto::housing::PlacementCancelled { reason, referral_id, ..Default::default() };
            housing(Housing::PlacementCancelled(message))
        };
        let exited = |code| {
            let destination = Some(proto::housing::SealedPlace { code, ..Default::default() });
            let referral_id = referral_id();
            let message = proto::housing::PlacementExited { destination, referral_id, ..Default::default() };
            housing(Housing::PlacementExited(message))
        };
        let discharged = |reason: proto::vocational::DischargeReason| {
            let (reason, referral_id) = (reason.into(), referral_id());
            let message = proto::vocational::CaseDischarged { reason, referral_id, ..Default::default() };
            let kind = Some(Vocational::CaseDischarged(message));
            end("vocational", event(proto::vocational::VocationalEvent { kind }))
        };
        let closed = |reason: proto::therapy::EpisodeClosing| {
            let (reason, referral_id) = (reason.into(), referral_id());
            let message = proto::therapy::EpisodeClosed { reason, referral_id, ..Default::default() };
            let kind = Some(Therapy::EpisodeClosed(message));
            end("therapy", event(proto::therapy::TherapyEvent { kind }))
        };
        let died = Some(PartEnd::Closed(ClosingReason::Died));
        let given = Some(PartEnd::Completed(Outcome::ServiceGiven));
        assert_eq!(cancelled(proto::housing::CancelReason::Died), died);
        assert_eq!(
            cancelled(proto::housing::CancelReason::UnitLost),
            Some(PartEnd::Completed(Outcome::NotEnrolled))
        );
        assert_eq!((exited(24), exited(410)), (died, given));
        assert_eq!(discharged(proto::vocational::DischargeReason::Died), died);
        assert_eq!(discharged(proto::vocational::DischargeReason::Completed), given);
        assert_eq!(closed(proto::therapy::EpisodeClosing::Died), died);
        assert_eq!(closed(proto::therapy::EpisodeClosing::Completed), given);
    }

    #[test]
    fn what_a_person_says_and_what_an_agency_is_are_judged_by_and_nothing_else() {
        let told = |kind| proto::log::Event {
            person_id: PersonId::of(10).to_string(),
            ..event(RegistryEvent { kind: Some(kind) })
        };
        let revoked = told(Registry::ConsentRevoked(Default::default()));
        assert_eq!(says(&revoked), Ok(Some(Said::Of(PersonId::of(10)))));
        let (agency_id, content) = (AgencyId::of(1).to_string(), None);
        let changed = Registry::AgencyChanged(proto::registry::AgencyChanged { agency_id, content });
        assert_eq!(says(&told(changed)), Ok(Some(Said::By(AgencyId::of(1)))));
        assert_eq!(says(&told(Registry::AgencyChanged(Default::default()))), Err(Unreadable));
        assert_eq!(says(&told(Registry::PersonDied(Default::default()))), Ok(None));
    }

    #[test]
    fn a_placement_that_no_referral_opened_reports_nothing_and_an_unknown_kind_is_said_to_be_unreadable() {
        let kind = Housing::PlacementAdmitted(proto::housing::PlacementAdmitted::default());
        let admitted = event(proto::housing::HousingEvent { kind: Some(kind) });
        assert_eq!(report("housing", &admitted), Ok(None));
        let newer = event(proto::housing::HousingEvent { kind: None });
        assert_eq!(report("housing", &newer), Err(Unreadable));
    }
}
