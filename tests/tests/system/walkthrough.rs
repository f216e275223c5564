//! README's walkthrough, as it stands there: refer, accept, serve, close.
//! Invariant: what runs is the text of README and nothing else; only where the binary and the services are is given from outside.

use std::process::Stdio;

use tests::tools;

use crate::serve_all;

/// The commands under that heading of README.
fn commands(heading: &str) -> String {
    let readme = std::fs::read_to_string(tools::root().join("README.md")).expect("README can be read");
    let section = readme.split("\n## ").find(|section| section.starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("README has no section \"{heading}\""));
    let (_, block) = section.split_once("```sh\n").expect("it shows commands");
    block.split_once("\n```").expect("which end").0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn readme_refers_accepts_serves_and_closes_as_anybody_can_paste_it() {
    let folder = tempfile::tempdir().unwrap();
    let (process, _) = serve_all(&folder.path().join("store")).await;
    let binary = tools::throughline();
    let path = format!(
        "{}:{}",
        binary.parent().expect("a folder").display(),
        std::env::var("PATH").expect("a path")
    );
    // The line that finds the binary in a checkout finds ours first here.
    let commands = commands("A referral, by hand").replace("export PATH=\"$PWD/target/demo:$PATH\"", "");
    let shell = tokio::process::Command::new("bash")
        .args(["-euo", "pipefail", "-c", &commands])
        .env("PATH", path)
        .env("THROUGHLINE_TO", format!("http://{}", process.grpc()))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = shell.await.expect("bash runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "it failed: {complaints}\nafter it said:\n{said}");
    for line in [
        "Help to find that job and keep it",
        "REFERRAL_STATE_IN_PROGRESS",
        "OUTCOME_SERVICE_GIVEN",
        "Juniper Shelter",
    ] {
        assert!(said.lines().any(|told| told == line), "{line} is missing:\n{said}");
    }
    let closed = "Referral to Jobs you choose: completed, service given";
    assert!(said.contains(closed), "\"{closed}\" is missing:\n{said}");
}
