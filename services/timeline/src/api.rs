//! The gRPC face: whose timeline, what the caller may see of it, a page of it or the following of it.
//! Invariant: `kernel::may` alone says what is visible; nothing withheld leaves a trace in counts, pages or order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use jiff::SignedDuration;
use kernel::class::PART2;
use kernel::may::{self, Say};
use kernel::{Caller, Class, DirectiveId, EmergencyId, PersonId, Purpose, Role, Timestamp};
use platform::auth;
use platform::command::Desk;
use platform::db::StoreError;
use platform::error::{self, BadField};
use platform::keys::Opened;
use platform::page::Pages;
use platform::people::{People, scope};
use platform::projection::{About, Kept, Views};
use platform::revision::Revision;
use platform::wire::{self, page_size};
use proto::timeline::timeline_service_server::TimelineService;
use proto::timeline::{self as pb, Entry};
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use crate::audit;
use crate::policy;
use crate::view::{self, Filter, Found};
use crate::watch;

/// How long a read waits for the revisions that it must have seen, where the caller sets no deadline.
const PATIENCE: Duration = Duration::from_secs(2);
/// People whose classes are kept in memory.
const REMEMBERED: usize = 20_000;
/// How soon what could not be told of a person is looked at again by who follows.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_secs(5);
/// Who may read.
const READ: &[Role] =
    &[Role::Worker, Role::Recorder, Role::Person, Role::Operator, Role::Auditor, Role::Service];

/// Who may follow an agency's people: nobody who oversees, for each look at a person is listed.
const FOLLOW: &[Role] = &[Role::Worker, Role::Recorder];

/// The service's face. Clones are the same.
#[derive(Clone)]
pub struct Api {
    pub(crate) desk: Desk,
    pub(crate) views: Views,
    pub(crate) people: People,
    pub(crate) pages: Arc<Pages>,
    /// In which classes a person has entries, and whether some wait to be applied.
    classes: Kept<PersonId, (BTreeSet<Class>, bool)>,
    /// How far the timeline is, as it is said.
    revisions: Kept<(), Vec<String>>,
}

/// Whose timeline is read, and what of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sight {
    /// The records read as one, the canonical one first.
    pub records: Vec<PersonId>,
    /// The classes that the caller may see.
    pub classes: BTreeSet<Class>,
    /// Whether the caller sees by running or auditing the system.
    pub oversight: bool,
    /// The consent directives by which the caller sees what other agencies wrote.
    pub directives: BTreeSet<DirectiveId>,
    /// The medical emergencies by which the caller does.
    pub emergencies: BTreeSet<EmergencyId>,
    /// The classes that they alone open.
    pub in_emergency: BTreeSet<Class>,
    /// When as much may be seen no more, or more, although nothing is said: a directive or an emergency begins or ends.
    pub until: Option<Timestamp>,
    /// Whether something of the person could not be told: their say, or entries that wait because one could not be applied. It is looked at again soon.
    pub unsure: bool,
}

impl Api {
    /// A face over the timeline's views and the people's say.
    pub fn new(desk: Desk, views: Views, people: People) -> Self {
        let pages = Arc::new(Pages::new(desk.secret()));
        let (classes, revisions) = (Kept::new(views.clone(), REMEMBERED), Kept::new(views.clone(), 1));
        Self { desk, views, people, pages, classes, revisions }
    }

    /// What the caller may see of the person's timeline for that purpose, now.
    pub(crate) async fn sight(
        &self,
        caller: &Caller,
        person: PersonId,
        purpose: Purpose,
        as_of: Option<jiff::Timestamp>,
    ) -> Result<Sight, Status> {
        // Few records are linked, so the classes of this one are most often all.
        let (said, own) = tokio::join!(self.people.group_and_say(person), self.classes(person));
        let ((group, mut say), (mut classes, mut waits)) = (said?, own?);
        let records = if as_of.is_some() { self.people.group(person, as_of).await? } else { group };
        let own = say.records.clone();
        for parted in records.iter().filter(|record| !own.contains(record)) {
            self.keeps_hidden(&mut say, *parted).await?;
        }
        for linked in records.iter().filter(|record| **record != person) {
            let (more, wait) = self.classes(*linked).await?;
            classes.extend(more);
            waits |= wait;
        }
        let now = self.desk.clock().now();
        let unsure = say.unknown || waits;
        let until = if unsure { now.checked_add(LOOK_AGAIN).ok() } else { say.changes_after(now) };
        let mut sight = Sight { records, until, unsure, ..Sight::default() };
        for class in classes {
            match may::see(caller, &say, &class, purpose, now) {
                Ok(may::Why::Oversight) => sight.oversight = true,
                Ok(may::Why::Consent(by)) => sight.directives.extend(by),
                Ok(may::Why::Emergency(by)) => {
                    sight.emergencies.insert(by);
                    sight.in_emergency.insert(class.clone());
                }
                Ok(may::Why::Own | may::Why::SameAgency | may::Why::Service) => {}
                Err(_) => continue,
            }
            sight.classes.insert(class);
        }
        Ok(sight)
    }

