//! The page of the system.
//! Invariant: what is not known is never shown as well.

use std::sync::atomic::Ordering;

use kernel::AgencyId;
use proto::log::{ParkedPerson, ReadModel, SourceLag};

use crate::site::{Site, read};

/// A read model that is so far behind one log.
pub fn model(seconds: f64, parked: Vec<ParkedPerson>) -> ReadModel {
    let source = SourceLag { log: "housing".into(), events: 12, seconds, reachable: true };
    ReadModel { service: "timeline".into(), name: "timeline".into(), sources: vec![source], parked }
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_and_read_models_are_shown_with_their_lag() {
    let site = Site::open(vec![]).await;
    *site.town.models.lock().unwrap() = vec![model(0.4, vec![])];
    let (code, page) = site.get("/system").await;
    assert_eq!(code, 200);
    for shown in [
        "All is well",
        "timeline / timeline",
        ">12<",
        ">0.4<",
        ">4711<",
        "log-of-the-test",
        "3 events, 1.5 s",
    ] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_model_that_two_peers_lead_to_is_shown_once() {
    let site = Site::open(vec![]).await;
    *site.town.models.lock().unwrap() = vec![model(0.4, vec![]), model(0.4, vec![])];
    assert_eq!(site.get("/system").await.1.matches("timeline / timeline").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_behind_or_parked_asks_for_somebody() {
    let site = Site::open(vec![]).await;
    *site.town.models.lock().unwrap() = vec![model(9.0, vec![])];
    assert!(site.get("/system").await.1.contains("1 read models are more than 5 s behind"));
    let subject = "00000000-0000-0000-0000-00000000000a".to_owned();
    let parked = ParkedPerson {
        log: "housing".into(),
        subject,
        position: 77,
        reason: "it is damaged".into(),
        waiting: 4,
    };
    *site.town.models.lock().unwrap() = vec![model(0.0, vec![parked])];
    let (_, page) = site.get("/system").await;
    assert!(
        page.contains("Somebody should look") && page.contains("it is damaged") && page.contains(">77<"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_not_known() {
    let site = Site::open(vec![]).await;
    site.town.away.store(true, Ordering::SeqCst);
    let (code, page) = site.get("/system").await;
    assert!(
        code == 200 && page.contains("is not known here") && page.contains("cannot be reached"),
        "{page}"
    );
    assert!(!page.contains("All is well"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_sees_how_far_behind_timelines_are_and_no_more() {
    let site = Site::open(vec![]).await;
    *site.town.models.lock().unwrap() = vec![model(0.4, vec![])];
    let request = site
        .client
        .get(site.url("/system"))
        .header("throughline-actor", "worker:00000000-0000-0000-0000-000000000005")
        .header("throughline-role", "worker")
        .header("throughline-agency", AgencyId::of(1).to_string());
    let (_, page) = read(request).await;
    assert!(page.contains("3 events, 1.5 s") && page.contains("shown to operators"), "{page}");
    assert!(!page.contains("log-of-the-test"), "a log is for those who run the system");
}
