//! Who calls: settled at the edge, from a verified token or, on loopback alone, from plain metadata.
//! Invariant: no handler runs for a caller that could not be told; nothing else in the system decides who somebody is.
//!
//! | metadata | plain | with tokens |
//! |---|---|---|
//! | `throughline-actor` | `worker:UUID`, `person:UUID` or `service:NAME` | claim `actor` |
//! | `throughline-role` | a role's name | claim `role` |
//! | `throughline-agency` | UUID of the own agency | claim `agency` |
//! | `throughline-on-behalf-of` | UUID of another agency | the same metadata, if claim `behalf` lists it or `"*"` |

use std::sync::Arc;

use http::HeaderMap;
use kernel::{Actor, AgencyId, Caller, Role};
use tonic::Status;

use crate::error;

mod jwks;

pub use jwks::{Jwks, JwksError, JwksFrom, JwksSettings};

/// Metadata key of who calls.
pub const ACTOR: &str = "throughline-actor";
/// Metadata key of the caller's role.
pub const ROLE: &str = "throughline-role";
/// Metadata key of the caller's agency.
pub const AGENCY: &str = "throughline-agency";
/// Metadata key of the agency that the caller speaks for.
pub const ON_BEHALF_OF: &str = "throughline-on-behalf-of";

/// How a server tells who calls.
#[derive(Clone, Debug)]
pub enum Auth {
    /// By what the caller says. A listener beyond loopback never has this.
    Plain,
    /// By a bearer token.
    Jwks(Arc<Jwks>),
}

impl Auth {
    /// Who calls, by a request's metadata.
    ///
    /// # Errors
    /// UNAUTHENTICATED, saying what to send; PERMISSION_DENIED for an agency that the token does not let the caller speak for.
    pub async fn identify(&self, headers: &HeaderMap) -> Result<Caller, Status> {
        match self {
            Self::Plain => plain(headers),
            Self::Jwks(jwks) => jwks.identify(headers).await,
        }
    }
}

/// The caller as the server's edge established it.
///
/// # Errors
/// UNAUTHENTICATED where the request came by a way that has no edge.
pub fn caller<T>(request: &tonic::Request<T>) -> Result<Caller, Status> {
    request
        .extensions()
        .get::<Caller>()
        .cloned()
        .ok_or_else(|| error::unauthenticated("nothing tells who calls; send who you are with the request"))
}

/// Whether the caller's role is one of those allowed; asked before anything of the request is looked at.
///
/// # Errors
/// PERMISSION_DENIED, reason ROLE_NOT_ALLOWED, naming the roles that would do.
pub fn require_role(caller: &Caller, allowed: &[Role]) -> Result<(), Status> {
    if allowed.contains(&caller.role) {
        return Ok(());
    }
    let roles = allowed.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
    let text = format!("the role {} may not do this; it takes one of: {roles}", caller.role.name());
    Err(error::denied("ROLE_NOT_ALLOWED", text))
}

/// The caller, where the role is one of those allowed.
///
/// # Errors
/// As [`caller`] and [`require_role`].
pub fn admit<T>(request: &tonic::Request<T>, allowed: &[Role]) -> Result<Caller, Status> {
    let caller = caller(request)?;
    require_role(&caller, allowed)?;
    Ok(caller)
}

/// An actor in its wire form, as [`ACTOR`] carries it.
pub fn actor_text(actor: &Actor) -> String {
    match actor {
        Actor::Worker(id) => format!("worker:{id}"),
        Actor::Person(id) => format!("person:{id}"),
        Actor::Service(name) => format!("service:{name}"),
    }
}

fn plain(headers: &HeaderMap) -> Result<Caller, Status> {
    let actor = text(headers, ACTOR)?.ok_or_else(|| {
        error::unauthenticated(format!(
            "send the metadata {ACTOR} (worker:UUID, person:UUID or service:NAME) and {ROLE}"
        ))
    })?;
    let role = text(headers, ROLE)?.ok_or_else(|| {
        error::unauthenticated(format!("send the metadata {ROLE}, one of: {}", role_names()))
    })?;
    let claimed = Claimed { actor, role, agency: text(headers, AGENCY)?, names: [ACTOR, ROLE, AGENCY] };
    speaking_for(claimed.settle()?, on_behalf_of(headers)?)
}

/// Who somebody says to be, or a token says they are, before it was looked at.
struct Claimed<'a> {
    actor: &'a str,
    role: &'a str,
    agency: Option<&'a str>,
    /// What the three are called where they came from.
    names: [&'static str; 3],
}

impl Claimed<'_> {
    fn settle(&self) -> Result<Caller, Status> {
        let [actor_is, role_is, agency_is] = self.names;
        let actor = actor(self.actor).ok_or_else(|| {
            error::unauthenticated(format!("{actor_is} is not worker:UUID, person:UUID or service:NAME"))
        })?;
        let role = Role::named(self.role)
            .ok_or_else(|| error::unauthenticated(format!("{role_is} is not one of: {}", role_names())))?;
        let agency: Option<AgencyId> = self
            .agency
            .map(str::parse)
            .transpose()
            .map_err(|_| error::unauthenticated(format!("{agency_is} is not a UUID")))?;
        let fits = match (&actor, role) {
            (Actor::Person(_), Role::Person) => agency.is_none(),
            (Actor::Person(_), _) | (_, Role::Person) => false,
            (Actor::Service(_), _) => true,
            (Actor::Worker(_), Role::Service) => false,
            (Actor::Worker(_), Role::Worker | Role::Recorder | Role::Operator | Role::Auditor) => true,
        };
        if !fits {
            return Err(error::unauthenticated(format!(
                "{actor_is}, {role_is} and {agency_is} do not fit together: a person has the role person and no agency, and only a service has the role service"
            )));
        }
        Ok(Caller { actor, role, agency, on_behalf_of: None })
    }
}

