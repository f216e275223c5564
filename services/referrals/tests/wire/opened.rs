//! What a medical emergency opened, among what was told of a person.
//! Invariant: the registry's log is the test's, and tells of the emergency as the registry does.

use kernel::EmergencyId;
use platform::people::emergency;
use proto::registry as reg;
use tests::alone::TestKeys;

use super::disclosures::{list, of_ana, sends};
use super::*;

/// The registry tells that River, a doctor of the hospital, declared an emergency of Ana's now, for 24 hours, by which they read what these wrote.
pub(super) async fn declared(service: &Alone, hospital: AgencyId, by: &[AgencyId]) -> kernel::Emergency {
    let now = service.clock.now();
    let judged = kernel::Emergency {
        id: EmergencyId::of(70),
        worker: WorkerId::of(500),
        agency: hospital,
        disclosers: by.iter().copied().collect(),
        from: now,
        until: now + jiff::SignedDuration::from_hours(24),
    };
    let nature = TestKeys::key(ANA).seal(Uuid::from_u128(71), "nature", "unconscious, invented");
    let declared = emergency::out(ANA, &judged, "River".into(), Some(nature));
    tells(service, hospital, reg::registry_event::Kind::EmergencyDeclared(declared)).await;
    judged
}

/// The registry tells that of her emergencies, by that agency's word.
async fn tells(service: &Alone, agency: AgencyId, kind: reg::registry_event::Kind) {
    let event = reg::RegistryEvent { kind: Some(kind) };
    let stream = StreamId::new("emergency", ANA.uuid());
    service.tell_as("registry", stream, Some(ANA), agency, &event).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_emergency_opened_is_listed_among_what_was_told_with_all_that_is_to_be_documented() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        what_an_emergency_opened(store).await;
    }
}

async fn what_an_emergency_opened(store: OnStore) {
    let service = service_on(store).await;
    let (hospital, recovery) = (AgencyId::of(5), AgencyId::of(6));
    let first = requested(&service, offer("Cooking")).await;
    let content = Some(reg::AgencyContent {
        name: "House".into(),
        zone: "UTC".into(),
        part2: true,
        ..Default::default()
    });
    let programme = reg::AgencyRegistered { agency_id: recovery.to_string(), content };
    let programme = reg::RegistryEvent { kind: Some(reg::registry_event::Kind::AgencyRegistered(programme)) };
    service.tell("registry", StreamId::new("agency", recovery.uuid()), None, &programme).await;
    service.hours_pass(1);
    let now = service.clock.now();
    let judged = declared(&service, hospital, &[SHELTER, recovery]).await;
    service.hours_pass(1);
    let offer = with_offer(&service, offer("Money")).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let second = drafted(&mut shelter, &offer).await;
    let seen = sends(&mut shelter, &second).await;

    let mut ana = Client::new(service.person(ANA));
    let told = until("the emergency to be listed", async || {
        let told = list(&mut ana, of_ana(&seen)).await;
        (told.len() == 4).then_some(told)
    })
    .await;
    let referrals = (told[0].referral_id.clone(), told[3].referral_id.clone());
    assert_eq!(referrals, (second, first), "in the order of time, whatever it was");
    let opened: Vec<_> =
        told[1..3].iter().map(|each| (each.discloser_agency_id.clone(), each.part2)).collect();
    assert!(opened.contains(&(SHELTER.to_string(), false)) && opened.contains(&(recovery.to_string(), true)));
    for each in &told[1..3] {
        assert_eq!((each.recipient_agency_id.clone(), each.referral_id.as_str()), (hospital.to_string(), ""));
        assert_eq!(
            (each.ground(), each.means()),
            (pb::DisclosureGround::Emergency, pb::DisclosureMeans::Emergency)
        );
        assert_eq!(each.categories, kernel::class::CATEGORIES);
        assert_eq!(each.disclosed_at, Some(platform::wire::to_instant(now)));
        assert_eq!(each.part2_notice.contains("42 CFR 2.51"), each.part2);
        let documented = pb::DisclosedInEmergency {
            emergency_id: EmergencyId::of(70).to_string(),
            worker_id: WorkerId::of(500).to_string(),
            worker_name: "River".into(),
            nature: "unconscious, invented".into(),
            nature_status: FieldStatus::Open.into(),
            until: Some(platform::wire::to_instant(judged.until)),
            entered_in_error: false,
        };
        assert_eq!(each.emergency, Some(documented));
    }
    // Each agency lists what it told and what was opened of its own; who was told, none of it.
    let own = |all: &[pb::Disclosure], agency: AgencyId| -> Vec<pb::Disclosure> {
        all.iter().filter(|each| each.discloser_agency_id == agency.to_string()).cloned().collect()
    };
    for agency in [SHELTER, recovery, hospital, CLINIC] {
        let listed = list(&mut Client::new(service.worker(agency)), of_ana(&seen)).await;
        let mut documented = own(&told, agency);
        if agency != recovery {
            // Of what the emergency was is for a 42 CFR Part 2 programme to know, and for no other agency that serves her.
            for emergency in documented.iter_mut().filter_map(|each| each.emergency.as_mut()) {
                emergency.nature.clear();
                emergency.nature_status = FieldStatus::Unspecified.into();
            }
        }
        assert_eq!(listed, documented);
    }
    assert_eq!(list(&mut Client::new(service.operator()), of_ana(&seen)).await, told);
    // Under a record that is linked with this one it is the same human's.
    let too = PersonId::of(12);
    let link = reg::PersonsLinked { canonical_id: ANA.to_string(), member_id: too.to_string() };
    let event = reg::RegistryEvent { kind: Some(reg::registry_event::Kind::PersonsLinked(link)) };
    for record in [ANA, too] {
        service.tell("registry", StreamId::new("person", record.uuid()), Some(record), &event).await;
    }
    let mut by_the_other = Client::new(service.person(too));
    let by_link = until("the link to be known", async || {
        let told = list(&mut by_the_other, of_ana(&seen)).await;
        (!told.is_empty()).then_some(told)
    });
    assert_eq!(by_link.await, told);
    // Pages of one row go through both kinds in one order.
    let mut page = pb::ListDisclosuresRequest { page_size: 1, ..of_ana(&seen) };
    let mut paged = vec![];
    loop {
        let reply = ana.list_disclosures(page.clone()).await.unwrap().into_inner();
        paged.extend(reply.disclosures);
        if reply.next_page_token.is_empty() {
            break;
        }
        page.page_token = reply.next_page_token;
    }
    assert_eq!(paged, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_opened_stays_listed_to_when_it_was_open_and_marked_where_it_never_should_have_been() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        what_was_opened_stays_listed(store).await;
    }
}

