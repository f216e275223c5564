//! Somebody flees, and an agency that they once allowed everything looks for them by every way there is.
//! Invariant: each secret is found by the same search before it is to be withheld, so that not finding it afterwards says something.

use std::fmt::Write;

use kernel::{AgencyId, Caller, PersonId, Role};
use proto::coordination::coordination_service_client::CoordinationServiceClient;
use proto::housing::housing_service_client::HousingServiceClient;
use proto::therapy::therapy_service_client::TherapyServiceClient;
use proto::timeline as lives;
use proto::vocational::vocational_service_client::VocationalServiceClient;
use proto::{coordination, housing, referrals, registry, therapy, vocational};
use tests::alone::until;
use tests::world::{World, id, request_id};
use tonic::{Response, Status, Streaming};

use crate::serve_all;

const PHONE: &str = "555-0142";
const SISTER: &str = "Qzdora Canary";
const HOUSE: &str = "Qzcedar House";
const BRIDGE: &str = "under the qzbridge";
const EMPLOYER: &str = "Qzbakery";
const ZONE: &str = "America/Chicago";

/// Who there is, and what was written of her.
struct Scene {
    world: World,
    clinic: AgencyId,
    homes: AgencyId,
    nosy: AgencyId,
    ana: PersonId,
    ben: PersonId,
    household: String,
    unit_group: String,
    unit: String,
    placement: String,
    situation: String,
    case: String,
    job: String,
}

fn day(day: i32) -> Option<proto::Date> {
    Some(proto::Date { year: 2026, month: 1, day })
}

fn number(value: &str) -> registry::PersonIdentifier {
    registry::PersonIdentifier {
        system: "PersonalID".into(),
        value: value.into(),
        shared_by_source: "hmis:1".into(),
        ..Default::default()
    }
}

fn recorder(agency: AgencyId) -> Caller {
    Caller { role: Role::Recorder, ..World::worker(agency) }
}

