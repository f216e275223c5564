//! The start: find a person, open one by id, and, without authentication, choose whose eyes to look through.
//! Invariant: names and identifiers travel in a form's body, never in an address.

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::{PersonId, Role};
use maud::{Markup, html};
use platform::auth::Auth;
use platform::wire::from_date;
use proto::registry::registry_service_client::RegistryServiceClient;
use proto::registry::{FindPersonsRequest, FindPersonsResponse, PersonIdentifier};
use serde::Deserialize;

use super::person;
use crate::Dashboard;
use crate::failure::Failure;
use crate::frame::{Follow, Frame};
use crate::viewer::{self, Viewer};

/// People listed at a time.
const PEOPLE: i32 = 50;

/// Who is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Sought {
    #[serde(default)]
    name: String,
    #[serde(default)]
    system: String,
    #[serde(default)]
    value: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    page_token: String,
}

/// A person's id.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ById {
    id: String,
}

/// Whose eyes.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ViewAs {
    role: String,
    #[serde(default)]
    agency: String,
    #[serde(default)]
    id: String,
}

/// `/`
pub(crate) async fn page(State(dashboard): State<Arc<Dashboard>>, viewer: Viewer) -> Response {
    show(&dashboard, &viewer, &Sought::default(), None)
}

/// `/find`
pub(crate) async fn find(
    State(dashboard): State<Arc<Dashboard>>,
    viewer: Viewer,
    sought: Result<Form<Sought>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(sought) = sought.map_err(|_| unreadable())?;
    let identifier = (!sought.value.trim().is_empty()).then(|| PersonIdentifier {
        system: sought.system.trim().to_owned(),
        value: sought.value.trim().to_owned(),
        shared_by_source: sought.source.trim().to_owned(),
        ..Default::default()
    });
    let request = FindPersonsRequest {
        page_size: PEOPLE,
        page_token: sought.page_token.clone(),
        name: sought.name.trim().to_owned(),
        identifier,
        ..Default::default()
    };
    let mut client = RegistryServiceClient::new(dashboard.upstream.ask("registry", &viewer)?);
    let found = client.find_persons(request).await?.into_inner();
    Ok(show(&dashboard, &viewer, &sought, Some(&found)))
}

/// `/person?id=…`: the form for who has an id at hand.
pub(crate) async fn open(by: Result<Query<ById>, QueryRejection>) -> Result<Redirect, Failure> {
    let id = by.ok().and_then(|Query(by)| by.id.trim().parse::<PersonId>().ok());
    let id = id.ok_or_else(|| {
        let remedy = "A person's id looks like 0190a3c4-5b6d-7e8f-9012-3456789abcde. Without one, find the person by name.";
        Failure::new(StatusCode::BAD_REQUEST, "That is no id", remedy)
    })?;
    Ok(Redirect::to(&format!("/person/{id}")))
}