async fn what_was_opened_stays_listed(store: OnStore) {
    let service = service_on(store).await;
    let hospital = AgencyId::of(5);
    let cooking = with_offer(&service, offer("Cooking")).await;
    let seen = Client::new(service.worker(SHELTER)).draft_referral(asking(&cooking)).await.unwrap();
    let seen = written(seen.into_inner().written).revision;
    declared(&service, hospital, &[SHELTER]).await;
    let now = || Some(platform::wire::to_instant(service.clock.now()));
    let (emergency_id, person_id) = (EmergencyId::of(70).to_string(), ANA.to_string());
    service.hours_pass(2);
    let ended_at = now();
    let ended =
        reg::EmergencyEnded { emergency_id: emergency_id.clone(), person_id: person_id.clone(), ended_at };
    tells(&service, hospital, reg::registry_event::Kind::EmergencyEnded(ended)).await;
    let listed = async |in_error: bool| {
        until("what is told of the emergency to be listed", async || {
            let mut listed = vec![];
            for reader in [service.person(ANA), service.worker(SHELTER)] {
                let told = list(&mut Client::new(reader), of_ana(&seen)).await;
                listed.push(told.first()?.emergency.clone()?);
            }
            let as_told =
                |each: &pb::DisclosedInEmergency| (each.until, each.entered_in_error) == (ended_at, in_error);
            listed.iter().all(as_told).then_some(listed)
        })
        .await
    };
    listed(false).await;
    service.hours_pass(1);
    let marked = reg::EmergencyEnteredInError { emergency_id, person_id, at: now() };
    tells(&service, hospital, reg::registry_event::Kind::EmergencyEnteredInError(marked)).await;
    for each in listed(true).await {
        assert_eq!(each.worker_name, "River", "what was opened was opened");
    }
}
