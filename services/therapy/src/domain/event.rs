//! What happens in this service, whichever stream it happens to.
//! Invariant: an event names its stream; a command over several streams gives all of them at once, or none.

use kernel::{Decider, StreamId};

use super::{appointment, diary, episode, practitioner};

/// An event of any stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Of a practitioner.
    Practitioner(practitioner::Event),
    /// Of an episode.
    Episode(episode::Event),
    /// Of an appointment.
    Appointment(appointment::Event),
    /// Of a diary.
    Diary(diary::Event),
}

/// What one command does, stream by stream, in the order in which it is appended.
pub type Changes = Vec<(StreamId, Event)>;

/// The stream of a practitioner.
pub fn practitioner_stream(id: kernel::WorkerId) -> StreamId {
    StreamId::new(practitioner::Practitioner::CATEGORY, id.uuid())
}

/// The stream of an episode.
pub fn episode_stream(id: super::EpisodeId) -> StreamId {
    StreamId::new(episode::Episode::CATEGORY, id.uuid())
}

/// The stream of an appointment.
pub fn appointment_stream(id: super::AppointmentId) -> StreamId {
    StreamId::new(appointment::Appointment::CATEGORY, id.uuid())
}
