//! The only door to the domain of therapy: practitioners, episodes, appointments and the diaries that keep their time.
//! Invariant: pure. Time, ids and what other services said arrive as arguments.

pub mod appointment;
pub mod booking;
pub mod diary;
pub mod episode;
mod event;
mod ids;
pub mod modality;
pub mod practitioner;

#[cfg(test)]
mod tests;

pub use diary::{Diaries, DiaryId, Owner};
pub use event::{Changes, Event, appointment_stream, episode_stream, practitioner_stream};
pub use ids::{AppointmentId, EpisodeId, GoalId, PlanItemId, ReferralId};
pub use modality::{Modality, Profession};