/// She lives with Ben at Cedar House and works; both have allowed the nosy agency everything.
async fn scene(world: World) -> Scene {
    let clinic = world.agency("Invented Clinic").await;
    let (homes, nosy) = (world.agency("Invented Homes").await, world.agency("Nosy Agency").await);
    let (ana, ben) = (world.person(clinic, "Ana").await, world.person(clinic, "Ben").await);
    let mut at_clinic = world.registry(World::worker(clinic));
    let phone = registry::ContactPoint {
        kind: registry::ContactKind::Phone.into(),
        value: PHONE.into(),
        ..Default::default()
    };
    let point = registry::SetContactPointRequest {
        request_id: request_id(),
        person_id: ana.to_string(),
        contact_point: Some(phone.clone()),
        ..Default::default()
    };
    at_clinic.set_contact_point(point).await.unwrap();
    let contact = registry::CrisisContact {
        name: SISTER.into(),
        relationship: "sister".into(),
        reached: Some(registry::ContactPoint { value: "555-0143".into(), ..phone }),
    };
    let crisis = registry::SetCrisisContactRequest {
        request_id: request_id(),
        person_id: ana.to_string(),
        contact: Some(contact),
        ..Default::default()
    };
    at_clinic.set_crisis_contact(crisis).await.unwrap();
    let identify = registry::AddIdentifierRequest {
        request_id: request_id(),
        person_id: ana.to_string(),
        identifier: Some(number("528656")),
        ..Default::default()
    };
    at_clinic.add_identifier(identify).await.unwrap();
    let mut household = String::new();
    for (person, relationship) in
        [(ana, registry::HouseholdRelationship::Head), (ben, registry::HouseholdRelationship::Partner)]
    {
        let membership = registry::HouseholdMembership {
            household_id: household.clone(),
            relationship: relationship.into(),
            from: day(2),
            until: None,
        };
        let join = registry::JoinHouseholdRequest {
            request_id: request_id(),
            person_id: person.to_string(),
            membership: Some(membership),
            ..Default::default()
        };
        household = at_clinic.join_household(join).await.unwrap().into_inner().household_id;
    }
    let mut housing = HousingServiceClient::new(world.call("housing", World::worker(homes)));
    let content = housing::UnitGroupContent {
        name: HOUSE.into(),
        project_type: housing::ProjectType::TransitionalHousing.into(),
        kind: housing::UnitKind::Apartment.into(),
        zone: ZONE.into(),
        ..Default::default()
    };
    let publish = housing::PublishUnitGroupRequest {
        request_id: request_id(),
        content: Some(content),
        ..Default::default()
    };
    let unit_group = id(housing.publish_unit_group(publish).await.unwrap().into_inner().written);
    let content =
        housing::UnitContent { name: "1A".into(), sleeps: 2, accepting: true, ..Default::default() };
    let publish = housing::PublishUnitRequest {
        request_id: request_id(),
        unit_group_id: unit_group.clone(),
        content: Some(content),
        ..Default::default()
    };
    let unit = id(housing.publish_unit(publish).await.unwrap().into_inner().written);
    let member =
        housing::Member { person_id: ana.to_string(), relationship: housing::Relationship::Self_.into() };
    let matching = housing::MatchPlacementRequest {
        request_id: request_id(),
        unit_group_id: unit_group.clone(),
        unit_id: unit.clone(),
        members: vec![member],
        ..Default::default()
    };
    let placement = id(housing.match_placement(matching).await.unwrap().into_inner().written);
    let note = housing::NoteLivingSituationRequest {
        request_id: request_id(),
        person_id: ana.to_string(),
        place: Some(housing::Place { code: 116, other: BRIDGE.into(), ..Default::default() }),
        zone: ZONE.into(),
        ..Default::default()
    };
    let situation = id(housing.note_living_situation(note).await.unwrap().into_inner().written);
    let mut works = VocationalServiceClient::new(world.call("vocational", World::worker(clinic)));
    let open = vocational::OpenCaseRequest {
        request_id: request_id(),
        person_id: ana.to_string(),
        practice: "ips".into(),
        ..Default::default()
    };
    let case = id(works.open_case(open).await.unwrap().into_inner().written);
    let lead = vocational::AddJobLeadRequest {
        request_id: request_id(),
        case_id: case.clone(),
        kind: vocational::JobKind::Competitive.into(),
        employer: EMPLOYER.into(),
        title: "an invented job".into(),
        ..Default::default()
    };
    let job = id(works.add_job_lead(lead).await.unwrap().into_inner().written);
    world.consents(ana, clinic, nosy).await;
    world.consents(ben, clinic, nosy).await;
    Scene {
        world,
        clinic,
        homes,
        nosy,
        ana,
        ben,
        household,
        unit_group,
        unit,
        placement,
        situation,
        case,
        job,
    }
}

/// What somebody was told, whole; of what was refused, the refusal.
struct Heard(String);

impl Heard {
    fn of<T: std::fmt::Debug>(&mut self, reply: Result<Response<T>, Status>) {
        match reply {
            Ok(reply) => writeln!(self.0, "{:?}", reply.into_inner()),
            Err(refused) => writeln!(self.0, "{refused:?}"),
        }
        .expect("a string takes it");
    }

    /// All that a following tells until it rests: it goes on for ever.
    async fn follows<T: std::fmt::Debug>(
        &mut self,
        reply: Result<Response<Streaming<T>>, Status>,
        rests: fn(&T) -> bool,
    ) {
        let mut stream = match reply {
            Ok(stream) => stream.into_inner(),
            Err(refused) => return self.of::<()>(Err(refused)),
        };
        loop {
            let next = tokio::time::timeout(std::time::Duration::from_secs(20), stream.message()).await;
            let Some(next) = next.expect("the following tells or rests").expect("it goes on") else { return };
            writeln!(self.0, "{next:?}").expect("a string takes it");
            if rests(&next) {
                return;
            }
        }
    }