/// `/viewer`: remembers in a cookie whom a browser views as.
pub(crate) async fn view_as(
    State(dashboard): State<Arc<Dashboard>>,
    asked: Result<Form<ViewAs>, FormRejection>,
) -> Result<Response, Failure> {
    if !matches!(dashboard.auth, Auth::Plain) {
        let remedy = "With authentication it is the request's bearer token that says who asks.";
        return Err(Failure::new(StatusCode::FORBIDDEN, "Who asks cannot be chosen here", remedy));
    }
    let Form(asked) = asked.map_err(|_| unreadable())?;
    let (role, agency, id) = (asked.role.trim(), asked.agency.trim(), asked.id.trim());
    let cookie = if role.is_empty() {
        viewer::no_cookie()
    } else {
        let kind = if role == Role::Person.name() { "person" } else { "worker" };
        let nobody = "00000000-0000-0000-0000-000000000000";
        let actor = format!("{kind}:{}", if id.is_empty() && kind == "worker" { nobody } else { id });
        viewer::check(&actor, role, agency).await.map_err(|status| {
            Failure::new(
                StatusCode::BAD_REQUEST,
                "Nobody can be viewed as that",
                format!("{}.", status.message()),
            )
        })?;
        viewer::cookie(&actor, role, agency)
    };
    Ok(([(SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

fn unreadable() -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "That form was not understood", "Send it from the start page.")
}

fn show(
    dashboard: &Dashboard,
    viewer: &Viewer,
    sought: &Sought,
    found: Option<&FindPersonsResponse>,
) -> Response {
    let main = html! {
        h1 { "People" }
        div.columns {
            form method="post" action="/find" {
                h2 { "By name" }
                label for="name" { "Name, or parts of it, as written or as it sounds" }
                input #name name="name" value=(sought.name) maxlength="200" autocomplete="off" required;
                button { "Find" }
            }
            form method="post" action="/find" {
                h2 { "By an agency's own number" }
                label for="system" { "Number system" }
                input #system name="system" value=(sought.system) maxlength="200" autocomplete="off" required;
                label for="value" { "Number" }
                input #value name="value" value=(sought.value) maxlength="200" autocomplete="off" required;
                label for="source" { "Source that shares it " span.fine { "(empty for your agency's own)" } }
                input #source name="source" value=(sought.source) maxlength="200" autocomplete="off";
                button { "Find" }
            }
            form method="get" action="/person" {
                h2 { "By id" }
                label for="id" { "Id of the person" }
                input #id name="id" maxlength="36" autocomplete="off" required;
                button { "Open" }
            }
        }
        @if let Some(found) = found { (people(sought, found)) }
        @if matches!(dashboard.auth, Auth::Plain) { (eyes(viewer)) }
    };
    let frame = Frame { title: "People", viewer: Some(viewer), follow: Follow::Nothing };
    frame.page(&main).into_response()
}

fn people(sought: &Sought, reply: &FindPersonsResponse) -> Markup {
    html! {
        section aria-labelledby="found-title" {
            h2 #found-title { "Found" }
            @if reply.found.is_empty() {
                p.empty { "Nobody whom you may see. Try fewer or other parts of the name, or an identifier." }
            } @else {
                table {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "Born" } th scope="col" { "Id" } th.number scope="col" { "Match" } } }
                    tbody {
                        @for (person, score) in reply.found.iter().filter_map(|found| Some((found.person.as_ref()?, found.score))) {
                            @let born = person.details.as_ref().and_then(|details| details.birth_date.as_ref()).and_then(from_date);
                            tr {
                                th scope="row" { a href={ "/person/" (person.id) } { (person::name(person)) } }
                                td { @if let Some(born) = born { time datetime=(born) { (born.strftime("%-d %b %Y")) } } }
                                td { code { (person.id) } }
                                td.number { (score) }
                            }
                        }
                    }
                }
            }
            @if !reply.next_page_token.is_empty() {
                form method="post" action="/find" {
                    @for (name, value) in [("name", &sought.name), ("system", &sought.system), ("value", &sought.value), ("source", &sought.source), ("page_token", &reply.next_page_token)] {
                        input type="hidden" name=(name) value=(value);
                    }
                    button { "More people" }
                }
            }
        }
    }
}

/// The form by which a browser views as somebody, where nothing else says who asks.
fn eyes(viewer: &Viewer) -> Markup {
    let agency = viewer.agency().map(|agency| agency.to_string()).unwrap_or_default();
    let roles = [Role::Operator, Role::Auditor, Role::Worker, Role::Recorder, Role::Person];
    html! {
        section #viewer aria-labelledby="viewer-title" {
            h2 #viewer-title { "View as" }
            p.fine { "No authentication is configured, so whoever reaches this machine's loopback may look through anybody's eyes." }
            form.row method="post" action="/viewer" {
                div {
                    label for="role" { "Role" }
                    select #role name="role" {
                        @for role in roles { option value=(role.name()) selected[role == viewer.caller.role] { (role.name()) } }
                    }
                }
                div {
                    label for="agency" { "Agency's id " span.fine { "(worker, recorder)" } }
                    input #agency name="agency" value=(agency) maxlength="36" autocomplete="off";
                }
                div {
                    label for="as" { "Worker's or person's id " span.fine { "(person)" } }
                    input #as name="id" maxlength="36" autocomplete="off";
                }
                button { "View" }
            }
        }
    }
}
