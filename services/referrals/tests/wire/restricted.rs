//! Whoever is restricted: which homes they were referred to is read by the parties and by nobody for running the system.

use proto::registry::registry_event::Kind;
use proto::registry::{PersonRestricted, PersonRestrictionLifted, RestrictionReason};
use tonic::Status;

use super::*;

async fn tell(service: &Alone, kind: Kind) {
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", ANA.uuid()), Some(ANA), &event).await;
}

async fn get(client: &mut Client<Peer>, referral: &str) -> Result<pb::Referral, Status> {
    let request = pb::GetReferralRequest { referral_id: referral.into(), at_least: vec![] };
    Ok(client.get_referral(request).await?.into_inner().referral.expect("a referral"))
}

/// Ana's referrals by pages of one, none of which is short but the last.
async fn listed(client: &mut Client<Peer>, seen: &str) -> Vec<String> {
    let (mut found, mut page_token) = (vec![], String::new());
    loop {
        let at_least = vec![seen.to_owned()];
        let person_id = ANA.to_string();
        let request =
            pb::ListReferralsRequest { person_id, page_size: 1, page_token, at_least, ..Default::default() };
        let page = client.list_referrals(request).await.unwrap().into_inner();
        assert!(page.referrals.len() == 1 || page.next_page_token.is_empty(), "a short page tells of a row");
        found.extend(page.referrals.into_iter().map(|referral| referral.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_which_homes_somebody_restricted_was_referred_is_not_read_by_who_runs_the_system() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        to_which_homes(store).await;
    }
}

async fn to_which_homes(store: OnStore) {
    let service = service_on(store).await;
    let offer = with_offer(&service, offer("Cedar House")).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let cooking = drafted(&mut shelter, &offer).await;
    let to_a_home = pb::DraftReferralRequest { life_domain: LifeDomain::Housing.into(), ..asking(&offer) };
    let home = written(shelter.draft_referral(to_a_home).await.unwrap().into_inner().written).id;
    let logged = pb::RecordReferralRequest {
        request_id: new_request(),
        source: source("Event", "V2"),
        person_id: ANA.to_string(),
        service_named: "a housing navigator".into(),
        made: Some(now_at(&service)),
        state: pb::ReferralState::Completed.into(),
        ..Default::default()
    };
    let logged = Client::new(service.recorder(SHELTER)).record_referral(logged).await.unwrap();
    let logged = written(logged.into_inner().written);
    let (told, seen) = (logged.id, logged.revision);
    let all = [told.clone(), home.clone(), cooking.clone()];
    let (mut operator, mut own) = (Client::new(service.operator()), Client::new(service.person(ANA)));
    assert_eq!(listed(&mut operator, &seen).await, all);

    let (person_id, reason) = (ANA.to_string(), RestrictionReason::FleeingViolence.into());
    tell(&service, Kind::PersonRestricted(PersonRestricted { person_id, reason })).await;
    until("the operator to read nothing of a home", async || get(&mut operator, &home).await.err()).await;
    for hidden in [&home, &told] {
        assert_eq!(get(&mut operator, hidden).await.unwrap_err().code(), Code::NotFound);
    }
    assert_eq!(get(&mut operator, &cooking).await.unwrap().id, cooking);
    assert_eq!(listed(&mut operator, &seen).await, [cooking.as_str()]);
    for reader in [&mut shelter, &mut own] {
        assert!(get(reader, &home).await.is_ok() && get(reader, &told).await.is_ok());
        assert_eq!(listed(reader, &seen).await, all);
    }
    // Nor by the lists of an agency that their token names too.
    let actor = kernel::Actor::Worker(WorkerId::of(1));
    let (role, agency) = (kernel::Role::Operator, Some(SHELTER));
    let mut of_agency =
        Client::new(service.caller(kernel::Caller { actor, role, agency, on_behalf_of: None }));
    assert_eq!(listed(&mut of_agency, &seen).await, [cooking.as_str()]);
    let nobodys = of_agency.list_referrals(pb::ListReferralsRequest::default()).await.unwrap_err();
    assert_eq!((nobodys.code(), nobodys.message().starts_with("person_id ")), (Code::InvalidArgument, true));
    let inbox = of_agency.list_inbox(pb::ListInboxRequest::default()).await.unwrap_err();
    assert_eq!(platform::error::reason(&inbox).as_deref(), Some("AGENCY_REQUIRED"));

    let person_id = ANA.to_string();
    tell(&service, Kind::PersonRestrictionLifted(PersonRestrictionLifted { person_id })).await;
    until("the operator to read it again", async || get(&mut operator, &home).await.ok()).await;
    assert_eq!(listed(&mut operator, &seen).await, all);
}

/// Ana's disclosures by pages of one, none of which is short but the last: the offers' agencies that were told.
async fn disclosed(client: &mut Client<Peer>, seen: &str) -> Vec<String> {
    let (mut found, mut page_token) = (vec![], String::new());
    loop {
        let at_least = vec![seen.to_owned()];
        let person_id = ANA.to_string();
        let request = pb::ListDisclosuresRequest { person_id, page_size: 1, page_token, at_least };
        let page = client.list_disclosures(request).await.unwrap().into_inner();
        assert!(
            page.disclosures.len() == 1 || page.next_page_token.is_empty(),
            "a short page tells of a row"
        );
        found.extend(page.disclosures.into_iter().map(|made| made.recipient_agency_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_whom_what_tells_where_somebody_restricted_is_was_disclosed_is_not_read_by_who_runs_the_system() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        to_whom_it_was_disclosed(store).await;
    }
}

async fn to_whom_it_was_disclosed(store: OnStore) {
    let service = service_on(store).await;
    let (homes, hospital) = (AgencyId::of(4), AgencyId::of(5));
    let cooking = with_offer(&service, offer("Cooking")).await;
    let content = Some(offer("Cedar House"));
    let publish = pb::PublishServiceOfferRequest { request_id: new_request(), content, ..Default::default() };
    let house = Client::new(service.worker(homes)).publish_service_offer(publish).await.unwrap();
    let house = written(house.into_inner().written).id;
    let mut shelter = Client::new(service.worker(SHELTER));
    for agency in [CLINIC, homes] {
        ana_allows(&service, agency).await;
    }
    let to_cook = drafted(&mut shelter, &cooking).await;
    sent(&mut shelter, &to_cook).await;
    service.hours_pass(1);
    let to_a_home = pb::DraftReferralRequest { life_domain: LifeDomain::Housing.into(), ..asking(&house) };
    let home = written(shelter.draft_referral(to_a_home).await.unwrap().into_inner().written).id;
    let seen = sent(&mut shelter, &home).await.revision;
    service.hours_pass(1);
    opened::declared(&service, hospital, &[SHELTER]).await;
    let [clinic, homes, hospital] = [CLINIC, homes, hospital].map(|agency| agency.to_string());
    let all = [hospital, homes, clinic.clone()];
    let (mut operator, mut own) = (Client::new(service.operator()), Client::new(service.person(ANA)));
    let listed = until("the emergency to be listed", async || {
        let listed = disclosed(&mut operator, &seen).await;
        (listed.len() == 3).then_some(listed)
    });
    assert_eq!(listed.await, all);

    let (person_id, reason) = (ANA.to_string(), RestrictionReason::FleeingViolence.into());
    tell(&service, Kind::PersonRestricted(PersonRestricted { person_id, reason })).await;
    until("the operator to read nothing of a home", async || get(&mut operator, &home).await.err()).await;
    let actor = kernel::Actor::Worker(WorkerId::of(1));
    let of_agency = |role| {
        let agency = Some(SHELTER);
        Client::new(service.caller(kernel::Caller { actor: actor.clone(), role, agency, on_behalf_of: None }))
    };
    for mut overseer in [operator, of_agency(kernel::Role::Operator), of_agency(kernel::Role::Auditor)] {
        assert_eq!(disclosed(&mut overseer, &seen).await, [clinic.as_str()]);
        let nobodys = overseer.list_disclosures(pb::ListDisclosuresRequest::default()).await.unwrap_err();
        assert!(nobodys.message().starts_with("person_id "), "{nobodys:?}");
    }
    for reader in [&mut shelter, &mut own] {
        assert_eq!(disclosed(reader, &seen).await, all);
    }
}