/// The caller, speaking for the agency named, if any; a worker's word is always some agency's.
fn speaking_for(caller: Caller, on_behalf_of: Option<AgencyId>) -> Result<Caller, Status> {
    let caller = Caller { on_behalf_of, ..caller };
    match caller.role {
        Role::Person if caller.on_behalf_of.is_some() => {
            Err(error::unauthenticated(format!("a person speaks for no agency; leave out {ON_BEHALF_OF}")))
        }
        Role::Worker | Role::Recorder if caller.speaks_for().is_none() => Err(error::unauthenticated(
            format!("a caller in the role {} has an agency; name it", caller.role.name()),
        )),
        Role::Worker | Role::Recorder | Role::Operator | Role::Auditor | Role::Person | Role::Service => {
            Ok(caller)
        }
    }
}

/// The actor of such a text; none where it is another.
pub fn actor(text: &str) -> Option<Actor> {
    let (kind, name) = text.split_once(':')?;
    match kind {
        "worker" => name.parse().ok().map(Actor::Worker),
        "person" => name.parse().ok().map(Actor::Person),
        "service" if is_service_name(name) => Some(Actor::Service(name.to_owned())),
        _ => None,
    }
}

/// A service's name ends up in events and logs: short, and of letters, digits and hyphens.
fn is_service_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn on_behalf_of(headers: &HeaderMap) -> Result<Option<AgencyId>, Status> {
    text(headers, ON_BEHALF_OF)?
        .map(str::parse)
        .transpose()
        .map_err(|_| error::unauthenticated(format!("{ON_BEHALF_OF} is not a UUID")))
}

/// The one value of a key. Two would leave it to chance which one counts.
fn text<'a>(headers: &'a HeaderMap, key: &'static str) -> Result<Option<&'a str>, Status> {
    let mut values = headers.get_all(key).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(error::unauthenticated(format!("{key} is sent more than once")));
    }
    first
        .map(|value| value.to_str().map_err(|_| error::unauthenticated(format!("{key} is not plain text"))))
        .transpose()
}

fn role_names() -> String {
    Role::ALL.map(Role::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{PersonId, WorkerId};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(key, value)| (http::HeaderName::from_static(key), value.parse().unwrap()))
            .collect()
    }

    const WORKER: &str = "worker:00000000-0000-0000-0000-000000000005";
    const CLINIC: &str = "00000000-0000-0000-0000-000000000001";
    const SHELTER: &str = "00000000-0000-0000-0000-000000000002";

    #[tokio::test]
    async fn plain_metadata_tells_actor_role_and_agencies() {
        let told = headers(&[(ACTOR, WORKER), (ROLE, "worker"), (AGENCY, CLINIC), (ON_BEHALF_OF, SHELTER)]);
        let caller = Auth::Plain.identify(&told).await.unwrap();
        assert_eq!(
            caller,
            Caller {
                actor: Actor::Worker(WorkerId::of(5)),
                role: Role::Worker,
                agency: Some(AgencyId::of(1)),
                on_behalf_of: Some(AgencyId::of(2)),
            }
        );
    }

    #[tokio::test]
    async fn a_person_and_a_service_need_no_agency() {
        let person = headers(&[(ACTOR, "person:00000000-0000-0000-0000-00000000000a"), (ROLE, "person")]);
        assert_eq!(Auth::Plain.identify(&person).await.unwrap().person(), Some(PersonId::of(10)));
        let service = headers(&[(ACTOR, "service:timeline"), (ROLE, "service")]);
        assert_eq!(Auth::Plain.identify(&service).await.unwrap().actor, Actor::Service("timeline".into()));
    }

    #[tokio::test]
    async fn what_does_not_tell_who_calls_is_refused_with_a_remedy() {
        let cases: &[(&[(&'static str, &str)], &str)] = &[
            (&[], "send the metadata throughline-actor"),
            (&[(ACTOR, WORKER)], "send the metadata throughline-role"),
            (&[(ACTOR, "worker:5"), (ROLE, "worker")], "throughline-actor is not worker:UUID"),
            (&[(ACTOR, "service:a b"), (ROLE, "service")], "throughline-actor is not worker:UUID"),
            (&[(ACTOR, WORKER), (ROLE, "boss")], "throughline-role is not one of"),
            (&[(ACTOR, WORKER), (ROLE, "worker")], "has an agency; name it"),
            (&[(ACTOR, WORKER), (ROLE, "service")], "do not fit together"),
            (&[(ACTOR, WORKER), (ROLE, "person")], "do not fit together"),
            (&[(ACTOR, WORKER), (ROLE, "worker"), (AGENCY, "clinic")], "throughline-agency is not a UUID"),
            (&[(ACTOR, WORKER), (ACTOR, WORKER), (ROLE, "worker")], "sent more than once"),
        ];
        for (told, said) in cases {
            let status = Auth::Plain.identify(&headers(told)).await.unwrap_err();
            assert_eq!(error::reason(&status).as_deref(), Some("UNAUTHENTICATED"));
            assert!(status.message().contains(said), "{told:?}: {}", status.message());
        }
    }

    #[test]
    fn a_role_that_is_not_allowed_is_told_which_would_be() {
        let caller = Caller {
            actor: Actor::Service("timeline".into()),
            role: Role::Service,
            agency: None,
            on_behalf_of: None,
        };
        assert!(require_role(&caller, &[Role::Worker, Role::Service]).is_ok());
        let status = require_role(&caller, &[Role::Worker, Role::Operator]).unwrap_err();
        assert_eq!(status.code(), tonic::Code::PermissionDenied);
        assert!(status.message().ends_with("it takes one of: worker, operator"));
    }
}
