//! What other services' events mean for the registry: their `pb::` event in, what follows here out.
//! Invariant: pure; the same event always means the same.

use kernel::{AgencyId, PersonId};
use prost::Message;
use proto::referrals::referrals_event::Kind;

/// An event that cannot be read: a newer release wrote it, or it is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read by this release")]
pub struct Unreadable;

/// An agency accepted a referral of a person: it may come to serve them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The person.
    pub person: PersonId,
    /// The agency that accepted.
    pub agency: AgencyId,
    /// Whether it went by the person's word: a directive, or their own act.
    pub by_their_word: bool,
    /// The agency that asked; none where it does not say.
    pub requester: Option<AgencyId>,
}

/// The acceptance that an event of the referrals log tells of; none where it tells of something else.
///
/// # Errors
/// A payload that this release cannot read.
pub fn accepted(event: &proto::log::Event) -> Result<Option<Accepted>, Unreadable> {
    let decoded = proto::referrals::ReferralsEvent::decode(event.payload.clone()).map_err(|_| Unreadable)?;
    let Kind::ReferralAccepted(accepted) = decoded.kind.ok_or(Unreadable)? else { return Ok(None) };
    let requester = match accepted.requester_agency_id.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|_| Unreadable)?),
    };
    Ok(Some(Accepted {
        person: accepted.person_id.parse().map_err(|_| Unreadable)?,
        agency: accepted.target_agency_id.parse().map_err(|_| Unreadable)?,
        by_their_word: !accepted.consent_reference.is_empty(),
        requester,
    }))
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
    fn an_acceptance_says_who_may_come_to_serve_whom_and_by_what_it_went() {
        let (person, agency, asked) = (PersonId::of(1), AgencyId::of(2), AgencyId::of(3));
        let told = pb::ReferralAccepted {
            person_id: person.to_string(),
            target_agency_id: agency.to_string(),
            ..Default::default()
        };
        let read = |told| accepted(&event(Some(Kind::ReferralAccepted(told))));
        let bare = Accepted { person, agency, by_their_word: false, requester: None };
        assert_eq!(read(told.clone()), Ok(Some(bare)));
        let by_word = pb::ReferralAccepted { consent_reference: "self".into(), ..told.clone() };
        assert_eq!(read(by_word), Ok(Some(Accepted { by_their_word: true, ..bare })));
        let of =
            |requester: &str| pb::ReferralAccepted { requester_agency_id: requester.into(), ..told.clone() };
        assert_eq!(read(of(&asked.to_string())), Ok(Some(Accepted { requester: Some(asked), ..bare })));
        assert_eq!(read(of("?")), Err(Unreadable));
        let started = Kind::ReferralStarted(pb::ReferralStarted::default());
        assert_eq!(accepted(&event(Some(started))), Ok(None));
        assert_eq!(accepted(&event(None)), Err(Unreadable));
    }
}
