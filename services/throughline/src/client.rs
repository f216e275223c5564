//! Where a command calls, and as whom.
//! Invariant: a status is told with its reason, never as a bare code.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use kernel::{Actor, Caller, Role, WorkerId};
use platform::peer::{Identity, Peer, connect_believing};
use platform::roots::Roots;
use tonic::Status;

/// Where to call, and as whom.
#[derive(Args, Clone, Debug)]
pub struct To {
    /// Address of the service, or of a process that serves all
    #[arg(long, default_value = "http://127.0.0.1:50051", env = "THROUGHLINE_TO")]
    pub to: String,
    /// File with a bearer token; without it plain metadata is sent, which only a listener on loopback takes
    #[arg(long, env = "THROUGHLINE_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// Certificates (PEM) of authorities by which an https address is believed beside the system's
    #[arg(long, env = "THROUGHLINE_PEER_CA", value_name = "FILE")]
    pub peer_ca: Option<PathBuf>,
}

impl To {
    /// A channel as an operator.
    pub fn operator(&self) -> anyhow::Result<Peer> {
        self.as_role(Role::Operator)
    }

    /// A channel in that role; a token's own role wins.
    pub fn as_role(&self, role: Role) -> anyhow::Result<Peer> {
        let identity = match &self.token_file {
            Some(path) => Identity::token_file(path),
            None => Identity::Plain(Caller {
                actor: Actor::Worker(WorkerId::of(0)),
                role,
                agency: None,
                on_behalf_of: None,
            }),
        };
        self.identified(identity)
    }

    /// A channel as whoever that is.
    pub fn identified(&self, identity: Identity) -> anyhow::Result<Peer> {
        let roots = match &self.peer_ca {
            Some(path) => {
                Roots::with_file(path).map_err(|err| anyhow!("--peer-ca (THROUGHLINE_PEER_CA) {err}"))?
            }
            None => Roots::system(),
        };
        connect_believing(&self.to, identity, &roots).with_context(|| format!("cannot call {}", self.to))
    }
}

/// A refusal or failure, in words.
pub fn told(status: Status) -> anyhow::Error {
    match platform::error::reason(&status) {
        Some(reason) => anyhow!("{} ({reason})", status.message()),
        None => anyhow!("{} ({})", status.message(), status.code()),
    }
}
