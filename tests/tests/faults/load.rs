//! Agencies' systems at work: each asks, and asks again with the same request id until it is answered.
//! Some work with people of their own alone; those of [`loops`] let services react to each other; those of [`sides`] refer and answer.
//! Invariant: whatever was acknowledged is remembered, and no client leaves with a question open; a refusal is a failed test, as nobody asks
//! for anything that a first try under the same request id would not have got.

mod loops;
mod sides;

pub use sides::Sides;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use kernel::{AgencyId, Occurred};
use proto::referrals as pb;
use proto::referrals::referrals_service_client::ReferralsServiceClient;
use proto::registry::registry_service_client::RegistryServiceClient;
use proto::registry::{DataQuality, PersonDetails, RegisterPersonRequest};
use proto::therapy::therapy_service_client::TherapyServiceClient;
use proto::types::{Contact, Written};
use tests::world::{World, id, request_id};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonic::{Code, Status};

/// How long a command may go unanswered, through whatever is done to the system meanwhile.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long one try may take.
const TRY: Duration = Duration::from_secs(5);
/// Clients at once that work for themselves, in the short form; there are half as many whose work lets services react, where all services are there.
const CLIENTS: u64 = 2;

fn at_once() -> u64 {
    crate::setting("THROUGHLINE_CLIENTS", CLIENTS)
}

/// A command that was answered.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// Whose command it was.
    pub agency: AgencyId,
    /// Whose log it is in.
    pub service: &'static str,
    /// The event that it makes, by the last word of its type.
    pub kind: &'static str,
    /// Its request id.
    pub request: String,
    /// The record it made or changed.
    pub record: String,
    /// The person it is about.
    pub person: String,
}

/// Clients at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    clients: Vec<JoinHandle<Vec<Acknowledged>>>,
}

impl Load {
    /// Starts them: each registers people and writes to records of its own, and all write to one that they share. The registry and referrals are enough.
    pub async fn start(world: &World) -> Self {
        let agency = world.agency("Invented Agency").await;
        let offer = world.offer(agency, "Kitchen skills").await;
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut first = Client::new(world, agency, &offer, answered.clone());
        let person = first.register().await;
        let shared = first.start_participation(&person).await;
        let mut clients = vec![tokio::spawn(std::future::ready(first.done))];
        for _ in 0..at_once() {
            let client = Client::new(world, agency, &offer, answered.clone());
            clients.push(tokio::spawn(client.work((person.clone(), shared.clone()), stop.clone())));
        }
        Self { stop, answered, clients }
    }

    /// The same, and clients whose commands make every kind of worker work: reactions, timers, rules.
    pub async fn of_everything(world: &World) -> Self {
        let mut load = Self::start(world).await;
        for _ in 0..at_once() / 2 {
            let closing = loops::Closing::new(world, &load.answered).await;
            load.clients.push(tokio::spawn(closing.work(load.stop.clone())));
        }
        load
    }

    /// How many commands were answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Waits until so many more have been answered: the system is at work.
    pub async fn goes_on(&self, more: u64) {
        let wanted = self.answered() + more;
        tests::child::until("commands to be answered", || async {
            let failed = self.clients.iter().skip(1).any(JoinHandle::is_finished);
            assert!(!failed, "a client ended before its time; see above");
            (self.answered() >= wanted).then_some(())
        })
        .await;
    }

    /// Lets each finish what it is at; gives all that was acknowledged.
    pub async fn stop(self) -> Vec<Acknowledged> {
        self.stop.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for client in self.clients {
            acknowledged.extend(client.await.expect("a client that was answered"));
        }
        println!("{} commands acknowledged", acknowledged.len());
        acknowledged
    }
}

struct Client {
    agency: AgencyId,
    registry: RegistryServiceClient<platform::peer::Peer>,
    referrals: ReferralsServiceClient<platform::peer::Peer>,
    therapy: TherapyServiceClient<platform::peer::Peer>,
    offer: String,
    answered: Arc<AtomicU64>,
    done: Vec<Acknowledged>,
}

