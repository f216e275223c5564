//! Coordination: the clashes, synergies and gaps between services, found from what their logs say.
//!
//! It owns the findings and nothing else: it decides no case, and what it finds clears itself when the facts change.
//!
//! Invariants: what is open follows from the facts, the links and the time alone, however they were delivered (by level, not by edge); a finding is
//! shown only to who may see every one of its inputs.
//!
//! Reading order: [`domain`] (the rules), [`facts`] (what each log says of a person), [`due`] (whose facts are to be looked at, and when),
//! [`worker`] (looking), [`wire`], [`view`] (lists of findings), [`api`].

pub mod api;
pub mod domain;
pub mod due;
pub mod facts;
pub mod view;
pub mod wire;
pub mod worker;

use platform::people::People;
use platform::service::{AssemblyError, Parts, Service};
use proto::coordination::coordination_service_server::CoordinationServiceServer;

/// The service's name, and its log's.
pub const NAME: &str = "coordination";

/// Puts the service together.
///
/// # Errors
/// A log without a peer, or tables that cannot be opened.
pub async fn service(parts: &Parts) -> Result<Service, AssemblyError> {
    let desk = parts.desk();
    let facts = parts.project(facts::FactsProjection).await?;
    let findings = parts.project(view::FindingsProjection).await?;
    // Who may see is judged by a view of the registry alone, so that another log that is away closes nothing.
    let people = parts.people().await?;
    parts.time(worker::Looks::new(desk.clone(), facts.clone()), &facts);
    let known = People::new(facts.clone());
    let view = view::View { findings, facts, people, known };
    Ok(Service::new(parts).serves(CoordinationServiceServer::new(api::Api::new(desk, view))))
}
