//! Whose eyes a page looks through, and what every answer forbids.
//! Invariant: what a service is told of the caller is what the request said, and nothing of the dashboard's own.

use kernel::{AgencyId, Role};

use crate::site::{ANA, Site, read};

const WORKER: &str = "worker:00000000-0000-0000-0000-000000000005";

#[tokio::test(flavor = "multi_thread")]
async fn services_are_asked_as_whoever_asks() {
    let site = Site::open(vec![]).await;
    let agency = AgencyId::of(1).to_string();
    let request = site
        .client
        .get(site.url(&format!("/person/{ANA}")))
        .header("throughline-actor", WORKER)
        .header("throughline-role", "worker")
        .header("throughline-agency", &agency);
    let (code, page) = read(request).await;
    assert!(
        code == 200 && page.contains("Viewed as <strong>worker</strong>") && page.contains(&agency),
        "{page}"
    );
    let callers = site.town.callers.lock().unwrap();
    assert_eq!(callers.len(), 7, "person, timeline, plan, goals, team, measures, and one worker by name");
    assert!(
        callers.iter().all(|caller| caller.role == Role::Worker && caller.agency == Some(AgencyId::of(1)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_views_as_whom_the_start_page_was_told() {
    let site = Site::open(vec![]).await;
    let send = |form: String| {
        let kind = "application/x-www-form-urlencoded";
        site.client.post(site.url("/viewer")).header("content-type", kind).body(form).send()
    };
    let set = send(format!("role=worker&agency={}", AgencyId::of(2))).await.unwrap();
    assert_eq!((set.status().as_u16(), set.headers()["location"].to_str().unwrap()), (303, "/"));
    let cookie = set.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let (_, page) = read(site.client.get(site.url("/")).header("cookie", cookie)).await;
    assert!(
        page.contains("Viewed as <strong>worker</strong>") && page.contains(&AgencyId::of(2).to_string())
    );
    let refused = send("role=worker".into()).await.unwrap();
    assert_eq!(refused.status(), 400);
    assert!(refused.text().await.unwrap().contains("has an agency; name it"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nonsense_of_themselves_is_told_so() {
    let site = Site::open(vec![]).await;
    let request =
        site.client.get(site.url("/")).header("throughline-actor", WORKER).header("throughline-role", "boss");
    let (code, page) = read(request).await;
    assert!(code == 401 && page.contains("is not one of: worker"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_strict() {
    let site = Site::open(vec![]).await;
    for path in ["/", "/system", "/style.css", "/nowhere", "/person/x", &format!("/person/{ANA}.json")] {
        let response = site.client.get(site.url(path)).send().await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.ends_with("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_and_another_sites_form_are_refused() {
    let site = Site::open(vec![]).await;
    let (code, page) = read(site.client.get(site.url("/")).header("host", "evil.example")).await;
    assert!(code == 421 && page.contains("localhost"), "{page}");
    let form =
        site.client.post(site.url("/find")).header("sec-fetch-site", "cross-site").body("name=Anatest");
    assert_eq!(read(form).await.0, 403);
}

#[tokio::test]
async fn nothing_beyond_loopback_is_served_while_nothing_tells_who_asks() {
    let site = Site::open(vec![]).await;
    let parts = dashboard::Dashboard {
        auth: platform::auth::Auth::Plain,
        upstream: dashboard::Upstream::apart([]),
        clock: platform::clock::Clock::system(),
        drain: site.drain.clone(),
    };
    let refused = dashboard::bind(([0, 0, 0, 0], 0).into(), parts).await.err().expect("a refusal");
    assert!(refused.to_string().contains("beyond loopback"));
}
