//! Every call of the service, through the wire, as agencies make it.
//! Invariant: the service is the real one, served over loopback; only the other services' logs and the registry's keys are the test's.

#![allow(
    clippy::needless_update,
    reason = "the macro fills in what a request has beside the fields that a test names"
)]

mod appointments;
mod caseload;
mod crowd;
mod deaths;
mod episodes;
mod practitioners;
mod restricted;

use kernel::{AgencyId, PersonId, WorkerId};
use platform::peer::Peer;
use proto::therapy as pb;
use proto::therapy::therapy_service_client::TherapyServiceClient as Client;
use proto::types::{Setting, Written};
use tests::{Alone, OnStore};
use tonic::{Response, Status};
use uuid::Uuid;

const CLINIC: AgencyId = AgencyId::of(1);
const SHELTER: AgencyId = AgencyId::of(2);
const ANA: PersonId = PersonId::of(10);
const BEN: PersonId = PersonId::of(11);
const DR_OLIVE: WorkerId = WorkerId::of(20);
const DR_PINE: WorkerId = WorkerId::of(21);

/// Sends a command under a new request id and gives back what it wrote.
macro_rules! call {
    ($client:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
        $client.$method(pb::$request { request_id: crate::new_request(), $($field: $value,)* ..Default::default() }).await
            .map(|reply| reply.into_inner().written.expect("every command replies what it wrote"))
    };
}
pub(crate) use call;

async fn service(on: OnStore) -> Alone {
    Alone::start("therapy", on, async |parts| therapy::service(&parts).await).await
}

fn new_request() -> String {
    Uuid::now_v7().to_string()
}

/// The clinic, a practitioner of it, an episode of Ana's, and the clinic's own channel.
struct Clinic {
    service: Alone,
    client: Client<Peer>,
    episode: String,
}

async fn clinic(on: OnStore) -> Clinic {
    let service = service(on).await;
    let mut client = Client::new(service.worker(CLINIC));
    register(&mut client, DR_OLIVE, therapist("Dr Olive Sample")).await.unwrap();
    let episode = open(&mut client, ANA, Some(DR_OLIVE)).await.unwrap().id;
    Clinic { service, client, episode }
}

fn therapist(name: &str) -> pb::PractitionerContent {
    pb::PractitionerContent {
        name: name.into(),
        role: pb::PractitionerRole::Therapist.into(),
        licence: "SAMPLE-1".into(),
        modalities: vec!["cbt".into(), "interpersonal-therapy".into()],
        zone: "America/Chicago".into(),
    }
}

async fn register(
    client: &mut Client<Peer>,
    worker: WorkerId,
    content: pb::PractitionerContent,
) -> Result<Written, Status> {
    call!(
        client,
        register_practitioner,
        RegisterPractitionerRequest { worker_id: worker.to_string(), content: Some(content) }
    )
}

async fn open(
    client: &mut Client<Peer>,
    person: PersonId,
    with: Option<WorkerId>,
) -> Result<Written, Status> {
    call!(
        client,
        open_episode,
        OpenEpisodeRequest {
            person_id: person.to_string(),
            modality: "cbt".into(),
            practitioner_id: with.map(|worker| worker.to_string()).unwrap_or_default(),
        }
    )
}

/// 50 minutes at the office from that wall time in the practitioner's zone.
fn asking(episode: &str, wall: &str) -> pb::AppointmentAsk {
    pb::AppointmentAsk {
        episode_id: episode.into(),
        start: Some(pb::AppointmentTime { wall: wall.into(), ..Default::default() }),
        minutes: 50,
        setting: Setting::Office.into(),
        ..Default::default()
    }
}

impl Clinic {
    async fn book(&mut self, wall: &str) -> Result<Written, Status> {
        let ask = asking(&self.episode, wall);
        call!(self.client, book_appointment, BookAppointmentRequest { ask: Some(ask) })
    }

    async fn read(&mut self, appointment: &str) -> pb::Appointment {
        read(&mut self.client, appointment).await.unwrap()
    }

    async fn episode(&mut self) -> pb::Episode {
        let request = pb::GetEpisodeRequest { episode_id: self.episode.clone(), at_least: vec![] };
        self.client.get_episode(request).await.unwrap().into_inner().episode.unwrap()
    }
}

async fn read(client: &mut Client<Peer>, appointment: &str) -> Result<pb::Appointment, Status> {
    let request = pb::GetAppointmentRequest { appointment_id: appointment.into(), at_least: vec![] };
    client.get_appointment(request).await.map(Response::into_inner).map(|reply| reply.appointment.unwrap())
}

fn reason<T: std::fmt::Debug>(outcome: Result<T, Status>) -> String {
    platform::error::reason(&outcome.unwrap_err()).expect("every refusal has its reason")
}

/// The fields that a bad request names.
fn fields<T: std::fmt::Debug>(outcome: Result<T, Status>) -> Vec<String> {
    use tonic_types::StatusExt;
    let details = outcome.unwrap_err().get_details_bad_request().expect("a bad request names its fields");
    details.field_violations.into_iter().map(|violation| violation.field).collect()
}
