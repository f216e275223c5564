//! The pages in headless Chromium.
//! Invariant: the browser's own console is read too; a page that it complains about fails.

use std::process::Stdio;
use std::time::Duration;

use tests::tools;

use proto::coordination::FindingKind;

use crate::site::{ANA, Site, entry, finding};
use crate::system::model;

/// How long the browser may take for one page.
const PATIENCE: Duration = Duration::from_secs(60);

/// The page as the browser made it, and a picture of it.
async fn shown(url: &str) -> (String, Vec<u8>) {
    let home = tempfile::tempdir().expect("a directory");
    let picture = home.path().join("page.png");
    let mut browser = tokio::process::Command::new(tools::chromium());
    browser
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--hide-scrollbars", "--window-size=1320,1200", "--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(url)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, browser.output()).await;
    let output = ended.expect("the browser ends in time").expect("the browser can be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaints: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    (
        dom,
        std::fs::read(&picture).unwrap_or_else(|err| panic!("no picture ({err}); the browser said:\n{said}")),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_a_lane_for_each_service_and_the_finding_between_them() {
    let services = ["registry", "referrals", "housing", "vocational", "therapy"];
    let entries = services
        .iter()
        .zip(1..)
        .map(|(service, number)| entry(number, service, "2026-01-15", "Something here"));
    let clash = finding(99, "2026-02-10", FindingKind::Clash, "Clash C1: Two appointments at once");
    let site = Site::open(entries.chain([clash]).collect()).await;
    let (dom, picture) = shown(&site.url(&format!("/person/{ANA}"))).await;
    for service in services.into_iter().chain(["coordination"]) {
        assert!(dom.contains(&format!("data-lane=\"{service}\"")), "no lane of {service} in {dom}");
    }
    assert!(
        dom.contains("<li class=\"clash\">") && dom.contains("Clash C1: Two appointments at once"),
        "{dom}"
    );
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{} bytes", picture.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_how_far_behind_each_read_model_is() {
    let site = Site::open(vec![]).await;
    *site.town.models.lock().unwrap() = vec![model(0.4, vec![])];
    let (dom, _) = shown(&site.url("/system")).await;
    assert!(dom.contains("Seconds behind") && dom.contains(">0.4<") && dom.contains("All is well"), "{dom}");
}
