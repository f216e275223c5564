//! One person: the lanes of the services over time, what was found between them, plan, team and measures of now, and every entry, newest first; the
//! entries as JSON too.
//! Invariant: the lanes show what the list below them lists, so nothing is to be had from the picture alone.

mod lanes;
mod list;
mod together;

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use proto::registry::registry_service_client::RegistryServiceClient;
use proto::registry::{GetPersonRequest, Person, PersonState};
use proto::timeline::timeline_service_client::TimelineServiceClient;
use proto::timeline::{Entry, GetTimelineRequest, GetTimelineResponse, Lag};
use proto::types::FieldStatus;
use serde::Deserialize;
use serde_json::json;
use tonic::Code;

use crate::Dashboard;
use crate::failure::Failure;
use crate::frame::{Follow, Frame};
use crate::shown::{self, Found, SERVICES};
use crate::viewer::Viewer;
use together::Together;

/// Entries on a page: as many as a call gives.
const ENTRIES: i32 = 200;

/// What of a timeline is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// Of this service alone; empty for all.
    #[serde(default)]
    service: String,
    /// Where to go on.
    #[serde(default)]
    page_token: String,
}

/// `/person/{id}`, and as JSON `/person/{id}.json`.
pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    viewer: Result<Viewer, Failure>,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    match id.strip_suffix(".json") {
        Some(id) => json_page(&dashboard, viewer, id, asked).await.unwrap_or_else(Failure::into_json),
        None => html_page(&dashboard, viewer, &id, asked).await.unwrap_or_else(IntoResponse::into_response),
    }
}

