//! The following of one person's timeline as server-sent events, for the page and for anybody's own program.
//!
//! Invariant: an event's id is the timeline's own resume token, so a reader that comes back with `Last-Event-ID` misses nothing.
//!
//! | event | data |
//! |---|---|
//! | `entry` | the entry as it now stands, as in the page's JSON |
//! | `removed` | `{"id": …}`: no longer there, or no longer visible |
//! | `through` | `{}`: everything up to here was sent; it carries the id |
//! | `failed` | `{"title": …}`: the following ended; come back |

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use proto::timeline::timeline_service_client::TimelineServiceClient;
use proto::timeline::watch_timeline_response::Update;
use proto::timeline::{WatchTimelineRequest, WatchTimelineResponse};
use serde_json::json;
use tonic::Status;

use crate::Dashboard;
use crate::failure::Failure;
use crate::shown;
use crate::viewer::Viewer;

/// How often a silent following says that it lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a reader waits before it comes back.
const COME_BACK: Duration = Duration::from_secs(3);

/// `/person/{id}/events`.
pub(crate) async fn follow(
    State(dashboard): State<Arc<Dashboard>>,
    viewer: Result<Viewer, Failure>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let resume = headers.get("last-event-id").and_then(|token| token.to_str().ok()).unwrap_or_default();
    following(&dashboard, viewer, id, resume.to_owned()).await.unwrap_or_else(Failure::into_json)
}

async fn following(
    dashboard: &Dashboard,
    viewer: Result<Viewer, Failure>,
    person_id: String,
    resume_token: String,
) -> Result<Response, Failure> {
    let mut client = TimelineServiceClient::new(dashboard.upstream.follow("timeline", &viewer?)?);
    let request = WatchTimelineRequest { person_id, resume_token, ..Default::default() };
    let updates = client.watch_timeline(request).await?.into_inner();
    let drain = dashboard.drain.clone();
    let events = updates
        .map(|update| Ok::<_, Infallible>(event(update)))
        .take_until(async move { drain.begun().await });
    Ok(Sse::new(events).keep_alive(KeepAlive::default().interval(KEEP_ALIVE)).into_response())
}

fn event(update: Result<WatchTimelineResponse, Status>) -> Event {
    let (kind, data) = match update.map(|update| update.update) {
        Ok(Some(Update::Entry(entry))) => ("entry", shown::entry_json(&entry)),
        Ok(Some(Update::RemovedEntryId(id))) => ("removed", json!({ "id": id })),
        Ok(Some(Update::Part2Notice(notice))) => ("notice", json!({ "text": notice })),
        Ok(Some(Update::ResumeToken(token))) => {
            return Event::default().event("through").id(token).retry(COME_BACK).data("{}");
        }
        // A kind of update that is newer than this release.
        Ok(None) => return Event::default().comment("skipped"),
        Err(status) => ("failed", json!({ "title": status.message() })),
    };
    Event::default().event(kind).data(data.to_string())
}
