//! Whoever is restricted: their agency and they themselves read on, and nobody reads where they live by running the system.

use kernel::StreamId;
use proto::registry as reg;
use proto::registry::registry_event::Kind;
use tests::alone::until;

use super::*;

async fn tell(service: &Alone, person: PersonId, kind: Kind) {
    let event = reg::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", person.uuid()), Some(person), &event).await;
}

async fn situation(client: &mut Client<Peer>, id: &str) -> Result<pb::LivingSituation, Status> {
    let request = pb::GetLivingSituationRequest { living_situation_id: id.to_owned(), at_least: vec![] };
    Ok(client.get_living_situation(request).await?.into_inner().living_situation.expect("a living situation"))
}

/// The person's placements, a page of one, and whether more follow.
async fn listed(client: &mut Client<Peer>, person: PersonId) -> (usize, bool) {
    let request =
        pb::ListPlacementsRequest { person_id: person.to_string(), page_size: 1, ..Default::default() };
    let page = client.list_placements(request).await.unwrap().into_inner();
    (page.placements.len(), !page.next_page_token.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_somebody_restricted_lives_is_read_by_their_agency_and_themself_and_not_by_who_runs_the_system()
{
    let service = service().await;
    let group = group(&service, pb::ProjectType::EmergencyShelterEntryExit).await;
    let lived = admitted(&service, &group, "", ANA).await.unwrap();
    let exit = call!(
        cedar(&service),
        exit_placement,
        ExitPlacementRequest {
            placement_id: lived,
            destination: Some(pb::Place { code: 410, ..Default::default() })
        }
    );
    exit.unwrap();
    let placement = admitted(&service, &group, "", ANA).await.unwrap();
    let noted = call!(
        cedar(&service),
        note_living_situation,
        NoteLivingSituationRequest {
            person_id: ANA.to_string(),
            place: Some(pb::Place { code: 410, ..Default::default() }),
            zone: "America/Chicago".into()
        }
    );
    let noted = written(noted.unwrap().written).id;
    let (mut operator, mut own) = (Client::new(service.operator()), Client::new(service.person(ANA)));
    until("both placements to be listed", async || {
        (listed(&mut operator, ANA).await == (1, true)).then_some(())
    })
    .await;
    assert!(read(&mut operator, &placement).await.is_ok() && situation(&mut operator, &noted).await.is_ok());

    // Told of another record of hers.
    let (canonical_id, member_id) = (ANA.to_string(), BEN.to_string());
    for person in [ANA, BEN] {
        let (canonical_id, member_id) = (canonical_id.clone(), member_id.clone());
        tell(&service, person, Kind::PersonsLinked(reg::PersonsLinked { canonical_id, member_id })).await;
    }
    let reason = reg::RestrictionReason::OwnWish.into();
    tell(&service, BEN, Kind::PersonRestricted(reg::PersonRestricted { person_id: BEN.to_string(), reason }))
        .await;
    until("the operator to read nothing of it", async || {
        read(&mut operator, &placement).await.is_err().then_some(())
    })
    .await;
    assert_eq!(read(&mut operator, &placement).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(situation(&mut operator, &noted).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(listed(&mut operator, ANA).await, (0, false), "nor that there is anything");
    // Nor among the rows of an agency that their token names too.
    let actor = kernel::Actor::Worker(kernel::WorkerId::of(1));
    let (role, agency) = (kernel::Role::Operator, Some(CEDAR));
    let mut of_agency =
        Client::new(service.caller(kernel::Caller { actor, role, agency, on_behalf_of: None }));
    assert_eq!(listed(&mut of_agency, ANA).await, (0, false));
    let nobodys = of_agency.list_placements(pb::ListPlacementsRequest::default()).await.unwrap_err();
    assert!(nobodys.message().starts_with("person_id "), "{nobodys:?}");
    for reader in [&mut cedar(&service), &mut own] {
        assert!(read(reader, &placement).await.is_ok() && situation(reader, &noted).await.is_ok());
        assert_eq!(listed(reader, ANA).await, (1, true));
    }

    let person_id = BEN.to_string();
    tell(&service, BEN, Kind::PersonRestrictionLifted(reg::PersonRestrictionLifted { person_id })).await;
    until("the operator to read it again", async || read(&mut operator, &placement).await.ok()).await;
    assert_eq!(listed(&mut operator, ANA).await, (1, true));
}
