//! A worker who has just come takes care of a referral, and one who leaves hands over all that they have, in every service, by one command.

use kernel::{AgencyId, PersonId};
use platform::peer::Peer;
use proto::housing as hs;
use proto::housing::housing_service_client::HousingServiceClient;
use proto::referrals as pb;
use proto::registry as reg;
use proto::therapy as tp;
use proto::therapy::therapy_service_client::TherapyServiceClient;
use proto::vocational as vp;
use proto::vocational::vocational_service_client::VocationalServiceClient;
use tests::alone::until;
use tests::world::{World, id, request_id};

use crate::serve_all;

/// A worker of that agency.
async fn worker(world: &World, agency: AgencyId, name: &str) -> String {
    let content = reg::WorkerContent {
        working_name: name.into(),
        roles: vec![reg::WorkerRole::Coordinator.into()],
        ..Default::default()
    };
    let add =
        reg::AddWorkerRequest { request_id: request_id(), content: Some(content), ..Default::default() };
    let mut registry = world.registry(World::worker(agency));
    id(registry.add_worker(add).await.expect("a worker").into_inner().written)
}

/// What one worker has in the three services that keep a caseload of their own: a case, a placement, and an episode of each of two modalities.
struct Has {
    case: String,
    placement: String,
    cbt: String,
    interpersonal: String,
}

/// Who has each of them now.
#[derive(Debug, PartialEq)]
struct Hands {
    case: String,
    placement: String,
    cbt: String,
    interpersonal: String,
}

struct Agency {
    vocational: VocationalServiceClient<Peer>,
    housing: HousingServiceClient<Peer>,
    therapy: TherapyServiceClient<Peer>,
}

impl Agency {
    fn of(world: &World, agency: AgencyId) -> Self {
        let call = |service| world.call(service, World::worker(agency));
        Self {
            vocational: VocationalServiceClient::new(call("vocational")),
            housing: HousingServiceClient::new(call("housing")),
            therapy: TherapyServiceClient::new(call("therapy")),
        }
    }

    async fn practises(&mut self, worker: &str, modalities: &[&str]) {
        let content = tp::PractitionerContent {
            name: "Dr Sample".into(),
            role: tp::PractitionerRole::Therapist.into(),
            modalities: modalities.iter().map(|code| (*code).to_owned()).collect(),
            zone: "America/Chicago".into(),
            ..Default::default()
        };
        let request = tp::RegisterPractitionerRequest {
            request_id: request_id(),
            worker_id: worker.into(),
            content: Some(content),
        };
        self.therapy.register_practitioner(request).await.expect("a practitioner");
    }

    async fn treats(&mut self, worker: &str, person: PersonId, modality: &str) -> String {
        let request = tp::OpenEpisodeRequest {
            request_id: request_id(),
            person_id: person.to_string(),
            modality: modality.into(),
            practitioner_id: worker.into(),
            ..Default::default()
        };
        id(self.therapy.open_episode(request).await.expect("an episode").into_inner().written)
    }

    async fn gives(&mut self, worker: &str, person: PersonId) -> Has {
        let request = vp::OpenCaseRequest {
            request_id: request_id(),
            person_id: person.to_string(),
            practice: "ips".into(),
            worker_id: worker.into(),
            ..Default::default()
        };
        let case = id(self.vocational.open_case(request).await.expect("a case").into_inner().written);
        let content = hs::UnitGroupContent {
            name: "Invented House".into(),
            project_type: hs::ProjectType::TransitionalHousing.into(),
            kind: hs::UnitKind::Apartment.into(),
            zone: "America/Chicago".into(),
            ..Default::default()
        };
        let request = hs::PublishUnitGroupRequest {
            request_id: request_id(),
            content: Some(content),
            ..Default::default()
        };
        let group = id(self.housing.publish_unit_group(request).await.expect("a group").into_inner().written);
        let members =
            vec![hs::Member { person_id: person.to_string(), relationship: hs::Relationship::Self_.into() }];
        let request = hs::MatchPlacementRequest {
            request_id: request_id(),
            unit_group_id: group,
            members,
            ..Default::default()
        };
        let placement =
            id(self.housing.match_placement(request).await.expect("a match").into_inner().written);
        let request = hs::AssignPlacementWorkerRequest {
            request_id: request_id(),
            placement_id: placement.clone(),
            worker_id: worker.into(),
            ..Default::default()
        };
        self.housing.assign_placement_worker(request).await.expect("a housing specialist");
        let cbt = self.treats(worker, person, "cbt").await;
        let interpersonal = self.treats(worker, person, "interpersonal-therapy").await;
        Has { case, placement, cbt, interpersonal }
    }

    async fn episode(&mut self, id: &str) -> String {
        let request = tp::GetEpisodeRequest { episode_id: id.into(), at_least: vec![] };
        self.therapy.get_episode(request).await.unwrap().into_inner().episode.unwrap().practitioner_id
    }

