//! What other services' events mean for referrals: their `pb::` event in, what to report onto which referral out, or whose consent to look at again.
//! Invariant: pure; the same event always means the same report.

pub mod ends;

use kernel::ids::Uuid;
use kernel::{AgencyId, PersonId, Timestamp};
use prost::Message;
use proto::housing::housing_event::Kind as Housing;
use proto::registry::RegistryEvent;
use proto::registry::registry_event::Kind as Registry;
use proto::therapy::therapy_event::Kind as Therapy;
use proto::vocational::vocational_event::Kind as Vocational;

use crate::domain::ReferralId;
use crate::domain::referral::{Command, PartEnd, Progress};

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
    /// As a command to the referral, of what happened then.
    pub fn command(self, at: Timestamp) -> Command {
        Command::Report { at, progress: self.progress, record: self.record, end: self.end }
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
        | Registry::ConsentEnteredInError(_)
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
        "housing" => housing(decoded::<proto::housing::HousingEvent>(event)?.kind.ok_or(Unreadable)?)?,
        "vocational" => {
            vocational(decoded::<proto::vocational::VocationalEvent>(event)?.kind.ok_or(Unreadable)?)?
        }
        "therapy" => therapy(decoded::<proto::therapy::TherapyEvent>(event)?.kind.ok_or(Unreadable)?)?,
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

/// A part that its service closed, and what that comes to.
fn closed(referral: String, end: PartEnd) -> Found {
    Some((referral, Progress::Closed, Some(end)))
}

fn decoded<M: Message + Default>(event: &proto::log::Event) -> Result<M, Unreadable> {
    M::decode(event.payload.clone()).map_err(|_| Unreadable)
}

#[allow(clippy::wildcard_enum_match_arm, reason = "only these events open, start or close a part")]
fn housing(kind: Housing) -> Result<Found, Unreadable> {
    Ok(match kind {
        Housing::PlacementMatched(matched) => Some((matched.referral_id, Progress::Opened, None)),
        Housing::PlacementAdmitted(admitted) => Some((admitted.referral_id, Progress::Started, None)),
        Housing::PlacementExited(over) => {
            let end = ends::stay(over.destination.as_ref());
            closed(over.referral_id, end)
        }
        Housing::PlacementCancelled(over) => closed(over.referral_id, ends::cancelled(over.reason)?),
        Housing::PlacementRefused(over) => closed(over.referral_id, ends::refused(over.reason)?),
        Housing::PlacementDeclined(over) => closed(over.referral_id, ends::DECLINED),
        Housing::PlacementWithdrawn(over) => closed(over.referral_id, ends::DECLINED),
        Housing::PlacementNotArrived(over) => closed(over.referral_id, ends::NOT_ARRIVED),
        _ => None,
    })
}

#[allow(clippy::wildcard_enum_match_arm, reason = "only these events open, start or close a part")]
fn vocational(kind: Vocational) -> Result<Found, Unreadable> {
    Ok(match kind {
        Vocational::CaseOpened(opened) => Some((opened.referral_id, Progress::Opened, None)),
        Vocational::CaseEngaged(engaged) => Some((engaged.referral_id, Progress::Started, None)),
        Vocational::CaseTransitioned(over) => closed(over.referral_id, ends::GIVEN),
        Vocational::CaseDischarged(over) => closed(over.referral_id, ends::case(over.reason)?),
        _ => None,
    })
}

#[allow(clippy::wildcard_enum_match_arm, reason = "only these events open, start or close a part")]
fn therapy(kind: Therapy) -> Result<Found, Unreadable> {
    Ok(match kind {
        Therapy::EpisodeOpened(opened) => Some((opened.referral_id, Progress::Opened, None)),
        Therapy::EpisodeStarted(started) => Some((started.referral_id, Progress::Started, None)),
        Therapy::EpisodeClosed(over) => closed(over.referral_id, ends::episode(over.reason)?),
        _ => None,
    })
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
