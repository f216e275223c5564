//! Keeps commands from outside out while a process writes what it starts from: the demo seeds behind it.
//! Invariant: reads never meet the gate, and once opened it stays open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::service::Interceptor;
use tonic::{Request, Status};

use crate::error;
use crate::seal::random;

/// The metadata key under which a pass is shown.
const PASS: &str = "throughline-gate-pass";
/// When a command that was kept out is worth sending again.
const AGAIN: Duration = Duration::from_secs(2);

/// A gate before the commands of a process. Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    open: AtomicBool,
    /// Random for each process and told to nobody: only what the process itself sends gets through.
    pass: MetadataValue<Ascii>,
}

/// Shows the pass with each call of a client: `SomeClient::with_interceptor(peer, gate.pass())`.
#[derive(Clone)]
pub struct Pass(MetadataValue<Ascii>);

impl Gate {
    /// A gate that lets everybody through.
    pub fn open() -> Self {
        Self::standing(true)
    }

    /// A gate that lets through what shows its pass, until it is opened.
    pub fn closed() -> Self {
        Self::standing(false)
    }

    fn standing(open: bool) -> Self {
        let hex: String = random().iter().map(|byte| format!("{byte:02x}")).collect();
        // Hex digits are ASCII.
        let pass = MetadataValue::try_from(hex).unwrap_or(MetadataValue::from_static(""));
        Self(Arc::new(Inner { open: AtomicBool::new(open), pass }))
    }

    /// Lets everybody through from now on.
    pub fn open_up(&self) {
        self.0.open.store(true, Ordering::Release);
    }

    /// What lets a client through while it is closed.
    pub fn pass(&self) -> Pass {
        Pass(self.0.pass.clone())
    }

    /// # Errors
    /// UNAVAILABLE, reason SEEDING, with RetryInfo: the gate is closed and the request shows no pass.
    pub(super) fn admit(&self, metadata: &MetadataMap) -> Result<(), Status> {
        if self.0.open.load(Ordering::Acquire) || metadata.get(PASS) == Some(&self.0.pass) {
            return Ok(());
        }
        let text = "invented lives are being written; reads are served, commands are taken once that is done";
        Err(error::unavailable("SEEDING", text, AGAIN))
    }
}

impl Interceptor for Pass {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert(PASS, self.0.clone());
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pass: Option<Pass>) -> MetadataMap {
        match pass {
            Some(mut pass) => pass.call(Request::new(())).unwrap().into_parts().0,
            None => MetadataMap::new(),
        }
    }

    #[test]
    fn a_closed_gate_lets_its_own_pass_through_and_tells_others_when_to_come_back() {
        let gate = Gate::closed();
        assert!(gate.admit(&shown(Some(gate.pass()))).is_ok());
        for other in [shown(None), shown(Some(Gate::closed().pass()))] {
            let status = gate.admit(&other).unwrap_err();
            assert_eq!(status.code(), tonic::Code::Unavailable);
            assert_eq!(error::reason(&status).as_deref(), Some("SEEDING"));
            assert_eq!(error::retry_after(&status), Some(AGAIN));
        }
    }

    #[test]
    fn a_gate_that_was_opened_lets_everybody_through() {
        let gate = Gate::closed();
        gate.clone().open_up();
        assert!(gate.admit(&shown(None)).is_ok());
    }
}
