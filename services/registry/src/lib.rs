//! The registry: who there is (agencies, workers, people), what a person wants and says, and the keys that open what is sealed.
//!
//! It owns identity, links, goals, strengths and preferences, plan, team, consent and keys. It does not own what services do for a person: it learns from
//! referrals alone who serves whom.
//!
//! Invariants: records of one human are linked, never merged; only the person's voice sets goals and gives consent; a person's key lies here and
//! nowhere else, and once it is destroyed no log, copy or backup gives the person's texts back.
//!
//! Reading order: [`domain`] (the rules), [`keystore`] (the keys), [`wire`] (the contract), [`api`] (the face), [`blind`], [`alike`] and
//! [`view`] (finding, comparing and listing), [`policy`] and [`loops`] (what follows by itself), [`clocks`] (what runs out).

pub mod alike;
pub mod api;
pub mod blind;
pub mod clocks;
pub mod domain;
pub mod keystore;
pub mod loops;
pub mod policy;
pub mod view;
pub mod wire;

use std::sync::Arc;

use platform::command::Desk;
use platform::keys::Keys;
use platform::service::{AssemblyError, Parts, Service};
use proto::registry::key_service_server::KeyServiceServer;
use proto::registry::registry_service_server::RegistryServiceServer;

use keystore::KeyStore;

/// The service's name, and its log's.
pub const NAME: &str = "registry";

/// Puts the service together over the keys of people. Whoever else in the process holds keys is told of erasures through `parts.keys()`.
///
/// # Errors
/// A log without a peer, tables that cannot be opened, or keys that cannot be destroyed as the erasure ledger wants.
pub async fn service(parts: &Parts, keystore: KeyStore) -> Result<Service, AssemblyError> {
    let keys = Keys::new(Arc::new(keystore.clone()), parts.clock().clone());
    let log = parts.store().log().clone();
    let desk = Desk::new(NAME, log, keys.clone(), parts.secret().clone(), parts.clock().clone())
        .behind(parts.gate().clone());
    let own = |source| AssemblyError::Own { service: NAME, source: Box::new(source) };
    loops::shred_restored(&desk, &keystore).await.map_err(own)?;
    let lists = view::Lists { keys: keys.clone(), secret: parts.secret().clone() };
    let lists = parts.lists(lists).await?;
    let people = parts.people().await?;
    let view = view::View::new(lists.clone(), people.clone());
    parts.time(clocks::Clocks::new(desk.clone(), people, lists.clone()), &lists);
    parts.react(loops::Serves::new(desk.clone()))?;
    parts.react(loops::Shreds::new(keystore.clone(), vec![keys, parts.keys().clone()]))?;
    let api = api::Api::new(desk, keystore.clone(), view);
    Ok(Service::new(parts)
        .serves(RegistryServiceServer::new(api))
        .serves(KeyServiceServer::new(api::KeyApi::new(keystore))))
}
