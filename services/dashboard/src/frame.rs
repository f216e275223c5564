//! What all pages share: landmarks, the way around, who is looking, the style and the few lines of script.
//! Invariant: everything a page loads comes from here; without script every page still says all it has to say.

use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse};
use maud::{DOCTYPE, Markup, html};

use crate::viewer::{Told, Viewer};

/// How a page stays as the services have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Follow {
    /// It does not.
    Nothing,
    /// By asking again every so many seconds.
    Every(u32),
    /// By following these events.
    Events(String),
}

/// A page around its main part.
pub(crate) struct Frame<'a> {
    /// Its title: nothing personal, for it ends up in browsing histories.
    pub title: &'a str,
    /// Who looks, where that could be told.
    pub viewer: Option<&'a Viewer>,
    /// How it stays fresh.
    pub follow: Follow,
}

impl Frame<'_> {
    /// The whole page.
    pub fn page(&self, main: &Markup) -> Html<String> {
        let (every, events) = match &self.follow {
            Follow::Nothing => (None, None),
            Follow::Every(seconds) => (Some(*seconds), None),
            Follow::Events(at) => (None, Some(at.as_str())),
        };
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · Throughline" }
                    link rel="icon" href="/icon.svg";
                    link rel="stylesheet" href="/style.css";
                    @if every.is_some() || events.is_some() { script src="/follow.js" defer {} }
                    @if let Some(seconds) = every { noscript { meta http-equiv="refresh" content=(seconds); } }
                }
                body {
                    a.skip href="#main" { "Skip to content" }
                    header {
                        a.mark href="/" { "Throughline" }
                        nav aria-label="Main" {
                            a href="/" { "People" }
                            a href="/system" { "System" }
                        }
                        @if let Some(viewer) = self.viewer { (looking(viewer)) }
                    }
                    main #main tabindex="-1" data-every=[every] data-events=[events] { (main) }
                    footer {
                        p #fresh role="status" {}
                        p { "Read from the services as this page was made; nothing is kept here." }
                    }
                }
            }
        };
        Html(page.into_string())
    }
}

fn looking(viewer: &Viewer) -> Markup {
    html! {
        p.viewer {
            "Viewed as " strong { (viewer.caller.role.name()) }
            @match viewer.agency() {
                Some(agency) => { " of agency " code { (agency) } }
                None => { ", of no agency" }
            }
            @if viewer.told == Told::NotAtAll {
                " because the request does not say who asks. " a href="/#viewer" { "View as somebody else" }
            }
            @if viewer.told == Told::Said { ", as the request says. " a href="/#viewer" { "Change" } }
            @if viewer.oversees() { span.fine { " Reading a timeline in this role is written to the audit log." } }
        }
    }
}

/// `/style.css`.
pub(crate) async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/style.css"))
}

/// `/follow.js`.
pub(crate) async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../assets/follow.js"))
}

/// `/icon.svg`.
pub(crate) async fn icon() -> impl IntoResponse {
    ([(CONTENT_TYPE, "image/svg+xml")], include_str!("../assets/icon.svg"))
}
