//! A death ends what its person takes part in, and fails the referrals of what ended because of it; and nobody is referred who is known to have died.

use platform::log::{Append, NewEvent};
use prost::Message;
use proto::registry::registry_event::Kind;
use proto::registry::{Death, PersonDeathEnteredInError, PersonDied};

use super::*;

const BEN: PersonId = PersonId::of(11);

async fn tell(service: &Alone, person: PersonId, kind: Kind) {
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", person.uuid()), Some(person), &event).await;
}

/// The person died on that day of 2026.
fn died(person: PersonId, day: &str) -> Kind {
    let at = format!("{day}T06:00:00Z").parse().unwrap();
    let died = Occurred {
        at: Some(platform::wire::to_instant(at)),
        precision: Precision::Day.into(),
        zone: "America/Chicago".into(),
    };
    let death = Some(Death { died: Some(died), ..Default::default() });
    Kind::PersonDied(PersonDied { person_id: person.to_string(), death })
}

async fn participation(client: &mut Client<Peer>, id: &str) -> pb::Participation {
    let request = pb::GetParticipationRequest { participation_id: id.into(), at_least: vec![] };
    client.get_participation(request).await.unwrap().into_inner().participation.unwrap()
}

async fn begins(clinic: &mut Client<Peer>, offer: &str, person: PersonId) -> Result<String, tonic::Status> {
    let (offer_id, person_id) = (offer.to_owned(), person.to_string());
    let reply = call!(clinic, start_participation, StartParticipationRequest { offer_id, person_id })?;
    Ok(written(reply.into_inner().written).id)
}