async fn html_page(
    dashboard: &Dashboard,
    viewer: Result<Viewer, Failure>,
    id: &str,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Failure> {
    let (viewer, asked) = (viewer?, asked_for(asked)?);
    let who = who(dashboard, &viewer, id).await?;
    let timeline = timeline(dashboard, &viewer, id, &asked).await?;
    // Of what is so now the first page alone tells: those behind it go back in time.
    let first = asked.service.is_empty() && asked.page_token.is_empty();
    let together = if first { Together::of(dashboard, &viewer, id).await } else { None };
    let shown = Shown { id, who, asked, timeline, together };
    let follow = Follow::Events(format!("/person/{id}/events"));
    let frame = Frame { title: "One person's timeline", viewer: Some(&viewer), follow };
    Ok(frame.page(&shown.main(dashboard.clock.now())).into_response())
}

async fn json_page(
    dashboard: &Dashboard,
    viewer: Result<Viewer, Failure>,
    id: &str,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Failure> {
    let (viewer, asked) = (viewer?, asked_for(asked)?);
    who(dashboard, &viewer, id).await?;
    let timeline = timeline(dashboard, &viewer, id, &asked).await?;
    let lag = |lag: &Lag| json!({ "source": lag.source, "events": lag.events, "milliseconds": lag.milliseconds, "unreachable": lag.unreachable });
    let answer = json!({
        "viewed_as": { "role": viewer.caller.role.name(), "agency_id": viewer.agency().map(|agency| agency.to_string()) },
        "person_ids": timeline.person_ids,
        "entries": timeline.entries.iter().map(shown::entry_json).collect::<Vec<_>>(),
        "next_page_token": timeline.next_page_token,
        "lag": timeline.lag.iter().map(lag).collect::<Vec<_>>(),
        "revisions": timeline.revisions,
    });
    Ok(Json(answer).into_response())
}

fn asked_for(asked: Result<Query<Asked>, QueryRejection>) -> Result<Asked, Failure> {
    let wrong = |_| {
        let remedy = "Use the links on the page: service and page_token are each given once.";
        Failure::new(axum::http::StatusCode::BAD_REQUEST, "That was not understood", remedy)
    };
    asked.map(|Query(asked)| asked).map_err(wrong)
}

async fn timeline(
    dashboard: &Dashboard,
    viewer: &Viewer,
    id: &str,
    asked: &Asked,
) -> Result<GetTimelineResponse, Failure> {
    let services = Some(asked.service.clone()).filter(|service| !service.is_empty());
    let request = GetTimelineRequest {
        person_id: id.to_owned(),
        services: services.into_iter().collect(),
        page_size: ENTRIES,
        page_token: asked.page_token.clone(),
        ..Default::default()
    };
    let mut client = TimelineServiceClient::new(dashboard.upstream.ask("timeline", viewer)?);
    Ok(client.get_timeline(request).await?.into_inner())
}

/// The person, as far as the registry tells.
enum Who {
    Known(Box<Person>),
    /// The registry cannot be asked: the timeline is shown without a name.
    Away,
}

async fn who(dashboard: &Dashboard, viewer: &Viewer, id: &str) -> Result<Who, Failure> {
    let mut client = RegistryServiceClient::new(dashboard.upstream.ask("registry", viewer)?);
    let request = GetPersonRequest { person_id: id.to_owned(), ..Default::default() };
    match client.get_person(request).await {
        Ok(reply) => Ok(reply.into_inner().person.map_or(Who::Away, |person| Who::Known(Box::new(person)))),
        Err(status) => match status.code() {
            Code::NotFound => Err(Failure::nobody()),
            Code::Unavailable | Code::DeadlineExceeded | Code::Unimplemented | Code::ResourceExhausted => {
                Ok(Who::Away)
            }
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::InvalidArgument
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::OutOfRange
            | Code::Internal
            | Code::DataLoss
            | Code::Unauthenticated => Err(status.into()),
        },
    }
}

/// The name of a person, or why it cannot be read.
pub(super) fn name(person: &Person) -> Markup {
    let details = person.details.clone().unwrap_or_default();
    let parts = [&details.given_name, &details.middle_name, &details.family_name, &details.name_suffix];
    let full = parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ");
    html! {
        @match person.details_status() {
            FieldStatus::Open | FieldStatus::Unspecified => {
                @if details.chosen_name.is_empty() {
                    @if full.is_empty() { "Name unknown" } @else { (full) }
                } @else {
                    (details.chosen_name) " " span.fine { "(" (full) ")" }
                }
                @if !details.pronouns.is_empty() { " " span.fine { (details.pronouns) } }
            }
            FieldStatus::Erased => { span.mark { "[erased]" } }
            FieldStatus::Locked => { span.mark { "[locked]" } }
        }
    }
}

struct Shown<'a> {
    id: &'a str,
    who: Who,
    asked: Asked,
    timeline: GetTimelineResponse,
    /// Plan, team and measures, where they belong on the page and can be read.
    together: Option<Together>,
}

impl Shown<'_> {
    fn main(&self, now: jiff::Timestamp) -> Markup {
        let entries = &self.timeline.entries;
        let known = entries.iter().filter_map(|entry| shown::instant(&entry.known_from)).max();
        html! {
            div data-known=[known] {
                h1 {
                    @match &self.who { Who::Known(person) => { (name(person)) } Who::Away => { "One person" } }
                }
                (self.notices())
                (self.findings())
                @if let Some(together) = &self.together { (together.section(now)) }
                (self.filters())
                @if entries.is_empty() {
                    p.empty { "There is nothing on this timeline that you may see. What other agencies wrote shows once the person consents." }
                } @else {
                    section aria-labelledby="lanes-title" {
                        h2 #lanes-title { "Lanes" }
                        (lanes::figure(entries, now))
                    }
                    section aria-labelledby="entries-title" {
                        h2 #entries-title { "Entries, newest first" }
                        (list::entries(entries))
                    }
                }
                (self.more())
            }
        }
    }

    fn notices(&self) -> Markup {
        let behind = self.timeline.lag.iter().filter(|lag| lag.events > 0 || lag.unreachable);
        let behind: Vec<&Lag> = behind.collect();
        let records = self.timeline.person_ids.len();
        html! {
            @match &self.who {
                Who::Away => { p.notice role="note" { "The registry cannot be reached just now, so the name is not shown. The timeline is." } }
                Who::Known(person) => {
                    @if person.needs_attention {
                        p.notice role="note" { "The links between this person's records contradict each other: somebody must look." }
                    }
                    @if person.restricted {
                        p.notice role="note" { "This person is not to be found but by those who serve them." }
                    }
                    @match person.state() {
                        PersonState::Erased => { p.notice role="note" { "This person was erased: what was personal can never be read again." } }
                        PersonState::Deceased => { p.notice role="note" { "This person died." } }
                        PersonState::EnteredInError => { p.notice role="note" { "This record was entered in error." } }
                        PersonState::Active | PersonState::Unspecified => {}
                    }
                }
            }
            @if records > 1 { p.fine { (records) " linked records are read as one." } }
            @if !behind.is_empty() {
                p.notice role="note" {
                    "The newest may be missing: "
                    @for (i, lag) in behind.iter().enumerate() {
                        @if i > 0 { ", " }
                        (shown::about(&lag.source)) " "
                        @if lag.unreachable { "cannot be reached" }
                        @else { "is " (lag.events) " events (" (format!("{:.1}", lag.milliseconds as f64 / 1_000.0)) " s) behind" }
                    }
                    "."
                }
            }
        }
    }

    /// What was found and still holds: what this page is for stands first.
    fn findings(&self) -> Markup {
        let open: Vec<(Found, &Entry)> = self
            .timeline
            .entries
            .iter()
            .filter(|entry| entry.open && !entry.withdrawn)
            .filter_map(|entry| Some((Found::of(entry)?, entry)))
            .collect();
        html! {
            @if !open.is_empty() {
                section aria-labelledby="findings-title" {
                    h2 #findings-title { "Found between services" }
                    ul.findings {
                        @for (found, entry) in open {
                            li.(found.name()) {
                                span.sign aria-hidden="true" { (found.sign()) } " "
                                a href={ "#entry-" (entry.id) } { (entry.line) }
                                " " span.fine { "raised " (shown::span(entry)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn filters(&self) -> Markup {
        html! {
            nav.filters aria-label="Services" {
                a href={ "/person/" (self.id) } aria-current=[self.asked.service.is_empty().then_some("page")] { "All" }
                @for (service, about) in SERVICES {
                    a href={ "/person/" (self.id) "?service=" (service) }
                        aria-current=[(self.asked.service == service).then_some("page")] { (about) }
                }
            }
        }
    }

    fn more(&self) -> Markup {
        let of = |token: &str| match self.asked.service.as_str() {
            "" => format!("/person/{}?page_token={token}", self.id),
            service => format!("/person/{}?service={service}&page_token={token}", self.id),
        };
        html! {
            nav.pages aria-label="Pages" {
                @if !self.asked.page_token.is_empty() { a href=(of("")) { "Newest" } }
                @if !self.timeline.next_page_token.is_empty() {
                    a rel="next" href=(of(&self.timeline.next_page_token)) { "Older entries" }
                }
            }
        }
    }
}
