//! What is sent, looked at by whoever cannot hear the registry.
//! Invariant: it is not judged by what was known once: tables that fell back, or are made anew, may know less than those by which it was sent.

use platform::feed::FeedClient;
use platform::log::Groups;
use platform::peer::{Identity, connect};
use platform::reaction::{ReactError, Reaction, Read};
use platform::service::{Given, Parts};
use platform::source::Source;
use platform::store::{Store, StoreUrl};
use referrals::loops::Deaths;
use referrals::view::{Lists, View};
use tests::Postgres;

use super::*;

/// What the service knows by tables of their own, which begin empty and read the registry there.
async fn knows(parts: &Parts, registry: Source) -> View {
    let url = StoreUrl::Postgres(Postgres::shared().await.url().await);
    let sources = [("referrals", parts.source("referrals").unwrap()), ("registry", registry)];
    let own = Parts::new(Given {
        name: "referrals",
        store: Store::open(&url, "referrals", parts.clock().clone()).await.expect("a store"),
        keys: parts.keys().clone(),
        secret: parts.secret().clone(),
        clock: parts.clock().clone(),
        metrics: parts.metrics().clone(),
        sources: sources.map(|(log, source)| (log.to_owned(), source)).into(),
        build: "test".to_owned(),
        stop: parts.stop().clone(),
    });
    View::new(own.lists(Lists).await.unwrap(), own.people().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_what_is_sent_rests_is_not_said_before_all_is_known_that_the_registry_told() {
    let mut own = None;
    let service = Alone::start("referrals", OnStore::Sqlite, async |parts| {
        own = Some(parts.clone());
        referrals::service(&parts).await
    })
    .await;
    let parts = own.expect("it was put together");
    let referral = requested(&service, offer("Kitchen skills")).await;
    let died = proto::registry::PersonDied { person_id: ANA.to_string(), death: None };
    let event = proto::registry::RegistryEvent {
        kind: Some(proto::registry::registry_event::Kind::PersonDied(died)),
    };
    service.tell("registry", StreamId::new("person", ANA.uuid()), Some(ANA), &event).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    until("the clocks to rest", async || read(&mut shelter, &referral).await.clocks.is_empty().then_some(()))
        .await;
    let written = service.log("referrals").read(0, Groups::ALL, 1_000).await.unwrap();
    let sent = written.into_iter().map(Read::new).find(|read| read.event.r#type.ends_with("ReferralSent"));
    let sent = sent.expect("it was sent");

    let actor = kernel::Actor::Service("test".into());
    let caller = kernel::Caller { actor, role: kernel::Role::Service, agency: None, on_behalf_of: None };
    let nobody = connect("http://127.0.0.1:1", Identity::Plain(caller)).unwrap();
    let deaf = knows(&parts, Source::remote(FeedClient::new("registry", nobody))).await;
    let judged = Deaths::sent(parts.desk(), deaf).react(&sent).await;
    assert!(matches!(judged, Err(ReactError::Failed(_))), "{judged:?}");
    let hears = knows(&parts, parts.source("registry").unwrap()).await;
    let judged = Deaths::sent(parts.desk(), hears).react(&sent).await;
    assert!(matches!(judged, Ok(None)), "it rests already: {judged:?}");
    service.stop().await;
}
