//! What other services' events mean for the registry: their `pb::` event in, what follows here out.
//! Invariant: pure; the same event always means the same.

use kernel::{AgencyId, PersonId};
use prost::Message;
use proto::referrals::referrals_event::Kind;

/// An event that cannot be read: a newer release wrote it, or it is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read by this release")]
pub struct Unreadable;

/// Of whom an event of the referrals log tells that an agency accepted them: that agency may come to serve them, where the acceptance has a ground.
///
/// # Errors
/// A payload that this release cannot read.
pub fn serves(event: &proto::log::Event) -> Result<Option<(PersonId, AgencyId)>, Unreadable> {
    let decoded = proto::referrals::ReferralsEvent::decode(event.payload.clone()).map_err(|_| Unreadable)?;
    #[allow(clippy::wildcard_enum_match_arm, reason = "only an acceptance may make an agency serve somebody")]
    match decoded.kind.ok_or(Unreadable)? {
        Kind::ReferralAccepted(accepted) => {
            let person = accepted.person_id.parse().map_err(|_| Unreadable)?;
            let agency = accepted.target_agency_id.parse().map_err(|_| Unreadable)?;
            Ok(Some((person, agency)))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::referrals as pb;

    fn event(kind: Option<Kind>) -> proto::log::Event {
        let payload = pb::ReferralsEvent { kind }.encode_to_vec().into();
        proto::log::Event { payload, ..Default::default() }
    }

    #[test]
    fn an_acceptance_names_its_person_and_who_may_come_to_serve_them() {
        let (person, agency) = (PersonId::of(1), AgencyId::of(2));
        let accepted = pb::ReferralAccepted {
            person_id: person.to_string(),
            target_agency_id: agency.to_string(),
            ..Default::default()
        };
        assert_eq!(serves(&event(Some(Kind::ReferralAccepted(accepted)))), Ok(Some((person, agency))));
        let started = Kind::ReferralStarted(pb::ReferralStarted::default());
        assert_eq!(serves(&event(Some(started))), Ok(None));
        assert_eq!(serves(&event(None)), Err(Unreadable));
    }
}
