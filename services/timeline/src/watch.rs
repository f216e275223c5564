//! Following a timeline: what it is, then what becomes of it, as long as the caller listens.
//!
//! Invariant: a resume token says how far each log was read, and under what sight, when all before it was sent; from it on nothing is missed, and what
//! was sent before is sent again only where it changed. When what the caller may see changes, what differs is sent: what can be seen now and could not
//! be then, and the ids of what cannot be seen any more. Ids of what was never sent are never told.

mod agency;
mod reading;
mod then;

pub use agency::{AskedAgency, follow as follow_agency};

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use futures_util::stream::{self, BoxStream, StreamExt};
use kernel::{Caller, EmergencyId, PersonId, Purpose, Timestamp};
use platform::clock::Clock;
use platform::error::BadField;
use platform::projection::Progress;
use prost::Message;
use proto::timeline::WatchTimelineResponse;
use proto::timeline::watch_timeline_response::Update;
use tokio::sync::watch::Receiver;
use tonic::Status;
use uuid::Uuid;

use crate::api::{Api, Sight};
use crate::audit;
use crate::view::Found;
use then::Then;

/// What is followed.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Whose timeline.
    pub person: PersonId,
    /// Of these services; none means all.
    pub services: Vec<String>,
    /// What for.
    pub purpose: Purpose,
}

struct Following {
    api: Api,
    caller: Caller,
    asked: Asked,
    list: String,
    /// Whether this following has looked yet.
    begun: bool,
    /// When what may be seen may change by the clock alone; none where it does not.
    until: Option<Timestamp>,
    /// Where the follower was when all before it had been sent; none at the very first.
    then: Option<Then>,
    /// The medical emergencies by which it has been read, as is written down.
    emergencies: BTreeSet<EmergencyId>,
    /// Whether it was told what goes with what those open of 42 CFR Part 2 programmes.
    noticed: bool,
    /// What this following has sent and not taken back, by a hash of what it said.
    sent: BTreeMap<Uuid, u64>,
    progress: Receiver<Progress>,
    people: Receiver<Progress>,
}

/// Follows the person's timeline as the caller.
///
/// # Errors
/// A resume token of another following.
pub async fn follow(
    api: Api,
    caller: Caller,
    asked: Asked,
    resume_token: &str,
) -> Result<BoxStream<'static, Result<WatchTimelineResponse, Status>>, Status> {
    // Bound to who sees what the caller does: in another's hands it would tell what that one saw. For treatment that may be the caller alone.
    let alone = (asked.purpose == Purpose::Treatment).then_some(&caller.actor);
    let sees = (caller.role.name(), caller.speaks_for(), caller.person(), alone);
    let list = format!("WatchTimeline/{asked:?}/{sees:?}");
    let token = api.pages.place(&list, resume_token).map_err(unknown)?;
    let then = match token {
        Some(token) => {
            Some(Then::of(token).ok_or_else(|| unknown(BadField::new("resume_token", "is damaged")))?)
        }
        None => None,
    };
    let (progress, people) = (api.views.progress(), api.people.views().progress());
    let (begun, until, emergencies, noticed, sent) = (false, None, BTreeSet::new(), false, BTreeMap::new());
    let following = Following {
        api,
        caller,
        asked,
        list,
        begun,
        until,
        then,
        emergencies,
        noticed,
        sent,
        progress,
        people,
    };
    let steps = stream::unfold(Some(following), |following| async move {
        let mut following = following?;
        match following.step().await {
            Ok(updates) => Some((updates.into_iter().map(Ok).collect(), Some(following))),
            Err(status) => Some((vec![Err(status)], None)),
        }
    });
    Ok(steps.flat_map(stream::iter).boxed())
}

fn unknown(bad: BadField) -> BadField {
    BadField { field: "resume_token".into(), why: bad.why }
}

fn update(update: Update) -> WatchTimelineResponse {
    WatchTimelineResponse { update: Some(update) }
}

impl Following {
    /// Waits until there may be something, and gives what there is.
    async fn step(&mut self) -> Result<Vec<WatchTimelineResponse>, Status> {
        loop {
            if self.begun {
                let clock = self.api.desk.clock();
                changed([&mut self.progress, &mut self.people], clock, self.until).await?;
            }
            let updates = self.look().await?;
            if !updates.is_empty() {
                return Ok(updates);
            }
        }
    }

