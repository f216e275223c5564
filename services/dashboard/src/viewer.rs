//! Who asks for a page: settled for each request, and handed on to every service that the page asks.
//!
//! Invariant: with authentication it is whoever the request's bearer token names, and nobody else. Without, which is on loopback alone, it is whom the
//! request says by the platform's metadata as headers, else by the cookie that the start page sets, else an operator; the page says which.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use kernel::{Actor, AgencyId, Caller, Role, WorkerId};
use platform::auth::{ACTOR, AGENCY, Auth, ON_BEHALF_OF, ROLE};
use platform::peer::{Identity, Peer};
use tonic::Status;

use crate::Dashboard;
use crate::failure::Failure;

/// The cookie by which the start page remembers whom a browser views as, where there is no authentication.
const COOKIE_NAME: &str = "throughline-viewer";

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Viewer {
    /// As the platform settled it.
    pub caller: Caller,
    /// How that was told.
    pub told: Told,
    identity: Identity,
}

/// How it was told who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// By a token.
    ByToken,
    /// By what the request says.
    Said,
    /// Not at all: on loopback it is then an operator.
    NotAtAll,
}

impl Viewer {
    /// The viewer of a request.
    async fn of(auth: &Auth, headers: &HeaderMap) -> Result<Self, Status> {
        match auth {
            Auth::Jwks(_) => {
                let caller = auth.identify(headers).await?;
                Ok(Self { caller, told: Told::ByToken, identity: Identity::token(token(headers)) })
            }
            Auth::Plain => {
                let said = said(headers);
                let (caller, told) = match said.is_empty() {
                    true => (operator(), Told::NotAtAll),
                    false => (auth.identify(&said).await?, Told::Said),
                };
                Ok(Self { identity: Identity::Plain(caller.clone()), caller, told })
            }
        }
    }

    /// The channel, as this viewer.
    pub fn through(&self, peer: &Peer) -> Peer {
        let peer = peer.as_caller(self.identity.clone());
        match self.caller.on_behalf_of {
            Some(agency) => peer.on_behalf_of(agency),
            None => peer,
        }
    }

    /// The agency whose eyes these are.
    pub fn agency(&self) -> Option<AgencyId> {
        self.caller.speaks_for()
    }

    /// Whether the viewer runs or audits the system, so that services write down what is read.
    pub fn oversees(&self) -> bool {
        match self.caller.role {
            Role::Operator | Role::Auditor => true,
            Role::Worker | Role::Recorder | Role::Person | Role::Service => false,
        }
    }
}

impl FromRequestParts<Arc<Dashboard>> for Viewer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, dashboard: &Arc<Dashboard>) -> Result<Self, Failure> {
        Ok(Self::of(&dashboard.auth, &parts.headers).await?)
    }
}

/// The cookie that makes a browser view as somebody: the actor, the role and the agency, in the platform's own terms.
pub(crate) fn cookie(actor: &str, role: &str, agency: &str) -> String {
    format!("{COOKIE_NAME}={actor}/{role}/{agency}; Path=/; HttpOnly; SameSite=Strict")
}

/// The cookie that ends that.
pub(crate) fn no_cookie() -> String {
    format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// Whether somebody can be told by what a cookie would say.
pub(crate) async fn check(actor: &str, role: &str, agency: &str) -> Result<(), Status> {
    Auth::Plain.identify(&metadata(&format!("{actor}/{role}/{agency}"))).await.map(drop)
}

fn operator() -> Caller {
    let actor = Actor::Worker(WorkerId::of(0));
    Caller { actor, role: Role::Operator, agency: None, on_behalf_of: None }
}

/// The bearer token of a request whose caller was identified by it.
fn token(headers: &HeaderMap) -> String {
    let said = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.split_once(' ').map(|(_, token)| token.trim().to_owned()).unwrap_or_default()
}

/// What a request says of who asks: its headers, else its cookie.
fn said(headers: &HeaderMap) -> HeaderMap {
    let mut said = HeaderMap::new();
    for key in [ACTOR, ROLE, AGENCY, ON_BEHALF_OF] {
        for value in headers.get_all(key) {
            said.append(HeaderName::from_static(key), value.clone());
        }
    }
    if !said.is_empty() {
        return said;
    }
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    match pairs.find(|(name, _)| *name == COOKIE_NAME) {
        Some((_, value)) => metadata(value),
        None => said,
    }
}

fn metadata(cookie: &str) -> HeaderMap {
    let keys = [ACTOR, ROLE, AGENCY].map(HeaderName::from_static);
    let parts = keys.into_iter().zip(cookie.splitn(3, '/')).filter(|(_, part)| !part.is_empty());
    parts.filter_map(|(key, part)| Some((key, HeaderValue::from_str(part).ok()?))).collect()
}
