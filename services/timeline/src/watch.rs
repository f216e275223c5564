//! Following a timeline: what it is, then what becomes of it, as long as the caller listens.
//!
//! Invariant: a resume token says how far each log was read when all before it was sent; from it on nothing is missed, and what was sent before may
//! come once more. When what the caller may see changes, what is no longer visible is taken back.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, BoxStream, StreamExt};
use kernel::{Caller, Class, PersonId};
use platform::page::Last;
use prost::Message;
use proto::timeline::WatchTimelineResponse;
use proto::timeline::watch_timeline_response::Update;
use tonic::Status;
use uuid::Uuid;

use crate::api::{Api, Sight};
use crate::audit;
use crate::policy;
use crate::view::{self, Filter, Found};

/// Entries read at once for the first sending.
const CHUNK: usize = 200;

/// How far each log was read.
#[derive(Clone, PartialEq, Message)]
struct Read {
    #[prost(string, repeated, tag = "1")]
    logs: Vec<String>,
    #[prost(uint64, repeated, tag = "2")]
    positions: Vec<u64>,
    /// The generation that was read: positions of the same logs, whichever it is.
    #[prost(string, repeated, tag = "3")]
    log_ids: Vec<String>,
}

struct Following {
    api: Api,
    caller: Caller,
    person: PersonId,
    services: Vec<String>,
    list: String,
    sight: Option<Sight>,
    read: BTreeMap<String, (String, u64)>,
    sent: BTreeSet<Uuid>,
    resumed: bool,
    progress: tokio::sync::watch::Receiver<platform::projection::Progress>,
    people: tokio::sync::watch::Receiver<platform::projection::Progress>,
}

/// Follows the person's timeline as the caller.
///
/// # Errors
/// A resume token of another following.
pub async fn follow(
    api: Api,
    caller: Caller,
    person: PersonId,
    services: Vec<String>,
    resume_token: &str,
) -> Result<BoxStream<'static, Result<WatchTimelineResponse, Status>>, Status> {
    let list = format!("WatchTimeline/{person}/{services:?}");
    let read: Option<Read> = api
        .pages
        .place(&list, resume_token)
        .map_err(|bad| platform::error::BadField { field: "resume_token".into(), why: bad.why })?;
    let resumed = read.is_some();
    let read = read.unwrap_or_default();
    let places = read.logs.into_iter().zip(read.log_ids.into_iter().zip(read.positions)).collect();
    let (progress, people) = (api.views.progress(), api.people.views().progress());
    let sent = BTreeSet::new();
    let sight = None;
    let following = Following {
        api,
        caller,
        person,
        services,
        list,
        sight,
        read: places,
        sent,
        resumed,
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

fn update(update: Update) -> WatchTimelineResponse {
    WatchTimelineResponse { update: Some(update) }
}

impl Following {
    /// Waits until there may be something, and gives what there is.
    async fn step(&mut self) -> Result<Vec<WatchTimelineResponse>, Status> {
        loop {
            let first = self.sight.is_none();
            if !first {
                tokio::select! {
                    changed = self.progress.changed() => changed.map_err(|_| gone())?,
                    changed = self.people.changed() => changed.map_err(|_| gone())?,
                }
            }
            let updates = self.look().await?;
            if first || !updates.is_empty() {
                return Ok(updates);
            }
        }
    }

    async fn look(&mut self) -> Result<Vec<WatchTimelineResponse>, Status> {
        // Told before the tables are read: what is committed meanwhile is read now and once more.
        self.people.borrow_and_update();
        let progress = self.progress.borrow_and_update().clone();
        let sight = self.api.sight(&self.caller, self.person, None).await?;
        let same_logs = progress.places.iter().all(|(log, place)| {
            self.read.get(log).is_some_and(|(log_id, _)| *log_id == place.log_id.to_string())
        });
        let first = self.sight.is_none();
        let oversight = sight.oversight;
        let (found, gone) = match &self.sight {
            Some(before) if *before == sight && same_logs => self.since(&sight).await?,
            None if self.resumed && same_logs => self.since(&sight).await?,
            Some(_) | None => self.whole(&sight).await?,
        };
        self.sight = Some(sight);
        self.read = progress
            .places
            .iter()
            .map(|(log, place)| (log.clone(), (place.log_id.to_string(), place.position)))
            .collect();
        if first && oversight {
            // Whoever oversees is listed once for a following, before anything of it is sent.
            let records = self.sight.as_ref().map(|sight| sight.records.clone()).unwrap_or_default();
            audit::read(&self.api.desk, &self.caller, &records, found.len()).await?;
        }
        if found.is_empty() && gone.is_empty() && !self.sent.is_empty() {
            return Ok(vec![]);
        }
        let mut updates = Vec::with_capacity(found.len() + gone.len() + 1);
        for id in gone {
            self.sent.remove(&id);
            updates.push(update(Update::RemovedEntryId(id.to_string())));
        }
        self.sent.extend(found.iter().map(|found| found.last.id()));
        updates.extend(self.api.shown(found).await?.into_iter().map(|entry| update(Update::Entry(entry))));
        updates.push(update(Update::ResumeToken(self.token())));
        Ok(updates)
    }

    /// What changed since each log was read.
    async fn since(&self, sight: &Sight) -> Result<(Vec<Found>, Vec<Uuid>), Status> {
        let (mut found, mut gone) = (vec![], vec![]);
        for service in self.services() {
            let after = self.read.get(service).map_or(0, |(_, position)| *position);
            let db = self.api.views.db();
            let (new, ended) = view::changes(&db, &sight.records, &sight.classes, service, after).await?;
            found.extend(new);
            gone.extend(ended);
        }
        Ok((found, gone))
    }

    /// Everything, and what of that which was sent is not in it.
    async fn whole(&self, sight: &Sight) -> Result<(Vec<Found>, Vec<Uuid>), Status> {
        let classes: Vec<Class> = sight.classes.iter().cloned().collect();
        let mut all = Vec::new();
        let mut after = Last::first();
        loop {
            let filter = Filter {
                people: sight.records.clone(),
                services: self.services.clone(),
                from: None,
                until: None,
                as_of: None,
                after,
                size: CHUNK,
            };
            let (found, more) = view::page(&self.api.views.db(), &classes, &filter).await?;
            all.extend(found);
            match all.last() {
                Some(found) if more => after = found.last.clone(),
                Some(_) | None => break,
            }
        }
        all.reverse();
        let there: BTreeSet<Uuid> = all.iter().map(|found| found.last.id()).collect();
        Ok((all, self.sent.difference(&there).copied().collect()))
    }

    fn services(&self) -> impl Iterator<Item = &str> {
        policy::SOURCES
            .iter()
            .copied()
            .filter(|log| self.services.is_empty() || self.services.iter().any(|service| service == log))
    }

    fn token(&self) -> String {
        let mut read = Read::default();
        for (log, (log_id, position)) in &self.read {
            read.logs.push(log.clone());
            read.log_ids.push(log_id.clone());
            read.positions.push(*position);
        }
        self.api.pages.token(&self.list, &read)
    }
}

fn gone() -> Status {
    platform::error::unavailable(
        "SHUTTING_DOWN",
        "the timeline is stopping; follow again with the last resume token",
        std::time::Duration::from_secs(1),
    )
}