    async fn hands(&mut self, of: &Has) -> Hands {
        let request = vp::GetCaseRequest { case_id: of.case.clone(), at_least: vec![] };
        let case = self.vocational.get_case(request).await.unwrap().into_inner().case.unwrap().worker_id;
        let request = hs::GetPlacementRequest { placement_id: of.placement.clone(), at_least: vec![] };
        let placement = self.housing.get_placement(request).await.unwrap().into_inner().placement.unwrap();
        let (cbt, interpersonal) = (self.episode(&of.cbt).await, self.episode(&of.interpersonal).await);
        Hands { case, placement: placement.worker_id, cbt, interpersonal }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_hands_over_all_that_they_have_in_every_service_by_one_command() {
    let home = tempfile::tempdir().unwrap();
    let (process, world) = serve_all(home.path()).await;
    let (shelter, centre) = (world.agency("Invented Shelter").await, world.agency("Invented Centre").await);
    let ana = world.person(shelter, "Ana").await;
    world.consents(ana, shelter, centre).await;
    let (leaves, stays) =
        (worker(&world, centre, "Olga Sample").await, worker(&world, centre, "Paul Sample").await);
    let mut agency = Agency::of(&world, centre);
    agency.practises(&leaves, &["cbt", "interpersonal-therapy"]).await;
    agency.practises(&stays, &["cbt"]).await;
    let has = agency.gives(&leaves, ana).await;
    let offer = world.offer(centre, "Kitchen skills").await;
    let referral = world.referral(shelter, ana, &offer).await;
    let mut referrals = world.referrals(World::worker(centre));
    let assign = pb::AssignReferralRequest {
        request_id: request_id(),
        referral_id: referral.clone(),
        worker_id: leaves.clone(),
        ..Default::default()
    };
    referrals.assign_referral(assign).await.expect("a worker of the agency");

    let hand_over = pb::HandOverCaseloadRequest {
        request_id: request_id(),
        from_worker_id: leaves.clone(),
        to_worker_id: stays.clone(),
        reason: pb::HandOverReason::Leaves.into(),
        ..Default::default()
    };
    let done = referrals.hand_over_caseload(hand_over.clone()).await.unwrap().into_inner();
    assert_eq!(done.referral_ids, [referral]);
    let methods: Vec<&str> = done.goes_along.iter().map(|along| along.method.as_str()).collect();
    assert_eq!(
        methods,
        [
            "throughline.vocational.v1.VocationalService/ListCases",
            "throughline.housing.v1.HousingService/ListPlacements",
            "throughline.therapy.v1.TherapyService/ListEpisodes"
        ]
    );
    // Whatever has followed by now: the rest does where the process comes back.
    process.kill();
    let (process, world) = serve_all(home.path()).await;
    let mut agency = Agency::of(&world, centre);
    let expected = || Hands {
        case: stays.clone(),
        placement: stays.clone(),
        cbt: stays.clone(),
        interpersonal: leaves.clone(),
    };
    until("the rest to go along", async || (agency.hands(&has).await == expected()).then_some(())).await;
    // What the other does not work in is still there to be seen where the reply says.
    let left = async |agency: &mut Agency| {
        let request = tp::ListEpisodesRequest { practitioner_id: leaves.clone(), ..Default::default() };
        let found = agency.therapy.list_episodes(request).await.unwrap().into_inner().episodes;
        found.into_iter().map(|episode| episode.id).collect::<Vec<_>>()
    };
    let (only, mut watches) = ([has.interpersonal.clone()], Agency::of(&world, centre));
    until("the list to say so", async || (left(&mut watches).await == only).then_some(())).await;
    let again =
        world.referrals(World::worker(centre)).hand_over_caseload(hand_over).await.unwrap().into_inner();
    assert_eq!(again, done, "the same request, the same reply");
    process.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_who_has_just_come_is_given_a_referral_at_once() {
    let home = tempfile::tempdir().unwrap();
    let (process, world) = serve_all(home.path()).await;
    let (shelter, clinic) = (world.agency("Invented Shelter").await, world.agency("Invented Clinic").await);
    let ana = world.person(shelter, "Ana").await;
    world.consents(ana, shelter, clinic).await;
    let offer = world.offer(clinic, "Kitchen skills").await;
    let referral = world.referral(shelter, ana, &offer).await;
    let mut registry = world.registry(World::worker(clinic));
    let mut referrals = world.referrals(World::worker(clinic));
    // What the registry tells is on its way for some milliseconds only, so it is tried many times.
    for number in 0..60 {
        let content = reg::WorkerContent {
            working_name: format!("Invented Worker {number}"),
            roles: vec![reg::WorkerRole::Coordinator.into()],
            ..Default::default()
        };
        let add =
            reg::AddWorkerRequest { request_id: request_id(), content: Some(content), ..Default::default() };
        let worker_id = id(registry.add_worker(add).await.unwrap().into_inner().written);
        let assign = pb::AssignReferralRequest {
            request_id: request_id(),
            referral_id: referral.clone(),
            worker_id,
            ..Default::default()
        };
        referrals.assign_referral(assign).await.expect("a worker of the agency");
    }
    process.kill();
}