    fn names(&self, secret: &str) -> bool {
        self.0.contains(secret)
    }
}

impl Scene {
    /// All that this caller is told of her by every read of every service, having waited for what the registry last wrote.
    #[allow(
        clippy::needless_update,
        reason = "the macro fills what a request does not name, which may be nothing"
    )]
    async fn asks(&self, caller: &Caller, seen: &str) -> Heard {
        let mut heard = Heard(String::new());
        let (world, person_id) = (&self.world, || self.ana.to_string());
        let at_least = || Some(seen.to_owned()).filter(|seen| !seen.is_empty()).into_iter().collect();
        macro_rules! ask {
            ($client:expr; $($method:ident($package:ident::$request:ident { $($field:ident: $value:expr),* });)*) => {{
                let mut client = $client;
                $(heard.of(client.$method($package::$request { at_least: at_least(), $($field: $value,)* ..Default::default() }).await);)*
            }};
        }
        ask! { world.registry(caller.clone());
            get_person(registry::GetPersonRequest { person_id: person_id() });
            get_person(registry::GetPersonRequest { identifier: Some(number("528656")) });
            find_persons(registry::FindPersonsRequest { name: "Ana".into() });
            find_persons(registry::FindPersonsRequest { identifier: Some(number("528656")) });
            list_duplicate_candidates(registry::ListDuplicateCandidatesRequest {});
            list_goals(registry::ListGoalsRequest { person_id: person_id() });
            list_facets(registry::ListFacetsRequest { person_id: person_id() });
            get_plan(registry::GetPlanRequest { person_id: person_id() });
            list_plan_versions(registry::ListPlanVersionsRequest { person_id: person_id() });
            list_team(registry::ListTeamRequest { person_id: person_id() });
            list_caseload(registry::ListCaseloadRequest {});
            list_consents(registry::ListConsentsRequest { person_id: person_id() });
            list_emergencies(registry::ListEmergenciesRequest { person_id: person_id() });
            list_measures(registry::ListMeasuresRequest { person_id: person_id() });
            get_measure_trends(registry::GetMeasureTrendsRequest { person_id: person_id() });
        }
        // A group of units is a programme's face and no secret.
        ask! { HousingServiceClient::new(world.call("housing", caller.clone()));
            get_placement(housing::GetPlacementRequest { placement_id: self.placement.clone() });
            list_placements(housing::ListPlacementsRequest { person_id: person_id() });
            list_placements(housing::ListPlacementsRequest { unit_group_id: self.unit_group.clone() });
            list_units(housing::ListUnitsRequest { unit_group_id: self.unit_group.clone() });
            get_unit(housing::GetUnitRequest { unit_id: self.unit.clone() });
            get_living_situation(housing::GetLivingSituationRequest { living_situation_id: self.situation.clone() });
        }
        ask! { VocationalServiceClient::new(world.call("vocational", caller.clone()));
            get_job(vocational::GetJobRequest { job_id: self.job.clone() });
            list_jobs(vocational::ListJobsRequest { person_id: person_id() });
            get_case(vocational::GetCaseRequest { case_id: self.case.clone() });
            list_cases(vocational::ListCasesRequest { person_id: person_id() });
        }
        ask! { TherapyServiceClient::new(world.call("therapy", caller.clone()));
            list_appointments(therapy::ListAppointmentsRequest { person_id: person_id() });
            list_episodes(therapy::ListEpisodesRequest { person_id: person_id() });
        }
        ask! { world.referrals(caller.clone());
            list_referrals(referrals::ListReferralsRequest { person_id: person_id() });
            list_inbox(referrals::ListInboxRequest {});
            list_disclosures(referrals::ListDisclosuresRequest { person_id: person_id() });
        }
        ask! { CoordinationServiceClient::new(world.call("coordination", caller.clone()));
            list_findings(coordination::ListFindingsRequest { person_id: person_id(), include_cleared: true });
        }
        let before = platform::wire::to_instant(jiff::Timestamp::now() - jiff::SignedDuration::from_secs(1));
        ask! { world.timeline(caller.clone());
            get_timeline(lives::GetTimelineRequest { person_id: person_id(), page_size: 200 });
            get_timeline(lives::GetTimelineRequest { person_id: person_id(), as_of: Some(before) });
            get_timeline(lives::GetTimelineRequest { person_id: person_id(), page_size: 1 });
            get_timeline(lives::GetTimelineRequest { person_id: person_id(), services: vec!["housing".into()] });
        }
        let mut timeline = world.timeline(caller.clone());
        let watch = lives::WatchTimelineRequest { person_id: person_id(), ..Default::default() };
        let rests = |told: &lives::WatchTimelineResponse| {
            matches!(told.update, Some(lives::watch_timeline_response::Update::ResumeToken(_)))
        };
        heard.follows(timeline.watch_timeline(watch).await, rests).await;
        let rests = |told: &lives::WatchAgencyResponse| {
            matches!(told.update, Some(lives::watch_agency_response::Update::ResumeToken(_)))
        };
        heard.follows(timeline.watch_agency(lives::WatchAgencyRequest::default()).await, rests).await;
        heard
    }

    /// The nosy agency refers her to its own programme, which asks nobody, and accepts that; and it is known to have made nobody serve her, since what came
    /// after it has: she asked for another programme herself.
    async fn refers_to_itself(&self) {
        let world = &self.world;
        let nowhere = world.agency("Invented Elsewhere").await;
        let accepts = async |agency: AgencyId, asks: Caller| {
            let offer = world.offer(agency, "Qzwhatever").await;
            let mut requester = world.referrals(asks);
            let draft = requester.draft_referral(world.draft(self.ana, &offer)).await.expect("a draft");
            let referral_id = id(draft.into_inner().written);
            let send = referrals::SendReferralRequest {
                request_id: request_id(),
                referral_id: referral_id.clone(),
                ..Default::default()
            };
            requester.send_referral(send).await.expect("to need nobody's consent");
            let accept = referrals::AcceptReferralRequest {
                request_id: request_id(),
                referral_id,
                ..Default::default()
            };
            world.referrals(World::worker(agency)).accept_referral(accept).await.expect("an acceptance");
        };
        accepts(self.nosy, World::worker(self.nosy)).await;
        accepts(nowhere, World::own(self.ana)).await;
        until("the agency that she asked to serve her", async || {
            let request =
                registry::GetPersonRequest { person_id: self.ana.to_string(), ..Default::default() };
            let read = world.registry(World::worker(nowhere)).get_person(request).await.ok()?;
            read.into_inner().person
        })
        .await;
    }

    /// What tells where she is: how she is reached, where she lives and works, and the ids of what was written of it.
    fn secrets(&self) -> [&str; 9] {
        let [household, placement] = [&self.household, &self.placement];
        let [situation, job] = [&self.situation, &self.job];
        [PHONE, SISTER, HOUSE, BRIDGE, EMPLOYER, household, placement, situation, job]
    }

    /// What of it was told.
    fn found(&self, heard: &Heard) -> Vec<&str> {
        self.secrets().into_iter().filter(|secret| heard.names(secret)).collect()
    }

    /// Ben as this caller reads him.
    async fn reads_ben(&self, caller: &Caller, seen: &str) -> String {
        let request = registry::GetPersonRequest {
            person_id: self.ben.to_string(),
            at_least: Some(seen.to_owned()).filter(|seen| !seen.is_empty()).into_iter().collect(),
            ..Default::default()
        };
        format!("{:?}", self.world.registry(caller.clone()).get_person(request).await.unwrap().into_inner())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_flees_is_found_by_no_agency_that_does_not_serve_them_whatever_they_once_allowed() {
    let home = tempfile::tempdir().unwrap();
    let (process, world) = serve_all(home.path()).await;
    let scene = scene(world).await;
    let (nosy, recording) = (World::worker(scene.nosy), recorder(scene.nosy));
    let all = scene.secrets();
    until("the nosy agency to see all that it was allowed", async || {
        let found = scene.asks(&nosy, "").await;
        (scene.found(&found) == all).then_some(())
    })
    .await;
    assert!(scene.reads_ben(&nosy, "").await.contains(&scene.ana.to_string()), "who lives with Ben");

    let restrict = registry::RestrictPersonRequest {
        request_id: request_id(),
        person_id: scene.ana.to_string(),
        reason: registry::RestrictionReason::FleeingViolence.into(),
        ..Default::default()
    };
    let mut herself = scene.world.registry(World::own(scene.ana));
    let written = herself.restrict_person(restrict).await.unwrap().into_inner().written.unwrap();
    let seen = written.revision;
    // At once, for every caller of that agency, for who lives with her, and for who runs the system.
    for caller in [&nosy, &recording, &World::own(scene.ben)] {
        let heard = scene.asks(caller, &seen).await;
        assert_eq!(scene.found(&heard), [] as [&str; 0], "{caller:?} was told {}", heard.0);
    }
    until("no operator to be told", async || {
        let heard = scene.asks(&World::operator(), &seen).await;
        // A board tells which placement has a unit, and nobody whose it is.
        scene.found(&heard).into_iter().all(|secret| secret == scene.placement).then_some(())
    })
    .await;
    for caller in [&nosy, &World::own(scene.ben)] {
        assert!(!scene.reads_ben(caller, &seen).await.contains(&scene.ana.to_string()), "{caller:?}");
    }
    // What is not where she is stays allowed, so the search still finds something.
    let open = scene.asks(&nosy, &seen).await;
    assert!(open.names("Supported employment (ips)"), "{}", open.0);

    // Nor does the agency make itself one that serves her.
    let mut asks = scene.world.registry(nosy.clone());
    let serve = registry::AddServingAgencyRequest {
        request_id: request_id(),
        person_id: scene.ana.to_string(),
        agency_id: scene.nosy.to_string(),
        ..Default::default()
    };
    assert_eq!(asks.add_serving_agency(serve).await.unwrap_err().code(), tonic::Code::NotFound);
    let own = scene.world.person(scene.nosy, "Ana").await;
    for (canonical, member) in [(own, scene.ana), (scene.ana, own)] {
        let link = registry::LinkPersonsRequest {
            request_id: request_id(),
            canonical_id: canonical.to_string(),
            member_id: member.to_string(),
            ..Default::default()
        };
        assert_eq!(asks.link_persons(link).await.unwrap_err().code(), tonic::Code::NotFound);
    }
    scene.refers_to_itself().await;
    let heard = scene.asks(&nosy, &seen).await;
    assert_eq!(scene.found(&heard), [] as [&str; 0], "{}", heard.0);

    // Whoever serves her is told what she allows, and the agency whose record it is, that record.
    scene.world.consents(scene.ana, scene.clinic, scene.clinic).await;
    until("the clinic to see where she is", async || {
        let heard = scene.asks(&World::worker(scene.clinic), &seen).await;
        (scene.found(&heard) == all).then_some(())
    })
    .await;
    let own = scene.asks(&World::worker(scene.homes), &seen).await;
    assert_eq!(scene.found(&own), [HOUSE, BRIDGE, &scene.placement, &scene.situation]);

    let lift = registry::LiftRestrictionRequest {
        request_id: request_id(),
        person_id: scene.ana.to_string(),
        ..Default::default()
    };
    herself.lift_restriction(lift).await.unwrap();
    until("the nosy agency to see again what it was allowed", async || {
        let found = scene.asks(&nosy, "").await;
        (scene.found(&found) == all).then_some(())
    })
    .await;
    process.kill();
}
