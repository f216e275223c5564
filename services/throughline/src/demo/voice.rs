//! Who speaks to the services, and how: the same gRPC commands that agencies send, with the pass of the closed gate.
//! Invariant: a request is named once and sent again under that name, however often it takes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use kernel::{Actor, AgencyId, Caller, PersonId, Role, WorkerId};
use platform::command::Pass;
use platform::error::{reason, retry_after};
use platform::peer::{Identity, Peer, may_retry};
use proto::housing::housing_service_client::HousingServiceClient;
use proto::referrals::referrals_service_client::ReferralsServiceClient;
use proto::registry::registry_service_client::RegistryServiceClient;
use proto::therapy::therapy_service_client::TherapyServiceClient;
use proto::vocational::vocational_service_client::VocationalServiceClient;
use tokio::sync::Semaphore;
use tonic::service::interceptor::InterceptedService;
use tonic::{Code, Response, Status};
use uuid::Uuid;

use super::stage::Halt;

/// Calls that are on their way at once.
const AT_ONCE: usize = 32;
/// How often a call is sent before that is trouble.
const TRIES: usize = 10;

type Line = InterceptedService<Peer, Pass>;

/// The way to the services, for anybody.
#[derive(Clone)]
pub struct Exchange {
    peer: Peer,
    pass: Pass,
    turns: Arc<Semaphore>,
}

/// Somebody who speaks to the services. Clones are the same.
#[derive(Clone)]
pub struct Voice {
    pub registry: RegistryServiceClient<Line>,
    pub referrals: ReferralsServiceClient<Line>,
    pub vocational: VocationalServiceClient<Line>,
    pub housing: HousingServiceClient<Line>,
    pub therapy: TherapyServiceClient<Line>,
    turns: Arc<Semaphore>,
}

impl Exchange {
    /// Over this channel, with this pass.
    pub fn new(peer: Peer, pass: Pass) -> Self {
        Self { peer, pass, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The operator.
    pub fn operator(&self) -> Voice {
        self.caller(WorkerId::of(0), Role::Operator, None)
    }

    /// A worker of an agency.
    pub fn worker(&self, worker: WorkerId, agency: AgencyId) -> Voice {
        self.caller(worker, Role::Worker, Some(agency))
    }

    /// A worker of an agency who writes down what it has elsewhere.
    pub fn recorder(&self, worker: WorkerId, agency: AgencyId) -> Voice {
        self.caller(worker, Role::Recorder, Some(agency))
    }

    /// A person, by own login.
    pub fn person(&self, person: PersonId) -> Voice {
        let actor = Actor::Person(person);
        let caller = Caller { actor, role: Role::Person, agency: None, on_behalf_of: None };
        self.voice(self.peer.as_caller(Identity::Plain(caller)))
    }

    fn caller(&self, worker: WorkerId, role: Role, agency: Option<AgencyId>) -> Voice {
        self.voice(self.peer.as_caller(Identity::Plain(caller(worker, role, agency))))
    }

    fn voice(&self, peer: Peer) -> Voice {
        let pass = || self.pass.clone();
        Voice {
            registry: RegistryServiceClient::with_interceptor(peer.clone(), pass()),
            referrals: ReferralsServiceClient::with_interceptor(peer.clone(), pass()),
            vocational: VocationalServiceClient::with_interceptor(peer.clone(), pass()),
            housing: HousingServiceClient::with_interceptor(peer.clone(), pass()),
            therapy: TherapyServiceClient::with_interceptor(peer, pass()),
            turns: self.turns.clone(),
        }
    }
}

fn caller(worker: WorkerId, role: Role, agency: Option<AgencyId>) -> Caller {
    Caller { actor: Actor::Worker(worker), role, agency, on_behalf_of: None }
}

/// A name for a new request.
pub fn name() -> String {
    Uuid::new_v4().to_string()
}

impl Voice {
    /// Sends a request until it is answered. [`say!`] is shorter.
    ///
    /// # Errors
    /// A refusal, or a failure that lasts.
    pub async fn send<M, R, F>(&self, method: &str, message: M, call: impl Fn(M) -> F) -> Result<R, Halt>
    where
        M: Clone,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let _turn = self.turns.acquire().await;
        let mut left = TRIES;
        loop {
            left -= 1;
            match call(message.clone()).await {
                Ok(reply) => return Ok(reply.into_inner()),
                Err(status) if left > 0 && (may_retry(&status) || status.code() == Code::Aborted) => {
                    // A lost race is worth another try at once; who says when to come back is heard.
                    tokio::time::sleep(retry_after(&status).unwrap_or(Duration::from_millis(1))).await;
                }
                Err(status) => {
                    let why = reason(&status).unwrap_or_else(|| status.code().to_string());
                    return Err(anyhow!("{method} was answered {}: {why}", status.message()).into());
                }
            }
        }
    }
}

/// Sends a request: `say!(voice, registry.set_goal, SetGoalRequest { .. })`.
macro_rules! say {
    ($voice:expr, $service:ident.$method:ident, $request:expr) => {
        async {
            let voice = &$voice;
            let sent = voice.send(stringify!($method), $request, |request| {
                let mut client = voice.$service.clone();
                async move { client.$method(request).await }
            });
            sent.await
        }
    };
}
pub(super) use say;

/// The id of what a reply says was written.
pub fn id(written: Option<proto::types::Written>) -> String {
    written.map(|written| written.id).unwrap_or_default()
}