    /// What there is to send: at the first look at least a token.
    async fn look(&mut self) -> Result<Vec<WatchTimelineResponse>, Status> {
        // Told before the tables are read: what is committed meanwhile is read now and once more.
        self.people.borrow_and_update();
        let progress = self.progress.borrow_and_update().clone();
        let Asked { person, purpose, .. } = self.asked;
        let sight = self.api.sight(&self.caller, person, purpose, None).await?;
        self.until = sight.until;
        let (mut found, gone) = match &self.then {
            Some(then) if !then.read.same_logs(&progress) => self.anew(&sight).await?,
            // What waited and has been applied since stands at its old place in the log.
            Some(then) if then.unsure => self.anew(&sight).await?,
            Some(then) if then.same_sight(&sight) => self.since(then, &sight).await?,
            Some(then) => self.differs(then, &sight).await?,
            None => self.anew(&sight).await?,
        };
        self.then = Some(Then::at(&progress, &sight));
        // What was committed while the tables were read last is told of now, and was sent then.
        found.retain(|found| self.sent.get(&found.last.id()) != Some(&said(found)));
        let first = !std::mem::replace(&mut self.begun, true);
        let by_another = !sight.emergencies.is_subset(&self.emergencies);
        if (first && sight.oversight) || by_another {
            // Whoever oversees is listed once for a following, and who reads in an emergency once for each, before anything of it is sent.
            audit::read(&self.api.desk, &self.caller, &sight, found.len()).await?;
            self.emergencies.extend(&sight.emergencies);
        }
        if !first && found.is_empty() && gone.is_empty() {
            return Ok(vec![]);
        }
        let notice = if self.noticed { String::new() } else { self.api.part2_notice(&sight).await? };
        let mut updates = Vec::with_capacity(found.len() + gone.len() + 2);
        if !notice.is_empty() {
            self.noticed = true;
            updates.push(update(Update::Part2Notice(notice)));
        }
        for id in gone {
            self.sent.remove(&id);
            updates.push(update(Update::RemovedEntryId(id.to_string())));
        }
        self.sent.extend(found.iter().map(|found| (found.last.id(), said(found))));
        updates.extend(self.api.shown(found).await?.into_iter().map(|entry| update(Update::Entry(entry))));
        updates.push(update(Update::ResumeToken(self.token())));
        Ok(updates)
    }

    /// What changed since each log was read, while as much is seen as then.
    async fn since(&self, then: &Then, sight: &Sight) -> Result<(Vec<Found>, Vec<Uuid>), Status> {
        reading::since(&self.api, sight, &self.asked.services, &then.read).await
    }

    /// What differs between what was seen then and what is seen now: of what the follower holds, only what changed or is gone.
    async fn differs(&self, then: &Then, sight: &Sight) -> Result<(Vec<Found>, Vec<Uuid>), Status> {
        let mut held = then.stood(&self.api.views.db(), reading::services(&self.asked.services)).await?;
        held.extend(self.sent.keys());
        let (changed, _) = self.since(then, sight).await?;
        let changed: BTreeSet<Uuid> = changed.iter().map(|found| found.last.id()).collect();
        let mut found = self.whole(sight).await?;
        let there: BTreeSet<Uuid> = found.iter().map(|found| found.last.id()).collect();
        found.retain(|found| !held.contains(&found.last.id()) || changed.contains(&found.last.id()));
        Ok((found, held.difference(&there).copied().collect()))
    }

    /// Everything, and what of that which was sent is not in it.
    async fn anew(&self, sight: &Sight) -> Result<(Vec<Found>, Vec<Uuid>), Status> {
        let found = self.whole(sight).await?;
        let there: BTreeSet<Uuid> = found.iter().map(|found| found.last.id()).collect();
        Ok((found, self.sent.keys().filter(|id| !there.contains(id)).copied().collect()))
    }

    /// Everything that is seen now, oldest first.
    async fn whole(&self, sight: &Sight) -> Result<Vec<Found>, Status> {
        reading::whole(&self.api, sight, &self.asked.services).await
    }

    fn token(&self) -> String {
        let token = self.then.as_ref().map(Then::token).unwrap_or_default();
        self.api.pages.token(&self.list, &token)
    }
}

/// A hash of what an entry says.
fn said(found: &Found) -> u64 {
    let mut hash = DefaultHasher::new();
    (found.known_from, found.stored.encode_to_vec()).hash(&mut hash);
    hash.finish()
}

/// Waits until something was read, or the clock changes what may be seen.
async fn changed(
    [entries, say]: [&mut Receiver<Progress>; 2],
    clock: &Clock,
    until: Option<Timestamp>,
) -> Result<(), Status> {
    let by_the_clock = async {
        match until {
            Some(until) => clock.reached(until).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        read = entries.changed() => read.map_err(|_| gone()),
        read = say.changed() => read.map_err(|_| gone()),
        () = by_the_clock => Ok(()),
    }
}

fn gone() -> Status {
    platform::error::unavailable(
        "SHUTTING_DOWN",
        "the timeline is stopping; follow again with the last resume token",
        std::time::Duration::from_secs(1),
    )
}
