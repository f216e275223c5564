//! The gRPC face: findings as far as the caller may see all that they rest on, and how coordination is.
//! Invariant: `kernel::may` alone says what is visible; what a caller may not see answers as what does not exist.

use std::collections::BTreeSet;
use std::time::Duration;

use kernel::may;
use kernel::{Caller, Class, PersonId, Purpose, Role};
use platform::auth;
use platform::command::Desk;
use platform::error::{self, BadField};
use platform::page::Pages;
use platform::projection::Views;
use platform::revision::Revision;
use platform::wire::{self as platform_wire, choice, page_size, to_instant};
use proto::coordination as pb;
use proto::coordination::coordination_service_server::CoordinationService;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use crate::domain::RULES;
use crate::view::{self, Filter, View};
use crate::{NAME, due, facts, wire};

/// How long a read waits for the revisions that it must have seen, where the caller sets no deadline.
const PATIENCE: Duration = Duration::from_secs(2);
/// What is left of a deadline to answer in.
const MARGIN: Duration = Duration::from_millis(100);
/// Most rules that a list is filtered by.
const RULES_NAMED: usize = 50;
/// Who may read findings. Operators and auditors read them on the timeline, which writes down that they did.
const READ: &[Role] = &[Role::Worker, Role::Recorder, Role::Person, Role::Service];
/// Who may ask how coordination is.
const OPERATE: &[Role] = &[Role::Operator];

/// The service's face.
pub struct Api {
    desk: Desk,
    view: View,
    pages: Pages,
}

impl Api {
    /// A face over the service's views.
    pub fn new(desk: Desk, view: View) -> Self {
        let pages = Pages::new(desk.secret());
        Self { desk, view, pages }
    }

    /// The records of the human, and which of these classes the caller may see of them.
    async fn sight(
        &self,
        caller: &Caller,
        person: PersonId,
        classes: impl AsyncFnOnce(&[PersonId]) -> Result<BTreeSet<Class>, Status>,
    ) -> Result<(Vec<PersonId>, BTreeSet<Class>), Status> {
        let records = self.view.people.group(person, None).await?;
        let say = self.view.people.say(person).await?;
        let mut classes = classes(&records).await?;
        let now = self.desk.clock().now();
        classes.retain(|class| may::see(caller, &say, class, Purpose::Coordination, now).is_ok());
        Ok((records, classes))
    }

    /// Waits for what a read must have seen: the facts applied, the person looked at, the findings listed. Past the deadline the answer is as old
    /// as it is.
    async fn wait(
        &self,
        at_least: &[String],
        deadline: Option<Instant>,
        person: Option<PersonId>,
    ) -> Result<(), Status> {
        let revisions = Revision::parse_all(at_least)?;
        if revisions.is_empty() {
            return Ok(());
        }
        let deadline = deadline.map_or_else(|| Instant::now() + PATIENCE, |deadline| deadline - MARGIN);
        for revision in &revisions {
            if facts::SOURCES.contains(&revision.log.as_str()) {
                self.view.facts.reached(revision, deadline).await;
            }
            if revision.log == "registry" {
                self.view.people.views().reached(revision, deadline).await;
            }
            if revision.log == NAME {
                self.view.findings.reached(revision, deadline).await;
            }
        }
        if let Some(person) = person {
            self.view.looked_at(person, self.desk.clock().now(), deadline).await?;
            let head = self.desk.log().head().await?;
            listed(&self.view.findings, head.position, deadline).await;
        }
        Ok(())
    }
}

/// Waits until the log has been read up to there, until the deadline.
async fn listed(findings: &Views, position: u64, deadline: Instant) {
    let mut progress = findings.progress();
    let read = progress
        .wait_for(|progress| progress.places.get(NAME).is_some_and(|place| place.position >= position));
    // Past the deadline the answer is as old as it is; a view that ended answers with what it has.
    tokio::time::timeout_at(deadline, read).await.map(drop).unwrap_or_default();
}