async fn ended(clinic: &mut Client<Peer>, id: &str) -> pb::Participation {
    until("the participation to end", async || {
        let now = participation(clinic, id).await;
        now.ended.is_some().then_some(now)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_ends_what_the_person_takes_part_in_once_and_fails_the_referral_that_opened_it() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let referral = requested(&service, offer("Kitchen skills")).await;
        let (mut shelter, mut clinic) =
            (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
        call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral.clone() }).unwrap();
        let record = until("the participation to open", async || {
            let seen = read(&mut shelter, &referral).await;
            (seen.progress() == pb::Progress::Opened).then_some(seen.receiving_record)
        })
        .await;
        let of_referral = record.strip_prefix("participation-").unwrap().to_owned();
        let offer_id = read(&mut shelter, &referral).await.offer_id;
        let own = begins(&mut clinic, &offer_id, ANA).await.unwrap();
        let bens = begins(&mut clinic, &offer_id, PersonId::of(11)).await.unwrap();
        service.hours_pass(3 * 24);
        tell(&service, ANA, died(ANA, "2026-03-06")).await;
        for id in [&of_referral, &own] {
            let over = ended(&mut clinic, id).await;
            let at = over.ended.and_then(|at| at.at).expect("a day");
            assert_eq!(at.seconds, "2026-03-06T06:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second());
            assert_eq!(over.destination_code, 24, "deceased, by HMIS 3.12");
        }
        assert!(participation(&mut clinic, &bens).await.ended.is_none());
        let failed = until("the referral to close", async || {
            let seen = read(&mut shelter, &referral).await;
            (seen.state() == pb::ReferralState::Failed).then_some(seen)
        })
        .await;
        assert_eq!(failed.closing_reason(), pb::ClosingReason::Died);
        assert_eq!(failed.ending(), pb::Ending::WithdrawnBeforeStart, "nobody had begun");

        // Nothing begins any more; what is recorded is kept, and ends with the death too.
        let refused =
            until("the word of the death", async || begins(&mut clinic, &offer_id, ANA).await.err()).await;
        assert_eq!(
            (refused.code(), reason(&refused).as_deref()),
            (Code::FailedPrecondition, Some("PERSON_DIED"))
        );
        let mut recorder = Client::new(service.recorder(CLINIC));
        let request = pb::RecordParticipationRequest {
            request_id: new_request(),
            source: source("Enrollment", "E-1"),
            person_id: ANA.to_string(),
            offer_id: offer_id.clone(),
            started: Some(now_at(&service)),
            ..Default::default()
        };
        let reply = recorder.record_participation(request.clone()).await.unwrap().into_inner();
        let recorded = written(reply.written).id;
        let over = ended(&mut clinic, &recorded).await;
        assert_eq!(over.ended, over.started, "it was told to begin after the death");
        let again = pb::RecordParticipationRequest { request_id: new_request(), ..request };
        recorder.record_participation(again).await.unwrap();

        // That it was an error opens nothing again, and lets what is new begin.
        tell(
            &service,
            ANA,
            Kind::PersonDeathEnteredInError(PersonDeathEnteredInError { person_id: ANA.to_string() }),
        )
        .await;
        let next =
            until("the word that she lives", async || begins(&mut clinic, &offer_id, ANA).await.ok()).await;
        assert!(participation(&mut clinic, &own).await.ended.is_some());
        tell(&service, ANA, died(ANA, "2026-03-07")).await;
        ended(&mut clinic, &next).await;
        let events = service.events().await;
        let count = |kind: &str| events.iter().filter(|event| event.r#type.ends_with(kind)).count();
        assert_eq!((count("ParticipationEnded"), count("ReferralFailed")), (4, 1), "each once");
        service.one_batch_makes_the_same_lists().await;
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placement_that_a_death_calls_off_fails_its_referral_with_that_reason() {
    use proto::housing;
    let service = service().await;
    let home = pb::ServiceOfferContent {
        receiver: pb::Receiver::Housing.into(),
        unit_group_id: Uuid::from_u128(80).to_string(),
        ..offer("Homes")
    };
    let referral = requested(&service, home).await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral.clone() }).unwrap();
    let cancelled = housing::PlacementCancelled {
        placement_id: Uuid::from_u128(81).to_string(),
        reason: housing::CancelReason::Died.into(),
        referral_id: referral.clone(),
    };
    let kind = Some(housing::housing_event::Kind::PlacementCancelled(cancelled));
    let stream = StreamId::new("placement", Uuid::from_u128(81));
    service.tell("housing", stream, Some(ANA), &housing::HousingEvent { kind }).await;
    let failed = until("the referral to close", async || {
        let seen = read(&mut shelter, &referral).await;
        (seen.state() != pb::ReferralState::Accepted).then_some(seen)
    })
    .await;
    assert_eq!(
        (failed.state(), failed.closing_reason(), failed.ending()),
        (pb::ReferralState::Failed, pb::ClosingReason::Died, pb::Ending::WithdrawnBeforeStart)
    );
    service.stop().await;
}

#[track_caller]
fn refused<T>(answer: Result<T, tonic::Status>) {
    let Err(refused) = answer else { panic!("it is let through") };
    let says = (refused.code(), reason(&refused));
    assert_eq!(says, (Code::FailedPrecondition, Some("PERSON_DIED".to_owned())), "{refused}");
}

async fn sends(client: &mut Client<Peer>, referral: &str) -> Result<Written, tonic::Status> {
    let reply = call!(client, send_referral, SendReferralRequest { referral_id: referral.to_owned() })?;
    Ok(written(reply.into_inner().written))
}

async fn draft_of(client: &mut Client<Peer>, offer: &str, person: PersonId) -> String {
    let request = pb::DraftReferralRequest { person_id: person.to_string(), ..asking(offer) };
    written(client.draft_referral(request).await.unwrap().into_inner().written).id
}

async fn lives(service: &Alone, person: PersonId) {
    let person_id = person.to_string();
    tell(service, person, Kind::PersonDeathEnteredInError(PersonDeathEnteredInError { person_id })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_died_is_referred_no_more_in_any_way_and_what_happened_can_still_be_recorded() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let (mut shelter, mut clinic) =
            (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
        // Who runs it opens its part elsewhere, so that here nothing ends it.
        let receiver = pb::Receiver::Vocational.into();
        let work = pb::ServiceOfferContent { receiver, ..offer("Kitchen work") };
        let under_way = requested(&service, work).await;
        call!(clinic, accept_referral, AcceptReferralRequest { referral_id: under_way.clone() }).unwrap();
        let rejected = requested(&service, offer("Money skills")).await;
        let no_room = pb::ClosingReason::NoCapacity.into();
        let (referral_id, text) = (rejected.clone(), "full until spring".to_owned());
        call!(
            clinic,
            reject_referral,
            RejectReferralRequest { referral_id: referral_id, reason: no_room, text: text }
        )
        .unwrap();
        let cancelled = requested(&service, offer("Laundry skills")).await;
        let (referral_id, changed) = (cancelled.clone(), pb::ClosingReason::PersonDeclined.into());
        call!(shelter, cancel_referral, CancelReferralRequest { referral_id: referral_id, reason: changed })
            .unwrap();
        let (cooking, shopping) = (
            with_offer(&service, offer("Cooking nearby")).await,
            with_offer(&service, offer("Shopping nearby")).await,
        );
        let draft = drafted(&mut shelter, &cooking).await;
        allows(&service, BEN, CLINIC).await;
        let no_goal_reason = "not yet talked about".to_owned();
        let ben = pb::HouseholdMember { person_id: BEN.to_string(), no_goal_reason, ..Default::default() };
        let household = pb::DraftReferralRequest { household: vec![ben], ..asking(&shopping) };
        let head = written(shelter.draft_referral(household.clone()).await.unwrap().into_inner().written).id;

        tell(&service, ANA, died(ANA, "2026-03-03")).await;
        let new = || asking(&cooking);
        let heard = async || shelter.clone().draft_referral(new()).await.err();
        refused::<()>(Err(until("the word of the death", heard).await));
        let before = service.events().await.len();
        let anew = pb::DraftReferralRequest { request_id: new_request(), ..household };
        refused(shelter.draft_referral(anew).await);
        let again = pb::DraftReferralRequest { rerefers_id: rejected.clone(), ..new() };
        refused(shelter.draft_referral(again).await);
        let elsewhere = pb::DraftReferralRequest { transfers_id: under_way.clone(), ..new() };
        refused(shelter.draft_referral(elsewhere).await);
        let reopened = pb::ReopenReferralRequest { request_id: new_request(), referral_id: cancelled };
        refused(shelter.reopen_referral(reopened).await);
        let (offer_ids, rule) = (vec![cooking.clone(), shopping], pb::SplitRule::All.into());
        let referral_id = under_way.clone();
        refused(call!(
            clinic,
            split_referral,
            SplitReferralRequest { referral_id: referral_id, rule: rule, offer_ids: offer_ids }
        ));
        refused(sends(&mut shelter, &draft).await);
        let all = || pb::SendHouseholdReferralRequest {
            request_id: new_request(),
            referral_id: head.clone(),
            ..Default::default()
        };
        refused(shelter.send_household_referral(all()).await);
        refused(Client::new(service.person(ANA)).draft_referral(new()).await);
        // Who may not know of the referral does not hear of the death either.
        let strange = sends(&mut Client::new(service.worker(AgencyId::of(99))), &draft).await;
        assert_eq!(reason(&strange.unwrap_err()).as_deref(), Some("REFERRAL_NOT_FOUND"));
        let written_since = service.events().await.split_off(before);
        let drafted_or_sent =
            |kind: &str| kind.ends_with("ReferralDrafted") || kind.ends_with("ReferralSent");
        assert!(!written_since.iter().any(|event| drafted_or_sent(&event.r#type)), "not of Ben either");

        let elsewhere = pb::RecordReferralRequest {
            request_id: new_request(),
            source: source("Event", "E-9"),
            person_id: ANA.to_string(),
            service_named: "a kitchen".into(),
            made: Some(now_at(&service)),
            state: pb::ReferralState::Completed.into(),
            ..Default::default()
        };
        Client::new(service.recorder(SHELTER)).record_referral(elsewhere).await.unwrap();
        lives(&service, ANA).await;
        until("the word that she lives", async || sends(&mut shelter, &draft).await.ok()).await;
        shelter.send_household_referral(all()).await.unwrap();
        service.stop().await;
    }
}

/// Sends a draft as a process does whose view of the registry's log lags: what it writes is what was written of that other referral.
async fn slips_through(service: &Alone, draft: &str, person: PersonId, other: &str) {
    let events = service.events().await;
    let of_other = |event: &&proto::log::Event| {
        event.stream == format!("referral-{other}") && event.r#type.ends_with("ReferralSent")
    };
    let sent = events.iter().find(of_other).expect("the other was sent").clone();
    let mut payload = pb::ReferralsEvent::decode(sent.payload.clone()).unwrap();
    let Some(pb::referrals_event::Kind::ReferralSent(told)) = &mut payload.kind else {
        panic!("{payload:?}")
    };
    told.referral_id = draft.to_owned();
    let (stream, id) = (StreamId::new("referral", draft.parse().unwrap()), Uuid::now_v7());
    let event = proto::log::Event {
        id: id.to_string(),
        stream: stream.to_string(),
        version: 2,
        person_id: person.to_string(),
        payload: payload.encode_to_vec().into(),
        ..sent
    };
    let kind = event.r#type.clone();
    let written =
        NewEvent { stream, version: 2, id, kind, person: Some(person), bytes: event.encode_to_vec().into() };
    let append = Append {
        request: None,
        expects: vec![(stream, 1)],
        events: vec![written],
        claims: vec![],
        cursor: None,
        agency: None,
        deadline: None,
    };
    service.log("referrals").append(append).await.expect("the log takes it");
}

async fn rests(client: &mut Client<Peer>, referral: &str) {
    until("the clocks to rest", async || read(client, referral).await.clocks.is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_by_whom_the_word_of_a_death_had_not_reached_rests() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let anas = requested(&service, offer("Kitchen skills")).await;
        let mut shelter = Client::new(service.worker(SHELTER));
        let offer_id = read(&mut shelter, &anas).await.offer_id;
        allows(&service, BEN, CLINIC).await;
        let bens = draft_of(&mut shelter, &offer_id, BEN).await;
        tell(&service, BEN, died(BEN, "2026-03-04")).await;
        // What is told next is followed next: what Ben's death asked for was over before his referral was sent.
        tell(&service, ANA, died(ANA, "2026-03-04")).await;
        rests(&mut shelter, &anas).await;
        refused(sends(&mut shelter, &bens).await);
        slips_through(&service, &bens, BEN, &anas).await;
        rests(&mut shelter, &bens).await;
        let mut clinic = Client::new(service.worker(CLINIC));
        refused(call!(clinic, accept_referral, AcceptReferralRequest { referral_id: bens.clone() }));
        lives(&service, BEN).await;
        until("the clocks to go on", async || {
            (read(&mut shelter, &bens).await.clocks.len() == 3).then_some(())
        })
        .await;
        service.one_batch_makes_the_same_lists().await;
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_sending_and_a_death_at_one_time_the_death_wins_whichever_comes_first() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let offer_id = with_offer(&service, offer("Kitchen skills")).await;
        let mut shelter = Client::new(service.worker(SHELTER));
        let mut drafts = vec![];
        for number in 0..24 {
            let person = PersonId::of(100 + number);
            allows(&service, person, CLINIC).await;
            drafts.push((person, draft_of(&mut shelter, &offer_id, person).await));
        }
        let mut sent = vec![];
        for (number, (person, draft)) in drafts.iter().enumerate() {
            let death = async {
                for _ in 0..number % 4 {
                    tokio::task::yield_now().await;
                }
                tell(&service, *person, died(*person, "2026-03-04")).await;
            };
            let ((), answer) = tokio::join!(death, sends(&mut shelter, draft));
            match answer {
                Ok(_) => sent.push(draft),
                Err(status) => refused::<()>(Err(status)),
            }
        }
        for draft in &sent {
            rests(&mut shelter, draft).await;
        }
        let events = service.events().await;
        let count = |kind: &str| events.iter().filter(|event| event.r#type.ends_with(kind)).count();
        assert_eq!(
            (count("ReferralSent"), count("ReferralPersonDied")),
            (sent.len(), sent.len()),
            "each once"
        );
        service.stop().await;
    }
}
