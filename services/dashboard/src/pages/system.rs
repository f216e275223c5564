//! How the system is: every log and where it stands, every read model and how far behind it is, people whose events wait, the rules and what they found.
//! Invariant: what could not be asked is said to be unknown, never shown as well.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::future::join_all;
use kernel::{Occurred, Role};
use maud::{Markup, html};
use proto::coordination::coordination_service_client::CoordinationServiceClient;
use proto::coordination::{GetCoordinationStatusRequest, GetCoordinationStatusResponse};
use proto::log::feed_service_client::FeedServiceClient;
use proto::log::operations_service_client::OperationsServiceClient;
use proto::log::{GetHeadRequest, GetHeadResponse, ListReadModelsRequest, ReadModel};
use proto::timeline::timeline_service_client::TimelineServiceClient;
use proto::timeline::{GetLagRequest, Lag};
use tonic::Code;

use crate::Dashboard;
use crate::failure::Failure;
use crate::frame::{Follow, Frame};
use crate::shown;
use crate::viewer::Viewer;

/// How often the page is made anew.
const EVERY_SECONDS: u32 = 5;
/// A read model further behind than this is slow, not busy.
const SLOW_SECONDS: f64 = 5.0;

/// All that the services say of themselves.
struct Told {
    heads: Vec<(String, Result<GetHeadResponse, String>)>,
    models: Vec<ReadModel>,
    /// Processes that could not be asked for their read models, and why.
    silent: Vec<(String, String)>,
    lag: Result<Vec<Lag>, String>,
    rules: Option<GetCoordinationStatusResponse>,
}

/// `/system`
pub(crate) async fn page(State(dashboard): State<Arc<Dashboard>>, viewer: Viewer) -> Response {
    let told = ask(&dashboard, &viewer).await;
    let frame = Frame { title: "System", viewer: Some(&viewer), follow: Follow::Every(EVERY_SECONDS) };
    let main = html! {
        h1 { "System" }
        (summary(&told))
        p.fine { "As of " (shown::time(&Occurred::instant(dashboard.clock.now()))) "." }
        (models(&told, &viewer))
        (parked(&told.models))
        (lag(&told.lag))
        (heads(&told.heads, &viewer))
        @if let Some(rules) = &told.rules { (found(rules)) }
    };
    frame.page(&main).into_response()
}

async fn ask(dashboard: &Dashboard, viewer: &Viewer) -> Told {
    let upstream = &dashboard.upstream;
    let logs = upstream.services().filter(|name| *name != crate::NAME);
    let heads = join_all(logs.map(async |name| {
        let head = match upstream.ask(name, viewer) {
            Ok(peer) => FeedServiceClient::new(peer).get_head(GetHeadRequest { log: name.to_owned() }).await,
            Err(_) => Err(platform::error::not_found("service")),
        };
        (name.to_owned(), head.map(tonic::Response::into_inner).map_err(|status| why(&status)))
    }));
    let listed = join_all(upstream.processes(viewer).into_iter().map(async |(name, peer)| {
        (name, OperationsServiceClient::new(peer).list_read_models(ListReadModelsRequest {}).await)
    }));
    let lag = async {
        let peer = upstream
            .ask("timeline", viewer)
            .map_err(|_| "the timeline's address was not given".to_owned())?;
        let lag = TimelineServiceClient::new(peer).get_lag(GetLagRequest {}).await;
        lag.map(|lag| furthest(lag.into_inner().lag)).map_err(|status| why(&status))
    };
    let rules = async {
        let mut client = CoordinationServiceClient::new(upstream.ask("coordination", viewer)?);
        Ok::<_, Failure>(client.get_coordination_status(GetCoordinationStatusRequest {}).await?.into_inner())
    };
    let (heads, listed, lag, rules) = tokio::join!(heads, listed, lag, rules);
    let (mut models, mut silent) = (Vec::new(), Vec::new());
    for (name, reply) in listed {
        match reply {
            // Two peers may lead to one process.
            Ok(reply) => reply.into_inner().read_models.into_iter().for_each(|model| {
                let same = |known: &ReadModel| (&known.service, &known.name) == (&model.service, &model.name);
                if !models.iter().any(same) {
                    models.push(model);
                }
            }),
            Err(status) => silent.push((name, why(&status))),
        }
    }
    Told { heads, models, silent, lag, rules: rules.ok() }
}

/// Of the read models behind a timeline the one that is furthest behind each log.
fn furthest(lags: Vec<Lag>) -> Vec<Lag> {
    let mut furthest: Vec<Lag> = Vec::new();
    for lag in lags {
        match furthest.iter_mut().find(|other| other.source == lag.source) {
            Some(other) if (lag.unreachable, lag.milliseconds) > (other.unreachable, other.milliseconds) => {
                *other = lag
            }
            Some(_) => {}
            None => furthest.push(lag),
        }
    }
    furthest
}

/// Why something is not known, in a few words.
fn why(status: &tonic::Status) -> String {
    match status.code() {
        Code::PermissionDenied => "for operators alone",
        Code::Unimplemented | Code::InvalidArgument | Code::NotFound => "not served there",
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted => {
            "cannot be reached"
        }
        Code::Unauthenticated => "does not know who asks",
        Code::Ok
        | Code::Unknown
        | Code::AlreadyExists
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::DataLoss => "failed: see its log",
    }
    .to_owned()
}