    /// What goes with what emergencies open of 42 CFR Part 2 programmes; empty where they open nothing of such a one.
    pub(crate) async fn part2_notice(&self, sight: &Sight) -> Result<String, StoreError> {
        let programmes = self.people.programmes().await?;
        let mut parts = sight.in_emergency.iter().flat_map(Class::parts);
        let told =
            parts.any(|part| programmes.contains(&part.agency) || part.labels().any(|label| label == PART2));
        Ok(if told { kernel::emergency::PART2_NOTICE.to_owned() } else { String::new() })
    }

    /// Of a record that was linked then and is not now, where somebody restricted is stays what those alone may see who serve that record too.
    async fn keeps_hidden(&self, say: &mut Say, parted: PersonId) -> Result<(), StoreError> {
        let theirs = self.people.say(parted).await?;
        if theirs.restricted || theirs.unknown {
            say.serving = Arc::new(say.serving.intersection(&theirs.serving).copied().collect());
        }
        say.restricted |= theirs.restricted;
        say.unknown |= theirs.unknown;
        Ok(())
    }

    /// The classes in which a record has entries, and whether some of it wait to be applied.
    async fn classes(&self, person: PersonId) -> Result<(BTreeSet<Class>, bool), StoreError> {
        let read = |db| async move {
            let (classes, about) = view::classes(&db, person).await?;
            let waits = matches!(about, About::Nothing);
            Ok(((classes, waits), about))
        };
        self.classes.get(&person, read).await
    }

    /// Entries as their readers see them: texts opened, agencies named, and labelled where a 42 CFR Part 2 programme wrote them.
    pub(crate) async fn shown(&self, found: Vec<Found>) -> Result<Vec<Entry>, Status> {
        let (agencies, programmes) = (self.people.agencies().await?, self.people.programmes().await?);
        let sealed: Vec<_> = found.iter().filter_map(|found| found.stored.text.as_ref()).collect();
        let mut opened = self.desk.keys().open_all(&sealed).await.into_iter();
        let mut entries = Vec::with_capacity(found.len());
        for found in found {
            let (stored, sealed) = (found.stored.entry, found.stored.text.is_some());
            let mut entry = stored.unwrap_or_default();
            if sealed {
                let (text, status) = opened.next().unwrap_or(Opened::Locked).said();
                (entry.text, entry.text_status) = (text, status.into());
            }
            if let Ok(agency) = entry.agency_id.parse() {
                entry.agency_name = agencies.get(&agency).cloned().unwrap_or_default();
                if programmes.contains(&agency) && !entry.labels.iter().any(|label| label == PART2) {
                    entry.labels.push(PART2.to_owned());
                }
            }
            entry.known_from = instant(found.known_from);
            entry.known_to = found.known_to.and_then(instant);
            entries.push(entry);
        }
        Ok(entries)
    }

    fn lag(&self) -> Vec<pb::Lag> {
        let mut lags: Vec<pb::Lag> = Vec::new();
        for lag in [&self.views, self.people.views()].into_iter().flat_map(Views::lag) {
            let lag = pb::Lag {
                source: lag.source,
                events: lag.events,
                milliseconds: (lag.seconds * 1_000.0) as u64,
                parked_people: lag.parked,
                unreachable: !lag.reachable,
            };
            // The registry is read for entries and for what people say: a reader is as far behind as the later of the two.
            match lags.iter_mut().find(|known| known.source == lag.source) {
                Some(known) => {
                    known.events = known.events.max(lag.events);
                    known.milliseconds = known.milliseconds.max(lag.milliseconds);
                    known.parked_people = known.parked_people.max(lag.parked_people);
                    known.unreachable |= lag.unreachable;
                }
                None => lags.push(lag),
            }
        }
        lags
    }

    /// Waits for what the read must have seen. Past the deadline the answer is as old as its lag says.
    async fn wait(&self, at_least: &[String], deadline: Option<Instant>) -> Result<(), Status> {
        let margin = Duration::from_millis(100);
        let deadline = deadline.map_or_else(|| Instant::now() + PATIENCE, |deadline| deadline - margin);
        for revision in Revision::parse_all(at_least)? {
            if policy::SOURCES.contains(&revision.log.as_str()) {
                self.views.reached(&revision, deadline).await;
            }
            if revision.log == "registry" {
                self.people.views().reached(&revision, deadline).await;
            }
        }
        Ok(())
    }

    /// What the timeline has read, at least.
    async fn revisions(&self) -> Result<Vec<String>, StoreError> {
        let of = |(log, place): (&String, &Arc<platform::source::Place>)| {
            Revision { log: log.clone(), log_id: place.log_id, written: place.written() }.to_text()
        };
        let said = || self.views.progress().borrow().places.iter().map(of).collect();
        self.revisions.get(&(), |_| std::future::ready(Ok((said(), About::Everything)))).await
    }
}

