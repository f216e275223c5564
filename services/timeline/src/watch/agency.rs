//! Following the timelines of all people whom an agency serves: what an integrator builds on.
//!
//! Each person's timeline is followed under what the agency may see of it. A hash of that sight is kept by person, so that a change of it (a consent given,
//! ended or come to its end, a link, a label) sends that timeline anew. A resume token cannot hold so many hashes: it holds their sums over a few hundred
//! buckets of people, and after a break the timelines of a bucket whose sum is another are sent anew.
//!
//! Invariant: who holds what was sent up to a token, and goes on from it, holds at the next one what reads show: nothing is missed, and nothing is left
//! that the agency may see no more. What was sent after the token counts for nothing: sights change, and change back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt};
use kernel::{AgencyId, Caller, PersonId, Purpose, Timestamp};
use platform::error::BadField;
use platform::projection::{About, Progress};
use prost::Message;
use proto::timeline::WatchAgencyResponse;
use proto::timeline::watch_agency_response::Update;
use tokio::sync::watch::Receiver;
use tonic::Status;
use uuid::Uuid;

use super::then::Places;
use super::{changed, reading, unknown};
use crate::api::{Api, Sight};
use crate::view;

/// Sums that a token holds.
const BUCKETS: usize = 256;
/// People told of between two tokens, at most.
const PEOPLE_A_TOKEN: usize = 50;
/// How long it rests after a look, so that much that happens at once costs one look.
const REST: Duration = Duration::from_millis(200);
/// People read of the view at once.
const CHUNK: usize = 1_000;

/// What is followed.
#[derive(Clone, Debug)]
pub struct AskedAgency {
    /// Whose people.
    pub agency: AgencyId,
    /// Of these services; none means all.
    pub services: Vec<String>,
    /// What for.
    pub purpose: Purpose,
}

/// What a resume token holds, sealed.
#[derive(Clone, PartialEq, Message)]
struct Token {
    #[prost(message, optional, tag = "1")]
    read: Option<Places>,
    /// By bucket, the sum of what was seen of its people.
    #[prost(fixed64, repeated, tag = "2")]
    sums: Vec<u64>,
    /// The last person of the first pass that had been told of; empty once it is over.
    #[prost(bytes = "vec", tag = "3")]
    told_to: Vec<u8>,
    /// Whether the follower may still hold what was told of other logs.
    #[prost(bool, tag = "4")]
    stale: bool,
}

/// What is known of a person.
#[derive(Clone, Debug)]
struct Known {
    /// A hash of what was seen when the follower was last told.
    seen: u64,
    /// The records read as one.
    records: Vec<PersonId>,
    /// When something else may be seen by the clock alone.
    until: Option<Timestamp>,
}

struct Following {
    api: Api,
    caller: Caller,
    asked: AskedAgency,
    list: String,
    known: BTreeMap<PersonId, Known>,
    /// By bucket, the sum over those in `known`.
    sums: Vec<u64>,
    /// The sums that a token told, until those of now have been held against them.
    resumed: Option<Vec<u64>>,
    /// How far each log was read when the follower had been told of everybody.
    told: Places,
    /// The same, once it has been told of who is still in line.
    telling: Places,
    /// Who is still to be looked at.
    line: VecDeque<PersonId>,
    /// The first pass has come to this person; none once it is over.
    first: Option<Uuid>,
    /// Whether the follower may still hold what was told of other logs: then whoever is told of for the first time begins anew, too.
    stale: bool,
    since_token: usize,
    sent: bool,
    looked: Option<Looked>,
    progress: Receiver<Progress>,
    people: Receiver<Progress>,
}

/// What a look was at.
#[derive(Clone, PartialEq)]
struct Looked {
    /// How far the entries are.
    entries: Progress,
    /// How far what people say is.
    say: Progress,
    /// The agencies that were 42 CFR Part 2 programmes.
    programmes: Arc<BTreeSet<AgencyId>>,
}

