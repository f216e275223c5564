//! Whoever is restricted: when they are where is read by their agency and by themself, and not by who runs the system.

use kernel::StreamId;
use proto::registry as reg;
use proto::registry::registry_event::Kind;
use tests::alone::until;
use tonic::Code;

use super::*;

async fn tell(service: &Alone, kind: Kind) {
    let event = reg::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", ANA.uuid()), Some(ANA), &event).await;
}

async fn listed(client: &mut Client<Peer>) -> (usize, bool) {
    let request =
        pb::ListAppointmentsRequest { person_id: ANA.to_string(), page_size: 1, ..Default::default() };
    let page = client.list_appointments(request).await.unwrap().into_inner();
    (page.appointments.len(), !page.next_page_token.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn when_somebody_restricted_is_where_is_not_read_by_running_the_system() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    let first = clinic.book("2026-03-10T10:00").await.unwrap().id;
    clinic.book("2026-03-17T10:00").await.unwrap();
    let mut operator = Client::new(clinic.service.operator());
    let mut own = Client::new(clinic.service.person(ANA));
    until("both to be listed", async || (listed(&mut operator).await == (1, true)).then_some(())).await;
    assert!(read(&mut operator, &first).await.is_ok());
    let (person_id, reason) = (ANA.to_string(), reg::RestrictionReason::FleeingViolence.into());
    tell(&clinic.service, Kind::PersonRestricted(reg::PersonRestricted { person_id, reason })).await;
    let refused = until("the operator to read none", async || read(&mut operator, &first).await.err()).await;
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(listed(&mut operator).await, (0, false), "nor that there is any");
    // Nor among the rows of an agency that their token names too.
    let actor = kernel::Actor::Worker(kernel::WorkerId::of(1));
    let (role, agency) = (kernel::Role::Operator, Some(CLINIC));
    let mut of_agency =
        Client::new(clinic.service.caller(kernel::Caller { actor, role, agency, on_behalf_of: None }));
    assert_eq!(listed(&mut of_agency).await, (0, false));
    let nobodys = of_agency.list_appointments(pb::ListAppointmentsRequest::default()).await.unwrap_err();
    assert!(nobodys.message().starts_with("person_id "), "{nobodys:?}");
    for reader in [&mut clinic.client, &mut own] {
        assert!(read(reader, &first).await.is_ok());
        assert_eq!(listed(reader).await, (1, true));
    }
    let person_id = ANA.to_string();
    tell(&clinic.service, Kind::PersonRestrictionLifted(reg::PersonRestrictionLifted { person_id })).await;
    until("the operator to read it again", async || read(&mut operator, &first).await.ok()).await;
}
