//! What a follower is sent of one timeline: all of it, or what changed of it.
//! Invariant: reads under one sight alone.

use kernel::Class;
use platform::page::Last;
use tonic::Status;
use uuid::Uuid;

use super::then::Places;
use crate::api::{Api, Sight};
use crate::policy;
use crate::view::{self, Filter, Found};

/// Entries read at once.
const CHUNK: usize = 200;

/// What changed of these services since each log was read: entries as they now stand, and ids of those that are gone.
pub async fn since(
    api: &Api,
    sight: &Sight,
    services_asked: &[String],
    read: &Places,
) -> Result<(Vec<Found>, Vec<Uuid>), Status> {
    let (mut found, mut gone) = (vec![], vec![]);
    for service in services(services_asked) {
        let (db, after) = (api.views.db(), read.position(service));
        let (new, ended) = view::changes(&db, &sight.records, &sight.classes, service, after).await?;
        found.extend(new);
        gone.extend(ended);
    }
    Ok((found, gone))
}

/// Everything of these services that is seen now, oldest first.
pub async fn whole(api: &Api, sight: &Sight, services_asked: &[String]) -> Result<Vec<Found>, Status> {
    let classes: Vec<Class> = sight.classes.iter().cloned().collect();
    let mut all = Vec::new();
    let mut after = Last::first();
    loop {
        let filter = Filter {
            people: sight.records.clone(),
            services: services_asked.to_vec(),
            from: None,
            until: None,
            as_of: None,
            after,
            size: CHUNK,
        };
        let (found, more) = view::page(&api.views.db(), &classes, &filter).await?;
        all.extend(found);
        match all.last() {
            Some(found) if more => after = found.last.clone(),
            Some(_) | None => break,
        }
    }
    all.reverse();
    Ok(all)
}

/// The logs of these services; of all where none is named.
pub fn services(asked: &[String]) -> impl Iterator<Item = &'static str> {
    policy::SOURCES
        .iter()
        .copied()
        .filter(|log| asked.is_empty() || asked.iter().any(|service| service == log))
}
