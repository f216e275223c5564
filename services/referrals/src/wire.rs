//! The only file family that knows both the contract and the domain: requests in, replies out, own events as bytes and back.
//! Invariant: nothing below it knows the wire, and nothing above it knows the domain's insides.

mod assignment;
pub(crate) mod codes;
mod contact;
mod matching;
mod offer;
mod participation;
mod referral;

use platform::command::Unreadable;
use platform::command::stored::{id_text, known_until, not_of, occurred, stored_id, stored_optional_id};
use platform::records::Tells;
use prost::Message;
use proto::referrals as pb;
use proto::referrals::referrals_event::Kind;

pub use assignment::{assignment, goes_along, hand_over, handed_over, worker};
pub use codes::{
    answer_out as recorded_state, clocks, of_homes, participation_states, priority_at_least, state_numbers,
};
pub use matching::{Asked, asked, matched};
pub use offer::{
    capacity_bytes, change, from_bytes as offer_from_bytes, offer, offer_bytes, publish,
    record as record_offer, report,
};
pub use participation::{
    add_contact, assign_participation, end, name_plan, participation, pause as pause_participation,
    record_contact, record_participation, resume as resume_participation, start,
};
pub use referral::{
    Drafting, accept, acknowledge, ask, ask_transfer, assign, cancel, complete, contact, draft, fail,
    following_number as following, hold, members, overriding, part, record, referral, reject, resume, review,
    send, split, start as start_referral, status, supply, together, when, with_members,
};

pub use kernel::class::PART2;

/// Which events tell what a source recorded, and take it back.
pub const TELLS: Tells = Tells::whole(
    &["ServiceOfferPublished", "ParticipationContactMade"],
    &["ServiceOfferWithdrawn", "ReferralEnteredInError", "ParticipationEnteredInError"],
);

fn labels(part2: bool) -> Vec<String> {
    if part2 { vec![PART2.to_owned()] } else { vec![] }
}

/// The kind of a stored event.
fn kind_of(stored: &proto::log::Event) -> Result<Kind, Unreadable> {
    pb::ReferralsEvent::decode(stored.payload.clone())
        .map_err(|_| Unreadable::new(stored, "its payload is damaged"))?
        .kind
        .ok_or_else(|| Unreadable::new(stored, "a newer release wrote it"))
}

/// That a reaction was refused, as this service's log tells it.
pub fn reaction_refused(refused: proto::log::ReactionRefused) -> pb::ReferralsEvent {
    wrap(Kind::ReactionRefused(refused))
}

fn wrap(kind: Kind) -> pb::ReferralsEvent {
    pb::ReferralsEvent { kind: Some(kind) }
}
