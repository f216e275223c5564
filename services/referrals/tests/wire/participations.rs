//! Who takes part in what, through the wire: by person, worker, offer and state, in pages, and for whose eyes.

use proto::registry::registry_event::Kind;
use proto::registry::{PersonRestricted, RestrictionReason};

use super::*;

const BEN: PersonId = PersonId::of(11);
const OLGA: WorkerId = WorkerId::of(7);

/// A participation, begun an hour after the one before.
async fn begins(service: &Alone, agency: AgencyId, person: PersonId, offer: &str) -> Written {
    service.hours_pass(1);
    let (offer_id, person_id) = (offer.to_owned(), person.to_string());
    let mut serves = Client::new(service.worker(agency));
    let reply = call!(serves, start_participation, StartParticipationRequest { offer_id, person_id });
    written(reply.unwrap().into_inner().written)
}

/// The ids of all pages of one, none of which is short but the last.
async fn listed(client: &mut Client<Peer>, seen: &str, of: pb::ListParticipationsRequest) -> Vec<String> {
    let (mut found, mut page_token) = (vec![], String::new());
    loop {
        let at_least = vec![seen.to_owned()];
        let request = pb::ListParticipationsRequest { page_size: 1, page_token, at_least, ..of.clone() };
        let page = client.list_participations(request).await.unwrap().into_inner();
        let short = page.participations.is_empty() && !page.next_page_token.is_empty();
        assert!(!short, "a short page tells of a row");
        found.extend(page.participations.into_iter().map(|one| one.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

fn all() -> pb::ListParticipationsRequest {
    pb::ListParticipationsRequest::default()
}

fn of_person(person: PersonId) -> pb::ListParticipationsRequest {
    pb::ListParticipationsRequest { person_id: person.to_string(), ..all() }
}

fn in_states(states: &[pb::ParticipationState]) -> pb::ListParticipationsRequest {
    pb::ListParticipationsRequest { states: states.iter().map(|state| i32::from(*state)).collect(), ..all() }
}

#[tokio::test(flavor = "multi_thread")]
async fn participations_are_listed_by_person_worker_offer_and_state_newest_first() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        they_are_listed(store).await;
    }
}

async fn they_are_listed(store: OnStore) {
    let service = service_on(store).await;
    let club = with_offer(&service, offer("Clubhouse")).await;
    let kitchen = with_offer(&service, offer("Kitchen skills")).await;
    let content = Some(offer("A bed for the night"));
    let publish = pb::PublishServiceOfferRequest { request_id: new_request(), content, ..Default::default() };
    let bed = Client::new(service.worker(SHELTER)).publish_service_offer(publish).await.unwrap();
    let bed = written(bed.into_inner().written).id;
    works_at(&service, OLGA, CLINIC, false).await;

    let first = begins(&service, CLINIC, ANA, &club).await.id;
    let bens = begins(&service, CLINIC, BEN, &club).await.id;
    let rests = begins(&service, CLINIC, ANA, &kitchen).await.id;
    let over = begins(&service, CLINIC, ANA, &kitchen).await.id;
    let wrong = begins(&service, CLINIC, ANA, &club).await.id;
    let elsewhere = begins(&service, SHELTER, ANA, &bed).await.id;
    let mut clinic = Client::new(service.worker(CLINIC));
    for participation_id in [bens.clone(), rests.clone()] {
        let worker_id = OLGA.to_string();
        call!(clinic, assign_participation, AssignParticipationRequest { participation_id, worker_id })
            .unwrap();
    }
    let (participation_id, reason) = (rests.clone(), pb::HoldReason::PersonsWish.into());
    call!(clinic, pause_participation, PauseParticipationRequest { participation_id, reason }).unwrap();
    let (participation_id, reason) = (over.clone(), pb::ClosingReason::Moved.into());
    call!(clinic, end_participation, EndParticipationRequest { participation_id, reason }).unwrap();
    let participation_id = wrong;
    let marked = call!(
        clinic,
        mark_participation_entered_in_error,
        MarkParticipationEnteredInErrorRequest { participation_id }
    );
    let seen = written(marked.unwrap().into_inner().written).revision;

    let newest = [&over, &rests, &bens, &first].map(String::as_str);
    assert_eq!(listed(&mut clinic, &seen, all()).await, newest, "what never was is not listed");
    assert_eq!(listed(&mut clinic, &seen, of_person(BEN)).await, [bens.as_str()]);
    let olgas = pb::ListParticipationsRequest { assignee_worker_id: OLGA.to_string(), ..all() };
    assert_eq!(listed(&mut clinic, &seen, olgas).await, [&rests, &bens].map(String::as_str));
    let of_club = pb::ListParticipationsRequest { offer_id: club, ..all() };
    assert_eq!(listed(&mut clinic, &seen, of_club).await, [&bens, &first].map(String::as_str));
    use pb::ParticipationState::{Active, Ended, Paused};
    let open = in_states(&[Active, Paused]);
    assert_eq!(listed(&mut clinic, &seen, open).await, [&rests, &bens, &first].map(String::as_str));
    assert_eq!(listed(&mut clinic, &seen, in_states(&[Paused])).await, [rests.as_str()]);
    assert_eq!(listed(&mut clinic, &seen, in_states(&[Ended])).await, [over.as_str()]);

    // An agency lists what is its own, and a person all that is theirs.
    let mut shelter = Client::new(service.worker(SHELTER));
    assert_eq!(listed(&mut shelter, &seen, all()).await, [elsewhere.as_str()]);
    let anas = [&elsewhere, &over, &rests, &first].map(String::as_str);
    let mut ana = Client::new(service.person(ANA));
    assert_eq!(listed(&mut ana, &seen, of_person(BEN)).await, anas, "whoever they ask for");

    let refused =
        clinic.list_participations(in_states(&[pb::ParticipationState::Unspecified])).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().starts_with("states[0] "));
    let page =
        clinic.list_participations(pb::ListParticipationsRequest { page_size: 1, ..all() }).await.unwrap();
    let page_token = page.into_inner().next_page_token;
    let another = pb::ListParticipationsRequest { page_token, ..of_person(ANA) };
    assert_eq!(clinic.list_participations(another).await.unwrap_err().code(), Code::InvalidArgument);
    service.one_batch_makes_the_same_lists().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_entered_in_error_and_is_told_again_is_nobodys_to_take_care_of() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let offer_id = with_offer(&service, offer("Clubhouse")).await;
        works_at(&service, OLGA, CLINIC, false).await;
        let (mut recorder, mut clinic) =
            (Client::new(service.recorder(CLINIC)), Client::new(service.worker(CLINIC)));
        let started = Some(now_at(&service));
        let told = || pb::RecordParticipationRequest {
            request_id: new_request(),
            source: source("Enrollment", "E7"),
            person_id: ANA.to_string(),
            offer_id: offer_id.clone(),
            started: started.clone(),
            ..Default::default()
        };
        let made = written(recorder.record_participation(told()).await.unwrap().into_inner().written).id;
        let (participation_id, worker_id) = (made.clone(), OLGA.to_string());
        call!(clinic, assign_participation, AssignParticipationRequest { participation_id, worker_id })
            .unwrap();
        let participation_id = made.clone();
        call!(
            clinic,
            mark_participation_entered_in_error,
            MarkParticipationEnteredInErrorRequest { participation_id }
        )
        .unwrap();
        let again = written(recorder.record_participation(told()).await.unwrap().into_inner().written);
        assert_eq!(listed(&mut clinic, &again.revision, all()).await, [made.as_str()]);
        let olgas = pb::ListParticipationsRequest { assignee_worker_id: OLGA.to_string(), ..all() };
        assert!(listed(&mut clinic, &again.revision, olgas).await.is_empty());
        service.one_batch_makes_the_same_lists().await;
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_restricted_takes_part_in_is_not_listed_to_who_runs_the_system() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        it_is_not_listed(store).await;
    }
}

