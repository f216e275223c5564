//! Housing: unit groups, units, placements from match to exit, bed nights, living situations.
//!
//! It owns who is meant for which place, who has which unit, and who was lodged where on which nights. It does not own why somebody was
//! referred: that is the referrals service's, and what happens here goes back to it by events.
//!
//! Invariants: no two households have one unit on one night, however many ask at once; an agency has a person in one permanent home; entry is
//! not after move-in, nor that after exit; an accepted referral opens one placement, once.
//!
//! Reading order: [`domain`] (the rules), [`wire`] (the contract), [`tenancies`] (placements and diaries at the desk), [`api`] (the face),
//! [`view`] (lists), [`policy`] and [`loops`] (closing the loop).

pub mod api;
pub mod domain;
pub mod loops;
pub mod policy;
pub mod tenancies;
pub mod view;
pub mod wire;

use platform::caseload::GoesAlong;
use platform::people::deaths::Deaths;
use platform::service::{AssemblyError, Parts, Service};
use proto::housing::housing_service_server::HousingServiceServer;

/// The service's name, and its log's.
pub const NAME: &str = "housing";

/// Puts the service together.
///
/// # Errors
/// A log without a peer, or tables that cannot be opened.
pub async fn service(parts: &Parts) -> Result<Service, AssemblyError> {
    let desk = parts.desk();
    let (lists, people) = (parts.lists(view::Lists).await?, parts.people().await?);
    let view = view::View::new(lists.clone());
    let kept = loops::Kept::new(desk.clone(), view.clone());
    parts.react(loops::Opens::new(desk.clone()))?;
    parts.react(GoesAlong::new(desk.clone(), lists.clone(), kept.clone()))?;
    parts.react(Deaths::told(desk.clone(), people.clone(), lists.clone(), kept.clone()))?;
    parts.react(Deaths::planned(desk.clone(), people.clone(), lists, kept))?;
    Ok(Service::new(parts).serves(HousingServiceServer::new(api::Api::new(desk, view, people))))
}
