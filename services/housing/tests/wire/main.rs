//! Every call of the service, through the wire, as agencies make it.
//! Invariant: the service is the real one, served over loopback; only the other services' logs and the registry's keys are the test's.

mod caseload;
mod deaths;
mod golden;
mod households;
mod living;
mod placements;
mod races;
mod records;
mod restricted;
mod units;

use kernel::{AgencyId, PersonId};
use platform::error::reason;
use platform::peer::Peer;
use proto::Date;
use proto::housing as pb;
use proto::housing::housing_service_client::HousingServiceClient as Client;
use proto::types::{Identifier, Source, Written};
use tests::{Alone, OnStore};
use tonic::{Code, Status};
use uuid::Uuid;

/// The agencies and people are invented.
const CEDAR: AgencyId = AgencyId::of(1);
const HARBOR: AgencyId = AgencyId::of(2);
const ANA: PersonId = PersonId::of(10);
const BEN: PersonId = PersonId::of(11);

async fn service() -> Alone {
    service_on(OnStore::Sqlite).await
}

async fn service_on(store: OnStore) -> Alone {
    Alone::start("housing", store, async |parts| housing::service(&parts).await).await
}

fn cedar(service: &Alone) -> Client<Peer> {
    Client::new(service.worker(CEDAR))
}

fn harbor(service: &Alone) -> Client<Peer> {
    Client::new(service.worker(HARBOR))
}

fn recorder(service: &Alone) -> Client<Peer> {
    Client::new(service.recorder(CEDAR))
}

fn new_request() -> String {
    Uuid::now_v7().to_string()
}

fn written(written: Option<Written>) -> Written {
    written.expect("every command replies what it wrote")
}

/// A day of March 2026; the clock stands at the fourth.
fn march(day: i32) -> Option<Date> {
    Some(Date { year: 2026, month: 3, day })
}

fn day(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

fn source(table: &str, key: &str) -> Option<Source> {
    Some(Source { system: "hmis:9".into(), table: table.into(), key: key.into(), ..Default::default() })
}

fn code(status: &Status) -> (Code, Option<String>) {
    (status.code(), reason(status))
}

fn says(code: Code, reason: &str) -> (Code, Option<String>) {
    (code, Some(reason.to_owned()))
}

fn group_content(project: pb::ProjectType) -> pb::UnitGroupContent {
    pb::UnitGroupContent {
        name: "Cedar House".into(),
        project_type: project.into(),
        kind: pb::UnitKind::Apartment.into(),
        zone: "America/Chicago".into(),
        turnaround_days: 2,
        identifiers: vec![Identifier { system: "own".into(), value: "cedar-house".into() }],
        ..Default::default()
    }
}

/// Sends a request under a new id, with what is not named left out.
macro_rules! call {
    ($client:expr, $method:ident, $request:ident { $($field:ident: $value:expr),* $(,)? }) => {
        $client
            .clone()
            .$method(pb::$request { request_id: crate::new_request(), $($field: $value,)* ..Default::default() })
            .await
            .map(|reply| reply.into_inner())
    };
}
pub(crate) use call;

/// A group of Cedar's.
async fn group(service: &Alone, project: pb::ProjectType) -> String {
    let content = Some(group_content(project));
    let reply =
        call!(cedar(service), publish_unit_group, PublishUnitGroupRequest { content: content }).unwrap();
    written(reply.written).id
}

fn unit_content(name: &str) -> Option<pb::UnitContent> {
    let identifiers = vec![Identifier { system: "own".into(), value: name.into() }];
    Some(pb::UnitContent { name: name.into(), sleeps: 2, accepting: true, identifiers, ..Default::default() })
}

/// A unit of that group.
async fn unit(service: &Alone, group: &str, name: &str) -> String {
    let (unit_group_id, content) = (group.to_owned(), unit_content(name));
    let request = call!(
        cedar(service),
        publish_unit,
        PublishUnitRequest { unit_group_id: unit_group_id, content: content }
    );
    written(request.unwrap().written).id
}

fn alone(person: PersonId) -> Vec<pb::Member> {
    vec![pb::Member { person_id: person.to_string(), relationship: pb::Relationship::Self_.into() }]
}

/// A person matched to a group, with a unit where one is named.
async fn matched(service: &Alone, group: &str, unit: &str, person: PersonId) -> Result<String, Status> {
    let (unit_group_id, unit_id, members) = (group.to_owned(), unit.to_owned(), alone(person));
    let reply = call!(
        cedar(service),
        match_placement,
        MatchPlacementRequest { unit_group_id: unit_group_id, unit_id: unit_id, members: members }
    );
    Ok(written(reply?.written).id)
}

/// The same person, admitted today.
async fn admitted(service: &Alone, group: &str, unit: &str, person: PersonId) -> Result<String, Status> {
    let placement = matched(service, group, unit, person).await?;
    let id = || placement.clone();
    let cedar = cedar(service);
    call!(cedar, offer_placement, OfferPlacementRequest { placement_id: id() })?;
    call!(cedar, accept_placement, AcceptPlacementRequest { placement_id: id() })?;
    call!(cedar, admit_placement, AdmitPlacementRequest { placement_id: id() })?;
    Ok(placement)
}

async fn read(client: &mut Client<Peer>, placement: &str) -> Result<pb::Placement, Status> {
    let request = pb::GetPlacementRequest { placement_id: placement.to_owned(), at_least: vec![] };
    Ok(client.get_placement(request).await?.into_inner().placement.expect("a placement"))
}

async fn read_unit(client: &mut Client<Peer>, unit: &str, on: Option<Date>) -> Result<pb::Unit, Status> {
    let request = pb::GetUnitRequest { unit_id: unit.to_owned(), on, ..Default::default() };
    Ok(client.get_unit(request).await?.into_inner().unit.expect("a unit"))
}
