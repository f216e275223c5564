//! Who vouches for callers where there is authentication: the keys and tokens of `deploy/`, as one host without an identity provider makes them.
//! Invariant: every token is signed by a key of this issuer's own, made for the test.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use kernel::Caller;
use platform::auth::actor_text;
use tempfile::TempDir;

use crate::process::Launch;
use crate::tools;

/// An issuer of tokens; its keys are removed with it.
#[derive(Debug)]
pub struct Issuer(TempDir);

impl Issuer {
    /// Makes keys and all other secrets.
    ///
    /// # Panics
    /// Where the scripts fail, with their words.
    #[allow(clippy::new_without_default, reason = "it runs a program")]
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        make_secrets(directory.path());
        Self(directory)
    }

    /// Makes a process believe this issuer, and have this token where it calls others in its own name.
    pub fn believed_by(&self, launch: Launch, service: &str) -> Launch {
        let file = |name: &str| self.0.path().join(name).display().to_string();
        launch
            .arg(format!("--auth-jwks={}", file("jwks.json")))
            .arg("--auth-issuer=throughline-host")
            .arg("--auth-audience=throughline")
            .arg(format!("--service-token-file={}", file(&format!("token_{service}"))))
    }

    /// A token that says that its bearer is this caller.
    ///
    /// # Panics
    /// Where the script fails, with its words.
    pub fn token(&self, caller: &Caller) -> String {
        let agency = caller.agency.map(|agency| agency.to_string()).unwrap_or_default();
        let said = Command::new(deploy("token"))
            .arg(self.0.path())
            .args([actor_text(&caller.actor).as_str(), caller.role.name(), agency.as_str()])
            .output()
            .expect("the script can be run");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).expect("a token is text").trim().to_owned()
    }
}

/// A file of `deploy/`.
pub fn deploy(name: &str) -> PathBuf {
    tools::root().join("deploy").join(name)
}

/// Runs `deploy/make-secrets` for the account that the tests run as.
///
/// # Panics
/// Where it fails, with its words.
pub fn make_secrets(directory: &Path) {
    let us = fs::metadata(directory).expect("the directory is there");
    let owner = format!("{}:{}", us.uid(), us.gid());
    let made = Command::new(deploy("make-secrets"))
        .arg(directory)
        .arg(owner)
        .output()
        .expect("the script can be run");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
