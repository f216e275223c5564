//! A timeline as somebody follows it: every update, in the order of its coming.
//! Invariant: what is waited for is read to the token that closes its step, so that what came with it is in what was told.

use std::time::Duration;

use kernel::{Caller, PersonId};
use proto::timeline::watch_timeline_response::Update;
use proto::timeline::{Entry, WatchTimelineRequest, WatchTimelineResponse};
use tests::world::World;
use tonic::Streaming;

/// How long what is waited for may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A following of a person's timeline.
pub struct Following {
    stream: Streaming<WatchTimelineResponse>,
    told: Vec<Update>,
}

impl Following {
    /// Follows from the beginning, and has been told what there is.
    pub async fn start(world: &World, caller: Caller, person: PersonId) -> Self {
        let request = WatchTimelineRequest { person_id: person.to_string(), ..Default::default() };
        let stream = world.timeline(caller).watch_timeline(request).await.expect("a following").into_inner();
        let mut following = Self { stream, told: Vec::new() };
        following.step("what there is").await;
        following
    }

    /// The entries that it was told, a changed one each time.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.told.iter().filter_map(|update| match update {
            Update::Entry(entry) => Some(entry),
            Update::RemovedEntryId(_) | Update::Part2Notice(_) | Update::ResumeToken(_) => None,
        })
    }

    /// Reads on until an entry that begins so has been told, whenever that was; gives the latest such.
    pub async fn hears(&mut self, line: &str) -> Entry {
        self.hears_where(line, |_| true).await
    }

    /// The same, of what is open.
    pub async fn hears_open(&mut self, line: &str) -> Entry {
        self.hears_where(line, |entry| entry.open).await
    }

    /// Reads on until the latest that begins so is over.
    pub async fn hears_over(&mut self, line: &str) -> Entry {
        self.hears_where(line, |entry| !entry.open).await
    }

    /// Reads on until this many different entries that begin so have been told.
    pub async fn hears_of(&mut self, count: usize, line: &str) {
        loop {
            let mut ids: Vec<&str> = self
                .entries()
                .filter(|entry| entry.line.starts_with(line))
                .map(|entry| entry.id.as_str())
                .collect();
            ids.sort_unstable();
            ids.dedup();
            if ids.len() >= count {
                return;
            }
            self.step(line).await;
        }
    }

    async fn hears_where(&mut self, line: &str, wanted: impl Fn(&Entry) -> bool) -> Entry {
        loop {
            let latest = self.entries().filter(|entry| entry.line.starts_with(line)).last();
            if let Some(entry) = latest.filter(|entry| wanted(entry)) {
                return entry.clone();
            }
            self.step(line).await;
        }
    }

    /// Reads to the end of one step.
    async fn step(&mut self, waits_for: &str) {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.message()).await;
            let next = next.unwrap_or_else(|_| panic!("in vain: {waits_for}; told: {:?}", self.told));
            let update =
                next.expect("the following goes on").and_then(|next| next.update).expect("an update");
            let closes = matches!(update, Update::ResumeToken(_));
            self.told.push(update);
            if closes {
                return;
            }
        }
    }
}
