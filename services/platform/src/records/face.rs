//! The gRPC face of recorded facts: an agency reads back what it has told.
//! Invariant: an agency is shown its own facts alone, and a first page none of which the log knows better at the time of the call.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Role, Timestamp};
use prost::Message;
use proto::log as pb;
use proto::log::records_service_server::RecordsService;
use proto::types::FieldStatus;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::{Fact, Key, Records};
use crate::command::fact_id;
use crate::error;
use crate::keys::{Keys, Opened};
use crate::log::Log;
use crate::page::Pages;
use crate::revision::Revision;
use crate::service::Service;
use crate::{auth, wire};

/// Who may.
const RECORD: &[Role] = &[Role::Recorder];
/// How long a first page waits for the list to be as far as the log was, where the caller names no deadline.
const PATIENCE: Duration = Duration::from_secs(10);

/// The recorded facts of the services of a process.
pub struct RecordsFace(Arc<[Service]>);

/// Where a list goes on.
#[derive(Clone, PartialEq, Message)]
struct After {
    #[prost(bytes = "vec", tag = "1")]
    key_hash: Vec<u8>,
}

impl RecordsFace {
    /// Over these services.
    pub fn new(services: Arc<[Service]>) -> Self {
        Self(services)
    }

    fn service(&self, name: &str) -> Result<(&Service, Records), Status> {
        let recording = || self.0.iter().filter_map(|service| Some((service, service.records()?)));
        recording().find(|(service, _)| service.name == name).ok_or_else(|| {
            let here: Vec<&str> = recording().map(|(service, _)| service.name).collect();
            let why = format!("records nothing here; facts recorded here are those of: {}", here.join(", "));
            error::bad_field("service", why)
        })
    }
}

#[tonic::async_trait]
impl RecordsService for RecordsFace {
    async fn list_records(
        &self,
        request: Request<pb::ListRecordsRequest>,
    ) -> Result<Response<pb::ListRecordsResponse>, Status> {
        let caller = auth::admit(&request, RECORD)?;
        let agency = caller.speaks_for().ok_or_else(|| {
            let text =
                "an agency lists what it has recorded itself; call as its recorder, or on behalf of it";
            error::denied("AGENCY_REQUIRED", text)
        })?;
        let r = request.get_ref();
        let (service, records) = self.service(&r.service)?;
        let system = wire::text("system", &r.system, 200)?;
        let table = wire::optional_text("table", &r.table, 200)?.unwrap_or_default();
        let size = wire::page_size(r.page_size)?;
        let pages = Pages::new(service.secret());
        let list = format!("ListRecords/{agency}/{}:{system}/{table}", system.len());
        let after = match pages.place::<After>(&list, &r.page_token)? {
            Some(after) => after.key_hash,
            None => {
                let deadline = crate::server::deadline(&request).unwrap_or_else(|| Instant::now() + PATIENCE);
                as_far_as(service.log(), &records, deadline).await?;
                vec![]
            }
        };
        let mut found = records.list(agency, &system, &table, &after, size + 1).await?;
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more).map(|fact| After { key_hash: fact.key_hash.clone() });
        let next_page_token = last.map(|last| pages.token(&list, &last)).unwrap_or_default();
        let facts = shown(service.keys(), found).await;
        Ok(Response::new(pb::ListRecordsResponse { facts, next_page_token }))
    }
}

/// Waits until the list knows what the log holds now.
async fn as_far_as(log: &Log, records: &Records, deadline: Instant) -> Result<(), Status> {
    let head = log.head().await?;
    let written = (0_u32..).zip(head.sequences).filter(|(_, sequence)| *sequence > 0).collect();
    let now = Revision { log: log.service().to_owned(), log_id: head.log_id, written };
    // A little is kept back of the deadline, to answer in.
    let until = deadline.checked_sub(Duration::from_millis(200)).unwrap_or(deadline);
    if records.views().reached(&now, until).await {
        return Ok(());
    }
    let text = "the list of recorded facts is not yet as far as the log; try again";
    Err(error::unavailable("RECORDS_BEHIND", text, Duration::from_secs(1)))
}

/// The facts with their keys opened, all with one look for the keys of their people.
async fn shown(keys: &Keys, facts: Vec<Fact>) -> Vec<pb::RecordedFact> {
    let sealed: Vec<&pb::Sealed> = facts
        .iter()
        .filter_map(|fact| match &fact.key {
            Key::Sealed(sealed) => Some(sealed),
            Key::Clear(_) => None,
        })
        .collect();
    let mut opened = keys.open_all(&sealed).await.into_iter();
    let mut shown = Vec::with_capacity(facts.len());
    for fact in &facts {
        let (key, status) = match &fact.key {
            Key::Clear(key) => (key.clone(), FieldStatus::Unspecified),
            Key::Sealed(_) => opened.next().unwrap_or(Opened::Locked).said(),
        };
        shown.push(pb::RecordedFact {
            fact_id: fact.id(),
            stream: fact.stream.clone(),
            table: fact.table.clone(),
            key,
            key_status: status.into(),
            person_id: fact.person.map(|person| person.to_string()).unwrap_or_default(),
            told_at: Timestamp::from_microsecond(fact.told_at).ok().map(wire::to_instant),
            taken_back: fact.taken_back,
        });
    }
    shown
}

impl Fact {
    fn id(&self) -> String {
        // The projection stores whole hashes alone.
        <&[u8; 32]>::try_from(self.key_hash.as_slice())
            .map(|hash| fact_id(hash).to_string())
            .unwrap_or_default()
    }
}
