//! Who vouches for callers where there is authentication: the keys and tokens of `deploy/`, as one host without an identity provider makes them.
//! Invariant: every token is signed by a key of this issuer's own, made for the test.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use kernel::Caller;
use platform::auth::actor_text;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

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
        let keys = self.0.path().join("jwks.json").display().to_string();
        self.believed_from(&keys, launch, service)
    }

    /// The same, with its keys from there: a file or a URL.
    pub fn believed_from(&self, keys: &str, launch: Launch, service: &str) -> Launch {
        let token = self.0.path().join(format!("token_{service}"));
        launch
            .arg(format!("--auth-jwks={keys}"))
            .arg("--auth-issuer=throughline-host")
            .arg("--auth-audience=throughline")
            .arg(format!("--service-token-file={}", token.display()))
    }

    /// Shows its keys over HTTP, to whoever asks for anything.
    ///
    /// # Panics
    /// Without a port.
    pub async fn publish(&self) -> Published {
        let keys = fs::read_to_string(self.0.path().join("jwks.json")).expect("the keys were made");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        let length = keys.len();
        let answer =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{keys}");
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Who hangs up before the answer has none, which is the caller's business.
                let _ = answered(stream, &answer).await;
            }
        });
        Published { at, _serving: AbortOnDropHandle::new(serving) }
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

/// The keys of an issuer where they can be fetched; they are away when this ends.
#[derive(Debug)]
pub struct Published {
    /// The address of the server that shows them.
    pub at: SocketAddr,
    _serving: AbortOnDropHandle<()>,
}

/// One request, whatever it asks for, and the answer to it.
async fn answered(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") && stream.read_buf(&mut asked).await? > 0 {}
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
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