/// Sends a request by a method of a client until it is acknowledged.
macro_rules! until_acknowledged {
    ($self:ident, $client:ident, $method:ident, $kind:literal, $person:expr, $request:expr) => {{
        let (client, request) = ($self.$client.clone(), $request);
        let name = request.request_id.clone();
        let send = || {
            let (mut client, request) = (client.clone(), request.clone());
            async move { Ok(client.$method(request).await?.into_inner().written) }
        };
        $self.acknowledged(stringify!($client), $kind, $person, name, send).await
    }};
}
use until_acknowledged;

impl Client {
    fn new(world: &World, agency: AgencyId, offer: &str, answered: Arc<AtomicU64>) -> Self {
        let worker = World::worker(agency);
        let (registry, referrals) = (world.registry(worker.clone()), world.referrals(worker.clone()));
        let therapy = TherapyServiceClient::new(world.call("therapy", worker));
        Self { agency, registry, referrals, therapy, offer: offer.to_owned(), answered, done: Vec::new() }
    }

    async fn work(mut self, shared: (String, String), stop: Arc<AtomicBool>) -> Vec<Acknowledged> {
        while !stop.load(Ordering::Relaxed) {
            let person = self.register().await;
            let own = self.start_participation(&person).await;
            self.contact(&person, &own).await;
            self.contact(&shared.0, &shared.1).await;
            self.end(&person, &own).await;
        }
        self.done
    }

    async fn register(&mut self) -> String {
        let details = PersonDetails {
            given_name: "Nobody".into(),
            family_name: "Testperson".into(),
            name_quality: DataQuality::Full.into(),
            ..Default::default()
        };
        let request =
            RegisterPersonRequest { request_id: request_id(), details: Some(details), identifiers: vec![] };
        until_acknowledged!(self, registry, register_person, "PersonRegistered", "", request)
    }

    async fn start_participation(&mut self, person: &str) -> String {
        let request = pb::StartParticipationRequest {
            request_id: request_id(),
            person_id: person.to_owned(),
            offer_id: self.offer.clone(),
            ..Default::default()
        };
        until_acknowledged!(self, referrals, start_participation, "ParticipationStarted", person, request)
    }

    async fn contact(&mut self, person: &str, participation: &str) {
        let occurred = platform::wire::to_occurred(&Occurred::instant(jiff::Timestamp::now()));
        let request = pb::AddParticipationContactRequest {
            request_id: request_id(),
            participation_id: participation.to_owned(),
            contact: Some(Contact { occurred: Some(occurred), reached: true, ..Default::default() }),
            ..Default::default()
        };
        until_acknowledged!(
            self,
            referrals,
            add_participation_contact,
            "ParticipationContactMade",
            person,
            request
        );
    }

    async fn end(&mut self, person: &str, participation: &str) {
        let request = pb::EndParticipationRequest {
            request_id: request_id(),
            participation_id: participation.to_owned(),
            reason: pb::ClosingReason::CompletedEarly.into(),
            ..Default::default()
        };
        until_acknowledged!(self, referrals, end_participation, "ParticipationEnded", person, request);
    }

    /// Asks until there is an answer; gives the record that it names.
    async fn acknowledged<F>(
        &mut self,
        service: &'static str,
        kind: &'static str,
        person: &str,
        request: String,
        send: impl Fn() -> F,
    ) -> String
    where
        F: Future<Output = Result<Option<Written>, Status>>,
    {
        let end = Instant::now() + PATIENCE;
        loop {
            let late = || Status::deadline_exceeded("no answer in time");
            match tokio::time::timeout(TRY, send()).await.unwrap_or_else(|_| Err(late())) {
                Ok(written) => {
                    let record = id(written);
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    self.done.push(Acknowledged {
                        agency: self.agency,
                        service,
                        kind,
                        request,
                        person: if person.is_empty() { record.clone() } else { person.to_owned() },
                        record: record.clone(),
                    });
                    return record;
                }
                Err(status) => {
                    assert!(passes(&status), "{kind} {request}: {status:?}");
                    assert!(Instant::now() < end, "{kind} {request}: {PATIENCE:?} in vain: {status:?}");
                    // Sleeps: as a client does between two tries.
                    tokio::time::sleep(Duration::from_millis(25)).await;
                }
            }
        }
    }
}

/// Whether the same request may get another answer a moment later.
fn passes(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted
    )
}