fn summary(told: &Told) -> Markup {
    let parked: usize = told.models.iter().map(|model| model.parked.len()).sum();
    let sources = || told.models.iter().flat_map(|model| &model.sources);
    let unreachable = sources().filter(|source| !source.reachable).count();
    let behind = told
        .models
        .iter()
        .filter(|model| model.sources.iter().any(|source| source.seconds > SLOW_SECONDS))
        .count();
    let well = parked == 0 && unreachable == 0 && behind == 0;
    html! {
        @if told.models.is_empty() {
            p.state { "How the read models are is not known here: " @for (name, why) in &told.silent { (name) " " (why) ". " } }
        } @else if well && told.silent.is_empty() {
            p.state.well { strong { "All is well." } " Every read model follows its logs, and nobody's events wait." }
        } @else {
            p.state.ill {
                strong { "Somebody should look." } " "
                @if parked > 0 { (parked) " people's events wait because one could not be applied. " }
                @if unreachable > 0 { (unreachable) " times a log cannot be reached. " }
                @if behind > 0 { (behind) " read models are more than " (SLOW_SECONDS) " s behind. " }
                @for (name, why) in &told.silent { (name) " " (why) ". " }
            }
        }
    }
}

fn models(told: &Told, viewer: &Viewer) -> Markup {
    html! {
        section aria-labelledby="models-title" {
            h2 #models-title { "Read models" }
            @if told.models.is_empty() && viewer.caller.role != Role::Operator {
                p.empty { "Read models are shown to operators." }
            } @else {
                table {
                    thead { tr { th scope="col" { "Read model" } th scope="col" { "Log" } th.number scope="col" { "Events behind" } th.number scope="col" { "Seconds behind" } th scope="col" { "Log can be reached" } } }
                    @for model in &told.models {
                        tbody {
                            @for (i, source) in model.sources.iter().enumerate() {
                                tr.slow[source.seconds > SLOW_SECONDS || !source.reachable] {
                                    @if i == 0 { th scope="rowgroup" rowspan=(model.sources.len()) { (model.service) " / " (model.name) } }
                                    td { (source.log) }
                                    td.number { (source.events) }
                                    td.number { (format!("{:.1}", source.seconds)) }
                                    td { @if source.reachable { "yes" } @else { strong { "no" } } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn parked(models: &[ReadModel]) -> Markup {
    let parked: Vec<_> =
        models.iter().flat_map(|model| model.parked.iter().map(move |parked| (model, parked))).collect();
    html! {
        @if !parked.is_empty() {
            section aria-labelledby="parked-title" {
                h2 #parked-title { "People whose events wait" }
                p { "After a mend: " code { "throughline replay SERVICE" } "." }
                table {
                    thead { tr { th scope="col" { "Read model" } th scope="col" { "Log" } th scope="col" { "Who" } th.number scope="col" { "From position" } th.number scope="col" { "Events waiting" } th scope="col" { "Why" } } }
                    tbody {
                        @for (model, parked) in parked {
                            tr.slow {
                                th scope="row" { (model.service) " / " (model.name) }
                                td { (parked.log) }
                                td { code { (parked.subject) } }
                                td.number { (parked.position) }
                                td.number { (parked.waiting) }
                                td { (parked.reason) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn lag(lag: &Result<Vec<Lag>, String>) -> Markup {
    html! {
        section aria-labelledby="lag-title" {
            h2 #lag-title { "How far behind timelines are" }
            @match lag {
                Err(why) => { p.empty { "Not known: " (why) "." } }
                Ok(lag) => {
                    ul.lag {
                        @for lag in lag {
                            li.slow[lag.unreachable || lag.milliseconds as f64 > SLOW_SECONDS * 1_000.0] {
                                strong { (lag.source) } " "
                                @if lag.unreachable { "cannot be reached; last known " }
                                (lag.events) " events, " (format!("{:.1}", lag.milliseconds as f64 / 1_000.0)) " s"
                                @if lag.parked_people > 0 { ", " (lag.parked_people) " people wait" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn heads(heads: &[(String, Result<GetHeadResponse, String>)], viewer: &Viewer) -> Markup {
    html! {
        section aria-labelledby="logs-title" {
            h2 #logs-title { "Logs" }
            @if matches!(viewer.caller.role, Role::Operator | Role::Service) {
                table {
                    thead { tr { th scope="col" { "Log" } th.number scope="col" { "Events" } th scope="col" { "Last recorded" } th scope="col" { "Incarnation" } } }
                    tbody {
                        @for (name, head) in heads {
                            tr.slow[head.is_err()] {
                                th scope="row" { (name) }
                                @match head {
                                    Ok(head) => {
                                        td.number { (head.position) }
                                        td { @if let Some(at) = shown::instant(&head.recorded_at) { (shown::time(&Occurred::instant(at))) } @else { "empty" } }
                                        td { code { (head.log_id) } @if !head.forks.is_empty() { " after " (head.forks.len()) " restores" } }
                                    }
                                    Err(why) => { td colspan="3" { (why) } }
                                }
                            }
                        }
                    }
                }
            } @else {
                p.empty { "Logs are shown to operators." }
            }
        }
    }
}

fn found(status: &GetCoordinationStatusResponse) -> Markup {
    html! {
        section aria-labelledby="rules-title" {
            h2 #rules-title { "Rules between services" }
            p { (status.due) " subjects wait to be looked at now, " (status.scheduled) " later." }
            table {
                thead { tr { th scope="col" { "Rule" } th scope="col" { "What it looks for" } th.number scope="col" { "Open findings" } } }
                tbody {
                    @for rule in &status.rules {
                        tr { th scope="row" { (rule.code) } td { (rule.summary) } td.number { (rule.open) } }
                    }
                }
            }
        }
    }
}