/// Follows the people of the agency as the caller.
///
/// # Errors
/// A resume token of another following.
pub fn follow(
    api: Api,
    caller: Caller,
    asked: AskedAgency,
    resume_token: &str,
) -> Result<BoxStream<'static, Result<WatchAgencyResponse, Status>>, Status> {
    let list = format!("WatchAgency/{asked:?}/{}", caller.role.name());
    let token: Option<Token> = api.pages.place(&list, resume_token).map_err(unknown)?;
    let (progress, people) = (api.views.progress(), api.people.views().progress());
    let (came, now) = (token.is_some(), Places::at(&progress.borrow()));
    let fits = |token: &Token| {
        let same_logs = token.read.as_ref().is_some_and(|read| read.same_logs(&progress.borrow()));
        same_logs && token.sums.len() == BUCKETS
    };
    // Positions of other incarnations mean nothing: everything is sent anew.
    let (told, resumed, told_to, stale) = match token.filter(fits) {
        Some(token) => (token.read.unwrap_or_default(), Some(token.sums), token.told_to, token.stale),
        None => (now, None, Uuid::nil().as_bytes().to_vec(), came),
    };
    let first = match told_to.as_slice() {
        [] => None,
        bytes => {
            Some(Uuid::from_slice(bytes).map_err(|_| unknown(BadField::new("resume_token", "is damaged")))?)
        }
    };
    let following = Following {
        api,
        caller,
        asked,
        list,
        known: BTreeMap::new(),
        sums: vec![0; BUCKETS],
        resumed,
        telling: told.clone(),
        told,
        line: VecDeque::new(),
        first,
        stale,
        since_token: 0,
        // At the first look at least a token is sent, so that who goes on knows that it does.
        sent: true,
        looked: None,
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

impl Following {
    /// Waits until there is something to tell, and gives it.
    async fn step(&mut self) -> Result<Vec<WatchAgencyResponse>, Status> {
        if self.resumed.is_some() {
            self.resume().await?;
        }
        loop {
            let Some(person) = self.line.pop_front() else {
                if let Some(token) = self.closed() {
                    return Ok(vec![token]);
                }
                self.form_line().await?;
                continue;
            };
            let mut updates = self.tell(person).await?;
            if let Some(first) = self.first.as_mut() {
                *first = (*first).max(person.uuid());
            }
            self.since_token += 1;
            if self.sent && self.since_token >= PEOPLE_A_TOKEN && !self.line.is_empty() {
                updates.push(self.token());
            }
            if !updates.is_empty() {
                return Ok(updates);
            }
        }
    }

    /// The token that follows on a line that has been told of, where anything was sent.
    fn closed(&mut self) -> Option<WatchAgencyResponse> {
        if self.first.is_some() {
            return None;
        }
        self.told = self.telling.clone();
        self.sent.then(|| self.token())
    }

    /// Who is to be looked at next: in the first pass whom it has not come to, then whoever something may have changed of.
    async fn form_line(&mut self) -> Result<(), Status> {
        if let Some(first) = self.first {
            let after = (!first.is_nil()).then(|| PersonId::new(first));
            self.line = self.api.people.served_by(self.asked.agency, after, CHUNK).await?.into();
            if self.line.is_empty() {
                (self.first, self.stale) = (None, false);
            }
            return Ok(());
        }
        let Some(before) = self.looked.clone() else {
            // The first look after the first pass, or after a break, is at everybody.
            self.looked = Some(self.look().await?);
            self.line = self.everybody().await?.into();
            return Ok(());
        };
        self.wait().await?;
        let now = self.look().await?;
        if !self.told.same_logs(&now.entries) {
            self.begin_again();
            return Ok(());
        }
        let mut line = self.whom_it_may_concern(&before, &now).await?;
        if now.say != before.say
            && self.api.people.serves_how_many(self.asked.agency).await? != self.known.len()
        {
            line.extend(
                self.everybody().await?.into_iter().filter(|person| !self.known.contains_key(person)),
            );
        }
        self.looked = Some(now);
        self.line = line.into_iter().collect();
        Ok(())
    }

    /// Those of whom an entry, or what may be seen, may be another than at the look before.
    async fn whom_it_may_concern(&self, before: &Looked, now: &Looked) -> Result<BTreeSet<PersonId>, Status> {
        if now.programmes != before.programmes {
            return Ok(self.known.keys().copied().collect());
        }
        let clock = self.api.desk.clock().now();
        let (mut concerned, mut records, mut owners) = (BTreeSet::new(), vec![], BTreeMap::new());
        for (person, known) in &self.known {
            let about = About::People(known.records.clone());
            if known.until.is_some_and(|until| until <= clock) || !now.say.still(&before.say, &about) {
                concerned.insert(*person);
            } else if !now.entries.still(&before.entries, &about) {
                // Something of their partition was read: whether of them is asked of the table.
                for record in &known.records {
                    records.push(*record);
                    owners.entry(*record).or_insert_with(Vec::new).push(*person);
                }
            }
        }
        for service in reading::services(&self.asked.services) {
            let db = self.api.views.db();
            for record in view::moved(&db, &records, service, self.told.position(service)).await? {
                concerned.extend(owners.get(&record).into_iter().flatten());
            }
        }
        Ok(concerned)
    }

    /// A log is another than it was: what was told of it may never have been.
    fn begin_again(&mut self) {
        let now = Places::at(&self.progress.borrow());
        (self.told, self.telling) = (now.clone(), now);
        (self.first, self.stale, self.looked) = (Some(Uuid::nil()), true, None);
        self.known.clear();
        self.sums = vec![0; BUCKETS];
    }

    /// How far the tables are, before they are read: what is committed meanwhile is read now and once more.
    async fn look(&mut self) -> Result<Looked, Status> {
        let say = self.people.borrow_and_update().clone();
        let entries = self.progress.borrow_and_update().clone();
        self.telling = Places::at(&entries);
        Ok(Looked { entries, say, programmes: self.api.people.programmes().await? })
    }

    /// Rests, then waits until there may be something to tell.
    async fn wait(&mut self) -> Result<(), Status> {
        // Sleeps: this long it rests.
        tokio::time::sleep(REST).await;
        let until = self.known.values().filter_map(|known| known.until).min();
        changed([&mut self.progress, &mut self.people], self.api.desk.clock(), until).await
    }

    async fn everybody(&self) -> Result<Vec<PersonId>, Status> {
        let mut all: Vec<PersonId> = Vec::new();
        loop {
            let more = self.api.people.served_by(self.asked.agency, all.last().copied(), CHUNK).await?;
            if more.is_empty() {
                return Ok(all);
            }
            all.extend(more);
        }
    }

    /// Finds out of whom as much is seen as when the token was given. The others begin anew.
    async fn resume(&mut self) -> Result<(), Status> {
        let then = self.resumed.take().unwrap_or_default();
        for person in self.everybody().await? {
            if self.first.is_none_or(|first| person.uuid() <= first) {
                let sight = self.sight(person).await?;
                self.keep(person, known(&sight));
            }
        }
        let differs: Vec<(PersonId, Known)> = self
            .known
            .iter()
            .filter(|(person, _)| self.sums.get(bucket(**person)) != then.get(bucket(**person)))
            .map(|(person, known)| (*person, known.clone()))
            .collect();
        for (person, known) in differs {
            self.keep(person, Known { seen: !known.seen, ..known });
        }
        Ok(())
    }

    /// What the agency may see of a person: what a medical emergency opens to one worker alone is no part of what all of the agency follow.
    async fn sight(&self, person: PersonId) -> Result<Sight, Status> {
        let mut sight = self.api.sight(&self.caller, person, self.asked.purpose, None).await?;
        sight.classes.retain(|class| !sight.in_emergency.contains(class));
        Ok(sight)
    }

    /// What there is to tell of a person.
    async fn tell(&mut self, person: PersonId) -> Result<Vec<WatchAgencyResponse>, Status> {
        let sight = self.sight(person).await?;
        let (now, before) = (known(&sight), self.known.get(&person).map(|known| known.seen));
        let (found, removed, anew) = match before {
            Some(seen) if seen == now.seen => {
                let (found, removed) =
                    reading::since(&self.api, &sight, &self.asked.services, &self.told).await?;
                (found, removed, false)
            }
            before => {
                let anew = before.is_some() || self.stale;
                (reading::whole(&self.api, &sight, &self.asked.services).await?, vec![], anew)
            }
        };
        self.keep(person, now);
        let mut updates = Vec::with_capacity(found.len() + removed.len() + 1);
        updates.extend(anew.then_some(Update::BeginsAnew(true)));
        updates.extend(removed.into_iter().map(|id| Update::RemovedEntryId(id.to_string())));
        updates.extend(self.api.shown(found).await?.into_iter().map(Update::Entry));
        self.sent |= !updates.is_empty();
        let person_id = person.to_string();
        Ok(updates
            .into_iter()
            .map(|update| WatchAgencyResponse { person_id: person_id.clone(), update: Some(update) })
            .collect())
    }

    /// Keeps what is seen of a person, and their part of its bucket's sum.
    fn keep(&mut self, person: PersonId, now: Known) {
        let part = |seen| hash(&(person, seen));
        let before = self.known.get(&person).map_or(0, |known| part(known.seen));
        if let Some(sum) = self.sums.get_mut(bucket(person)) {
            *sum = sum.wrapping_sub(before).wrapping_add(part(now.seen));
        }
        self.known.insert(person, now);
    }

    fn token(&mut self) -> WatchAgencyResponse {
        (self.sent, self.since_token) = (false, 0);
        let told_to = self.first.map_or_else(Vec::new, |first| first.as_bytes().to_vec());
        let (read, sums, stale) = (Some(self.told.clone()), self.sums.clone(), self.stale);
        let token = Token { read, sums, told_to, stale };
        let token = self.api.pages.token(&self.list, &token);
        WatchAgencyResponse { person_id: String::new(), update: Some(Update::ResumeToken(token)) }
    }
}

fn known(sight: &Sight) -> Known {
    let seen = hash(&(&sight.records, &sight.classes, sight.unsure));
    Known { seen, records: sight.records.clone(), until: sight.until }
}

fn bucket(person: PersonId) -> usize {
    hash(&person) as usize % BUCKETS
}

/// A token may come back to a release that hashes otherwise: it finds other sums, and begins those timelines anew.
fn hash(of: &impl Hash) -> u64 {
    let mut hash = DefaultHasher::new();
    of.hash(&mut hash);
    hash.finish()
}
