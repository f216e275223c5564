//! The page of one person, its JSON and its events.
//! Invariant: a name stands in the page's body alone.

use std::sync::atomic::Ordering;

use proto::timeline::WatchTimelineResponse;
use proto::timeline::watch_timeline_response::Update;
use proto::types::{Discrepancy, FieldStatus};
use serde_json::Value;

use proto::coordination::FindingKind;

use crate::site::{ANA, Site, entry, finding, read};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_who_it_is_what_was_found_and_every_entry() {
    let goal = proto::timeline::Entry {
        text: "A place of my own".into(),
        text_status: FieldStatus::Open.into(),
        ..entry(1, "registry", "2026-02-03", "Goal")
    };
    let stay = proto::timeline::Entry {
        open: true,
        discrepancies: vec![Discrepancy { code: "MOVE_IN_BEFORE_ENTRY".into(), detail: "told so".into() }],
        ..entry(2, "housing", "2026-01-10", "Stays at Testhouse")
    };
    let clash = finding(3, "2026-02-10", FindingKind::Clash, "Clash C3: Two permanent homes share a night");
    let site = Site::open(vec![clash, goal, stay]).await;
    let (code, page) = site.get(&format!("/person/{ANA}")).await;
    assert_eq!(code, 200, "{page}");
    for shown in [
        "Anatest Samplewoman",
        "A place of my own",
        "Stays at Testhouse",
        "Sample Shelter",
        "source differs: move in before entry",
        "data-lane=\"housing\"",
        "data-lane=\"registry\"",
        "data-lane=\"coordination\"",
        "<li class=\"clash\">",
        "Viewed as <strong>operator</strong>",
        "Home is 3 events (1.5 s) behind",
    ] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    let title = page.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
    assert_eq!(title, "One person's timeline · Throughline");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_plan_team_and_measures_of_now() {
    let site = Site::open(vec![entry(1, "housing", "2026-02-03", "A stay")]).await;
    let (_, page) = site.get(&format!("/person/{ANA}")).await;
    for shown in [
        "IPS supported employment",
        "I want to bake &lt;bread&gt;",
        "W. Sampleworker since <time datetime=\"2026-01-12\">12 Jan 2026</time> · agreed",
        "review overdue</span> since <time datetime=\"2026-02-20T06:00:00Z\">20 Feb 2026",
        "employment specialist",
        "skill money",
        "improving <span class=\"fine\">(3 times)",
    ] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    assert!(!page.contains("Outreach"), "what has ended is no plan of now");
    assert!(page.contains("[erased]"), "the name of family that was erased");
    let (_, older) = site.get(&format!("/person/{ANA}?page_token=older")).await;
    assert!(!older.contains("plan-title"), "a page that goes back in time tells nothing of now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_shows_without_its_plan_where_that_cannot_be_had() {
    let site = Site::open(vec![entry(1, "housing", "2026-02-03", "A stay")]).await;
    site.town.no_plans.store(true, Ordering::SeqCst);
    let (code, page) = site.get(&format!("/person/{ANA}")).await;
    assert!(code == 200 && page.contains("A stay") && !page.contains("plan-title"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_is_marked() {
    let with = |number, status: FieldStatus| proto::timeline::Entry {
        text_status: status.into(),
        ..entry(number, "registry", "2026-02-03", "Goal")
    };
    let withdrawn =
        proto::timeline::Entry { withdrawn: true, ..entry(3, "therapy", "2026-02-01", "Session") };
    let site = Site::open(vec![with(1, FieldStatus::Erased), with(2, FieldStatus::Locked), withdrawn]).await;
    let (_, page) = site.get(&format!("/person/{ANA}")).await;
    for mark in ["[erased]", "[locked]", "[withdrawn]"] {
        assert!(page.contains(mark), "{mark}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_text_says_is_never_markup() {
    let bad = proto::timeline::Entry {
        text: "<script>alert(1)</script>".into(),
        text_status: FieldStatus::Open.into(),
        ..entry(1, "registry", "2026-02-03", "\"><img src=x onerror=alert(2)>")
    };
    let site = Site::open(vec![bad]).await;
    let (_, page) = site.get(&format!("/person/{ANA}")).await;
    assert!(!page.contains("<script>alert") && !page.contains("<img"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_on_and_one_service_can_be_looked_at_alone() {
    let entries =
        vec![entry(1, "housing", "2026-02-03", "A stay"), entry(2, "therapy", "2026-02-02", "A session")];
    let site = Site::open(entries).await;
    let (_, page) = site.get(&format!("/person/{ANA}?service=therapy")).await;
    assert!(page.contains("A session") && !page.contains("A stay"));
    assert!(page.contains(&format!("/person/{ANA}?service=therapy&amp;page_token=older")), "{page}");
    let (_, last) = site.get(&format!("/person/{ANA}?page_token=older")).await;
    assert!(last.contains("nothing on this timeline") && last.contains("Newest"));
    let (code, wrong) = site.get(&format!("/person/{ANA}?service=kitchen")).await;
    assert!(code == 400 && wrong.contains("Services[0] is not one of"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_is_a_page_that_says_what_to_do() {
    let site = Site::open(vec![]).await;
    let (code, page) = site.get("/person/00000000-0000-0000-0000-0000000000ff").await;
    assert!(code == 404 && page.contains("Nobody is known here by this id"), "{page}");
    let (code, problem) = site.get("/person/00000000-0000-0000-0000-0000000000ff.json").await;
    let problem: Value = serde_json::from_str(&problem).unwrap();
    assert_eq!((code, &problem["status"]), (404, &Value::from(404)));
    assert_eq!(site.get("/nowhere").await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_are_away_are_a_page_that_can_be_tried_again() {
    let site = Site::open(vec![]).await;
    site.town.away.store(true, Ordering::SeqCst);
    let response = site.client.get(site.url(&format!("/person/{ANA}"))).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "7");
    assert!(response.text().await.unwrap().contains("Try again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_to_be_had_as_json() {
    let site = Site::open(vec![
        finding(3, "2026-02-10", FindingKind::Gap, "Gap G1: unanswered"),
        entry(1, "housing", "2026-02-03", "A stay"),
    ])
    .await;
    let (code, body) = site.get(&format!("/person/{ANA}.json")).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(code, 200);
    assert_eq!(body["viewed_as"]["role"], "operator");
    assert_eq!((&body["entries"][0]["finding"], &body["entries"][0]["rule"]), (&"gap".into(), &"X1".into()));
    assert_eq!(body["entries"][1]["start"]["zone"], "America/Chicago");
    assert_eq!(body["next_page_token"], "older-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_follow_the_timeline_go_on_from_the_last_id_and_end_with_the_drain() {
    let site = Site::open(vec![]).await;
    let path = site.url(&format!("/person/{ANA}/events"));
    let mut events = site.client.get(path).header("last-event-id", "token-0").send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let mut said = String::new();
    while !said.contains("id: token-1") {
        said += std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap();
    }
    let update = Update::Entry(entry(1, "housing", "2026-02-03", "A stay"));
    site.town.updates.send(WatchTimelineResponse { update: Some(update) }).unwrap();
    while !said.contains("A stay") {
        said += std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap();
    }
    assert!(said.contains("event: entry"), "{said}");
    assert_eq!(*site.town.resumed.lock().unwrap(), ["token-0"]);
    site.drain.begin();
    while events.chunk().await.is_ok_and(|chunk| chunk.is_some()) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_by_name_or_number_and_neither_ends_up_in_an_address() {
    let site = Site::open(vec![]).await;
    let find = |form: &'static str| {
        let kind = "application/x-www-form-urlencoded";
        read(site.client.post(site.url("/find")).header("content-type", kind).body(form))
    };
    for form in ["name=Anatest", "system=demo&value=P-1"] {
        let (code, page) = find(form).await;
        assert!(code == 200 && page.contains(&format!("href=\"/person/{ANA}\"")), "{page}");
    }
    assert!(find("name=Nobody").await.1.contains("Nobody whom you may see"));
    assert_eq!(site.get("/find?name=Anatest").await.0, 405);
    let response = site.client.get(site.url(&format!("/person?id={ANA}"))).send().await.unwrap();
    assert_eq!(response.headers()["location"], format!("/person/{ANA}"));
    assert_eq!(site.get("/person?id=Anatest").await.0, 400);
}
