//! Reading stored events: what is damaged, or newer than this release, is said and never guessed.
//! Invariant: total; a stored event gives a value or the reason why not.

use kernel::{Decider, Occurred, Timestamp};
use platform::command::{Unreadable, stored};
use prost::Message;
use proto::vocational as pb;
use proto::vocational::vocational_event::Kind;

/// A stored event that is being read.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a>(pub &'a proto::log::Event);

impl Stored<'_> {
    /// Its kind.
    pub fn kind(self) -> Result<Kind, Unreadable> {
        pb::VocationalEvent::decode(self.0.payload.clone())
            .map_err(|_| self.bad("its payload is damaged"))?
            .kind
            .ok_or_else(|| self.bad("a newer release wrote it"))
    }

    /// Why it cannot be read.
    pub fn bad(self, why: &'static str) -> Unreadable {
        Unreadable::new(self.0, why)
    }

    /// It stands in a stream of another kind.
    pub fn not_of<D: Decider>(self) -> Unreadable {
        stored::not_of::<D>(self.0)
    }

    /// An id in it.
    pub fn id<T: std::str::FromStr>(self, text: &str) -> Result<T, Unreadable> {
        stored::stored_id(self.0, text)
    }

    /// An id in it that may be left out.
    pub fn optional_id<T: std::str::FromStr>(self, text: &str) -> Result<Option<T>, Unreadable> {
        stored::stored_optional_id(self.0, text)
    }

    /// Ids in it.
    pub fn ids<T: std::str::FromStr>(self, texts: &[String]) -> Result<Vec<T>, Unreadable> {
        texts.iter().map(|text| self.id(text)).collect()
    }

    /// A coded value in it.
    pub fn code<T>(self, value: Option<T>) -> Result<T, Unreadable> {
        value.ok_or_else(|| self.bad("a code in it is not known"))
    }

    /// A part of it that must be there.
    pub fn part<T>(self, value: Option<T>) -> Result<T, Unreadable> {
        value.ok_or_else(|| self.bad("a part of it is missing"))
    }

    /// An instant in it.
    pub fn instant(self, at: Option<&prost_types::Timestamp>) -> Result<Timestamp, Unreadable> {
        self.part(at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok()))
    }

    /// A day in it.
    pub fn day(self, date: Option<&proto::Date>) -> Result<kernel::Day, Unreadable> {
        self.part(date.and_then(platform::wire::from_date))
    }

    /// When it happened.
    pub fn occurred(self) -> Result<Occurred, Unreadable> {
        stored::occurred(self.0)
    }
}