async fn it_is_not_listed(store: OnStore) {
    let service = service_on(store).await;
    let house = with_offer(&service, offer("Cedar House")).await;
    let before = begins(&service, CLINIC, ANA, &house).await.id;
    let begun = begins(&service, CLINIC, ANA, &house).await;
    let both = [&begun.id, &before].map(String::as_str);
    let get = pb::GetParticipationRequest { participation_id: before.clone(), at_least: vec![] };
    let (mut operator, mut clinic) = (Client::new(service.operator()), Client::new(service.worker(CLINIC)));
    let actor = kernel::Actor::Worker(WorkerId::of(1));
    let (role, agency) = (kernel::Role::Auditor, Some(CLINIC));
    let mut auditor = Client::new(service.caller(kernel::Caller { actor, role, agency, on_behalf_of: None }));
    for overseer in [&mut operator, &mut auditor] {
        let nobodys = overseer.list_participations(all()).await.unwrap_err();
        assert_eq!(
            (nobodys.code(), nobodys.message().starts_with("person_id ")),
            (Code::InvalidArgument, true)
        );
        assert_eq!(listed(overseer, &begun.revision, of_person(ANA)).await, both);
        overseer.get_participation(get.clone()).await.unwrap();
    }
    let (person_id, reason) = (ANA.to_string(), RestrictionReason::FleeingViolence.into());
    let kind = Some(Kind::PersonRestricted(PersonRestricted { person_id, reason }));
    let event = proto::registry::RegistryEvent { kind };
    service.tell("registry", StreamId::new("person", ANA.uuid()), Some(ANA), &event).await;
    for overseer in [&mut operator, &mut auditor] {
        until("the mark to be known", async || overseer.get_participation(get.clone()).await.err()).await;
        let refused = overseer.get_participation(get.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        assert!(listed(overseer, &begun.revision, of_person(ANA)).await.is_empty());
    }
    let mut ana = Client::new(service.person(ANA));
    for reader in [&mut clinic, &mut ana] {
        assert_eq!(listed(reader, &begun.revision, of_person(ANA)).await, both);
        reader.get_participation(get.clone()).await.unwrap();
    }
}