fn rules(given: &[String]) -> Result<Vec<String>, BadField> {
    if given.len() > RULES_NAMED {
        return Err(BadField::new("rules", format!("names more than {RULES_NAMED} rules")));
    }
    for (i, code) in given.iter().enumerate() {
        if !RULES.iter().any(|rule| rule.code == code) {
            let known: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
            return Err(BadField::new(format!("rules[{i}]"), format!("is not one of: {}", known.join(", "))));
        }
    }
    Ok(given.to_vec())
}

fn kinds(given: &[i32]) -> Result<Vec<i32>, BadField> {
    let kind = |(i, number): (usize, &i32)| {
        choice::<pb::FindingKind>(&format!("kinds[{i}]"), *number).map(i32::from)
    };
    given.iter().enumerate().map(kind).collect()
}

#[tonic::async_trait]
impl CoordinationService for Api {
    async fn list_findings(
        &self,
        request: Request<pb::ListFindingsRequest>,
    ) -> Result<Response<pb::ListFindingsResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let deadline = platform::server::deadline(&request);
        let r = request.get_ref();
        let person: PersonId = platform_wire::id("person_id", &r.person_id)?;
        let (kinds, rules) = (kinds(&r.kinds)?, rules(&r.rules)?);
        let list = format!("ListFindings/{person}/{kinds:?}/{rules:?}/{}", r.include_cleared);
        let after = self.pages.after(&list, &r.page_token)?;
        let size = page_size(r.page_size)?;

        self.wait(&r.at_least, deadline, Some(person)).await?;
        let db = self.view.findings.db();
        let classes = async |records: &[PersonId]| Ok(view::classes(&db, records).await?);
        let (records, classes) = self.sight(&caller, person, classes).await?;
        let filter = Filter { records, classes, kinds, rules, cleared: r.include_cleared, after, size };
        let (findings, next) = view::page(&db, &filter).await?;
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListFindingsResponse { findings, next_page_token }))
    }

    async fn get_finding(
        &self,
        request: Request<pb::GetFindingRequest>,
    ) -> Result<Response<pb::GetFindingResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let deadline = platform::server::deadline(&request);
        let r = request.get_ref();
        let id = wire::finding_id(&r.finding_id)?;
        self.wait(&r.at_least, deadline, None).await?;
        let found = view::one(&self.view.findings.db(), id.uuid()).await?;
        let Some((person, classes, finding)) = found else { return Err(error::not_found("finding")) };
        let (_, seen) = self.sight(&caller, person, async |_: &[PersonId]| Ok(classes)).await?;
        if seen.is_empty() {
            return Err(error::not_found("finding"));
        }
        Ok(Response::new(pb::GetFindingResponse { finding: Some(finding) }))
    }

    async fn get_coordination_status(
        &self,
        request: Request<pb::GetCoordinationStatusRequest>,
    ) -> Result<Response<pb::GetCoordinationStatusResponse>, Status> {
        auth::admit(&request, OPERATE)?;
        let open = view::open(&self.view.findings.db()).await?;
        let waiting = due::waiting(&self.view.facts.db(), self.desk.clock().now()).await?;
        let parked = self.view.facts.parked().await?;
        let lag = self.view.facts.lag();
        let sources = facts::SOURCES.iter().map(|log| {
            let lag = lag.iter().find(|lag| lag.source == *log);
            pb::SourceStatus {
                service: (*log).to_owned(),
                lag_events: lag.map_or(0, |lag| lag.events),
                // Whole seconds, rounded up: what is late by less than one is late.
                lag_seconds: lag.map_or(0, |lag| lag.seconds.ceil() as u64),
                parked_people: parked.get(*log).copied().unwrap_or_default(),
            }
        });
        let rule =
            |rule: &&crate::domain::Rule| wire::rule(rule, open.get(rule.code).copied().unwrap_or_default());
        Ok(Response::new(pb::GetCoordinationStatusResponse {
            rules: RULES.iter().map(rule).collect(),
            sources: sources.collect(),
            due: waiting.due,
            oldest_due_at: waiting.oldest.map(to_instant),
            scheduled: waiting.later,
        }))
    }
}