fn instant(micros: i64) -> Option<prost_types::Timestamp> {
    jiff::Timestamp::from_microsecond(micros).ok().map(wire::to_instant)
}

/// What a timeline is read for: coordination where nothing is said.
pub(crate) fn purpose(number: i32) -> Result<Purpose, BadField> {
    if number == 0 { Ok(Purpose::Coordination) } else { scope::purpose("purpose", number) }
}

pub(crate) fn services(given: &[String]) -> Result<Vec<String>, BadField> {
    for (i, service) in given.iter().enumerate() {
        if !policy::SOURCES.contains(&service.as_str()) {
            let why = format!("is not one of: {}", policy::SOURCES.join(", "));
            return Err(BadField::new(format!("services[{i}]"), why));
        }
    }
    Ok(given.to_vec())
}

#[tonic::async_trait]
impl TimelineService for Api {
    async fn get_timeline(
        &self,
        request: Request<pb::GetTimelineRequest>,
    ) -> Result<Response<pb::GetTimelineResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let deadline = platform::server::deadline(&request);
        let r = request.get_ref();
        let person: PersonId = wire::id("person_id", &r.person_id)?;
        let instant = |field, at: &Option<prost_types::Timestamp>| {
            at.as_ref().map(|at| wire::instant(field, at)).transpose()
        };
        let (from, until) = (instant("from", &r.from)?, instant("until", &r.until)?);
        let as_of = instant("as_of", &r.as_of)?;
        let (services, purpose) = (services(&r.services)?, purpose(r.purpose)?);
        let list = format!("GetTimeline/{person}/{services:?}/{from:?}/{until:?}/{as_of:?}/{purpose:?}");
        let after = self.pages.after(&list, &r.page_token)?;
        let size = page_size(r.page_size)?;

        self.wait(&r.at_least, deadline).await?;
        let sight = self.sight(&caller, person, purpose, as_of).await?;
        let filter = Filter {
            people: sight.records.clone(),
            services,
            from: from.map(jiff::Timestamp::as_microsecond),
            until: until.map(jiff::Timestamp::as_microsecond),
            as_of,
            after,
            size,
        };
        let classes: Vec<Class> = sight.classes.iter().cloned().collect();
        // Before the entries are read, so that the page holds all that it says.
        let revisions = self.revisions().await?;
        let (found, more) = view::page(&self.views.db(), &classes, &filter).await?;
        if sight.oversight || !sight.emergencies.is_empty() {
            audit::read(&self.desk, &caller, &sight, found.len()).await?;
        }
        let next_page_token = match found.last() {
            Some(found) if more => self.pages.token(&list, &found.last),
            Some(_) | None => String::new(),
        };
        Ok(Response::new(pb::GetTimelineResponse {
            entries: self.shown(found).await?,
            next_page_token,
            person_ids: sight.records.iter().map(ToString::to_string).collect(),
            lag: self.lag(),
            revisions,
            directive_ids: sight.directives.iter().map(ToString::to_string).collect(),
            emergency_ids: sight.emergencies.iter().map(ToString::to_string).collect(),
            part2_notice: self.part2_notice(&sight).await?,
        }))
    }

    type WatchTimelineStream = BoxStream<'static, Result<pb::WatchTimelineResponse, Status>>;

    async fn watch_timeline(
        &self,
        request: Request<pb::WatchTimelineRequest>,
    ) -> Result<Response<Self::WatchTimelineStream>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.into_inner();
        let person: PersonId = wire::id("person_id", &r.person_id)?;
        let asked = watch::Asked { person, services: services(&r.services)?, purpose: purpose(r.purpose)? };
        Ok(Response::new(watch::follow(self.clone(), caller, asked, &r.resume_token).await?))
    }

    type WatchAgencyStream = BoxStream<'static, Result<pb::WatchAgencyResponse, Status>>;

    async fn watch_agency(
        &self,
        request: Request<pb::WatchAgencyRequest>,
    ) -> Result<Response<Self::WatchAgencyStream>, Status> {
        let caller = auth::admit(&request, FOLLOW)?;
        let agency = caller.speaks_for().ok_or_else(|| {
            error::denied("AGENCY_MISSING", "this follows the people of the caller's agency; call for one")
        })?;
        let r = request.into_inner();
        let asked =
            watch::AskedAgency { agency, services: services(&r.services)?, purpose: purpose(r.purpose)? };
        Ok(Response::new(watch::follow_agency(self.clone(), caller, asked, &r.resume_token)?))
    }

    async fn get_lag(
        &self,
        request: Request<pb::GetLagRequest>,
    ) -> Result<Response<pb::GetLagResponse>, Status> {
        auth::caller(&request)?;
        Ok(Response::new(pb::GetLagResponse { lag: self.lag() }))
    }
}
