//! The services that the dashboard asks, each by name, in one process or many.
//! Invariant: no call is made in the dashboard's own name; a channel is had for a viewer alone.

use std::collections::BTreeMap;
use std::time::Duration;

use platform::peer::Peer;

use crate::failure::Failure;
use crate::viewer::Viewer;

/// How long one call may take before the page says so.
const WITHIN: Duration = Duration::from_secs(8);

/// Where each service is.
#[derive(Clone, Debug)]
pub struct Upstream {
    services: BTreeMap<String, Peer>,
    processes: Vec<(String, Peer)>,
}

impl Upstream {
    /// All of these services in the one process that this channel leads to.
    pub fn together(services: impl IntoIterator<Item = &'static str>, process: &Peer) -> Self {
        let services = services.into_iter().map(|name| (name.to_owned(), process.clone())).collect();
        Self { services, processes: vec![("all".to_owned(), process.clone())] }
    }

    /// Each service in a process of its own.
    pub fn apart(services: impl IntoIterator<Item = (String, Peer)>) -> Self {
        let services: BTreeMap<String, Peer> = services.into_iter().collect();
        let processes = services.iter().map(|(name, peer)| (name.clone(), peer.clone())).collect();
        Self { services, processes }
    }

    /// A channel to that service as the viewer, for calls with one reply.
    pub(crate) fn ask(&self, service: &str, viewer: &Viewer) -> Result<Peer, Failure> {
        self.follow(service, viewer).map(|peer| peer.within(WITHIN))
    }

    /// A channel to that service as the viewer, for calls whose reply stays open.
    pub(crate) fn follow(&self, service: &str, viewer: &Viewer) -> Result<Peer, Failure> {
        let peer = self.services.get(service).ok_or_else(|| Failure::no_peer(service))?;
        Ok(viewer.through(peer))
    }

    /// The services, by name.
    pub(crate) fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// A channel to each process as the viewer, with the name it goes by.
    pub(crate) fn processes(&self, viewer: &Viewer) -> Vec<(String, Peer)> {
        let ask = |(name, peer): &(String, Peer)| (name.clone(), viewer.through(peer).within(WITHIN));
        self.processes.iter().map(ask).collect()
    }
}
