//! The loop with each receiving service, where it was down from before a referral was accepted until after, or the referrals service while it worked;
//! with NATS as it was, and with all that NATS held gone in between.
//! Invariant: each part opens once, and its first contact, enrolment and outcome come back onto its referral, once each.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::{AgencyId, PersonId};
use platform::peer::Peer;
use proto::housing::housing_service_client::HousingServiceClient;
use proto::referrals::{self as pb, Progress, Receiver, ReferralState};
use proto::therapy::therapy_service_client::TherapyServiceClient;
use proto::types::{Contact, LifeDomain, Occurred, Precision, Setting};
use proto::vocational::vocational_service_client::VocationalServiceClient;
use proto::{housing, therapy, vocational};
use tests::Process;
use tests::alone::until;
use tests::world::{World, id, request_id};

use crate::apart::Apart;
use crate::audit::Whole;
use crate::referrals::explained;
use crate::turn;

/// Where a service's part of a referral is: its log, its stream, and what opens it.
const PARTS: [(Receiver, &str, &str, &str); 4] = [
    (Receiver::Vocational, "vocational", "case-", "CaseOpened"),
    (Receiver::Housing, "housing", "placement-", "PlacementMatched"),
    (Receiver::Therapy, "therapy", "episode-", "EpisodeOpened"),
    (Receiver::Participation, "referrals", "participation-", "ParticipationStarted"),
];

/// Services of their own that receive.
const RECEIVE: [&str; 3] = ["vocational", "housing", "therapy"];

/// A request with a new id, the rest left out.
macro_rules! ask {
    ($client:expr, $method:ident, $request:path { $($field:ident: $value:expr),* $(,)? }) => {
        $client.$method({
            type Request = $request;
            #[allow(clippy::needless_update, reason = "some requests have no other field")]
            let request = Request { request_id: request_id(), $($field: $value,)* ..Default::default() };
            request
        }).await.unwrap_or_else(|status| panic!("{}: {status}", stringify!($method))).into_inner().written
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_opens_once_and_comes_back_once_whoever_was_down_and_whether_or_not_nats_lost_all() {
    let _turn = turn().await;
    let apart = Apart::new().await;
    let _registry = apart.serve("registry").await;
    let mut referrals = apart.serve("referrals").await;
    let served = async || {
        [apart.serve(RECEIVE[0]).await, apart.serve(RECEIVE[1]).await, apart.serve(RECEIVE[2]).await]
    };
    let mut receive = served().await;
    let story = Story::begin(apart.world()).await;

    let mut told: BTreeMap<String, Receiver> = BTreeMap::new();
    for (round, loses_all) in [(1, false), (2, true)] {
        receive.into_iter().for_each(Process::kill);
        let sent = story.accepted().await;
        // It receives for itself: it dies as it has answered.
        referrals.kill();
        if loses_all {
            loses(&apart).await;
        }
        referrals = apart.serve("referrals").await;
        receive = served().await;
        let records = story.opened(&sent).await;

        referrals = story.first_contacts(round, &records, &apart, referrals, loses_all).await;
        story.all(&sent, ReferralState::InProgress).await;
        referrals = story.outcomes(&records, &apart, referrals, loses_all).await;
        story.all(&sent, ReferralState::Completed).await;
        told.extend(sent);
    }

    let own = Whole::read("referrals", apart.address("referrals")).await;
    let histories = own.histories("referral-");
    assert_eq!(histories.len(), told.len(), "every referral is there, and no other");
    for (referral, receiver) in &told {
        let history = &histories[referral];
        assert_eq!(explained(history), Some(ReferralState::Completed), "{receiver:?}: {history:?}");
        let count = |kind: &str| history.iter().filter(|told| *told == kind).count();
        let turns = ["ReferralProgressed", "ReferralStarted", "ReferralCompleted"].map(count);
        assert_eq!(turns, [3, 1, 1], "{receiver:?}: {history:?}");
    }
    for (receiver, log, stream, opens) in PARTS {
        let parts = Whole::read(log, apart.address(log)).await.histories(stream);
        assert_eq!(parts.len(), 2, "{receiver:?}: one part for each referral");
        for history in parts.values() {
            assert_eq!(history.iter().filter(|kind| *kind == opens).count(), 1, "{receiver:?}: {history:?}");
        }
    }
}

/// NATS loses all that it has stored.
async fn loses(apart: &Apart) {
    apart.nats().kill();
    apart.nats().wipe_store();
    apart.nats().start_again().await;
}

/// Who refers, who serves, and by which offers.
struct Story {
    world: World,
    refers: AgencyId,
    serves: AgencyId,
    offers: Vec<(Receiver, String)>,
    practitioner: String,
}

/// By receiver, the id of its part.
type Records = BTreeMap<i32, String>;

impl Story {
    async fn begin(world: World) -> Self {
        let (refers, serves) =
            (world.agency("Invented Shelter").await, world.agency("Invented Clinic").await);
        let content = housing::UnitGroupContent {
            name: "Invented House".into(),
            project_type: housing::ProjectType::TransitionalHousing.into(),
            kind: housing::UnitKind::Apartment.into(),
            zone: "UTC".into(),
            ..Default::default()
        };
        let mut houses = HousingServiceClient::new(world.call("housing", World::worker(serves)));
        let group =
            id(ask!(houses, publish_unit_group, housing::PublishUnitGroupRequest { content: Some(content) }));
        let mut offers = vec![];
        for (receiver, practice, unit_group_id) in [
            (Receiver::Vocational, "ips", ""),
            (Receiver::Housing, "supported-housing", &group),
            (Receiver::Therapy, "cbt", ""),
            (Receiver::Participation, "skills-training", ""),
        ] {
            let content = pb::ServiceOfferContent {
                name: format!("Invented {practice}"),
                practice: practice.into(),
                life_domains: vec![LifeDomain::BasicLivingSkills.into()],
                receiver: receiver.into(),
                unit_group_id: unit_group_id.into(),
                zero_exclusion: receiver == Receiver::Vocational,
                zone: "UTC".into(),
                ..Default::default()
            };
            offers.push((receiver, world.publish(serves, content).await));
        }
        let practitioner = world.practitioner(serves, "UTC").await;
        Self { world, refers, serves, offers, practitioner }
    }

    /// A person is referred to each, and each is accepted.
    async fn accepted(&self) -> BTreeMap<String, Receiver> {
        let person: PersonId = self.world.person(self.refers, "Ana").await;
        self.world.consents(person, self.refers, self.serves).await;
        let mut sent = BTreeMap::new();
        for (receiver, offer) in &self.offers {
            let referral = self.world.referral(self.refers, person, offer).await;
            sent.insert(referral, *receiver);
        }
        let mut serves = self.world.referrals(World::worker(self.serves));
        for referral in sent.keys() {
            ask!(serves, accept_referral, pb::AcceptReferralRequest { referral_id: referral.clone() });
        }
        sent
    }

    /// Waits until each has its part.
    async fn opened(&self, sent: &BTreeMap<String, Receiver>) -> Records {
        let mut records = Records::new();
        for (referral, receiver) in sent {
            let record = until(&format!("the part of {receiver:?} to open and come back"), async || {
                let read = self.world.read_referral(self.refers, referral).await;
                (read.progress() == Progress::Opened).then_some(read.receiving_record)
            })
            .await;
            let (_, _, stream, _) = PARTS.into_iter().find(|(of, ..)| of == receiver).expect("a part");
            let record = record.strip_prefix(stream).unwrap_or_else(|| panic!("{receiver:?}: {record}"));
            records.insert((*receiver).into(), record.to_owned());
        }
        records
    }

    /// Waits until each stands there.
    async fn all(&self, sent: &BTreeMap<String, Receiver>, state: ReferralState) {
        for (referral, receiver) in sent {
            until(&format!("the referral to {receiver:?} to be {state:?}"), async || {
                let read = self.world.read_referral(self.serves, referral).await;
                (read.state() == state).then_some(())
            })
            .await;
        }
    }

    fn services(
        &self,
    ) -> (VocationalServiceClient<Peer>, HousingServiceClient<Peer>, TherapyServiceClient<Peer>) {
        let worker = || World::worker(self.serves);
        (
            VocationalServiceClient::new(self.world.call("vocational", worker())),
            HousingServiceClient::new(self.world.call("housing", worker())),
            TherapyServiceClient::new(self.world.call("therapy", worker())),
        )
    }

    /// Each part begins, with the referrals service down until all of them have; its own begins when it is back.
    async fn first_contacts(
        &self,
        round: i64,
        records: &Records,
        apart: &Apart,
        referrals: Process,
        loses_all: bool,
    ) -> Process {
        let of = |receiver: Receiver| records[&i32::from(receiver)].clone();
        let (mut works, mut houses, mut treats) = self.services();
        referrals.kill();
        let contact = Some(met());
        ask!(
            works,
            add_case_contact,
            vocational::AddCaseContactRequest { case_id: of(Receiver::Vocational), contact: contact.clone() }
        );
        let placement_id = || of(Receiver::Housing);
        ask!(houses, offer_placement, housing::OfferPlacementRequest { placement_id: placement_id() });
        ask!(houses, accept_placement, housing::AcceptPlacementRequest { placement_id: placement_id() });
        ask!(houses, admit_placement, housing::AdmitPlacementRequest { placement_id: placement_id() });
        // A session of a while ago, at another hour than that of the round before.
        let start = Timestamp::now() - SignedDuration::from_hours(2 * round);
        let appointment = therapy::AppointmentAsk {
            episode_id: of(Receiver::Therapy),
            practitioner_id: self.practitioner.clone(),
            start: Some(therapy::AppointmentTime {
                wall: start.strftime("%Y-%m-%dT%H:%M").to_string(),
                ..Default::default()
            }),
            minutes: 50,
            setting: Setting::Office.into(),
            ..Default::default()
        };
        let booked =
            id(ask!(treats, book_appointment, therapy::BookAppointmentRequest { ask: Some(appointment) }));
        ask!(treats, fulfil_appointment, therapy::FulfilAppointmentRequest { appointment_id: booked });
        if loses_all {
            loses(apart).await;
        }
        let process = apart.serve("referrals").await;
        let mut own = self.world.referrals(World::worker(self.serves));
        ask!(
            own,
            add_participation_contact,
            pb::AddParticipationContactRequest {
                participation_id: of(Receiver::Participation),
                contact: contact,
            }
        );
        process
    }

    /// Each part ends, in the same way.
    async fn outcomes(
        &self,
        records: &Records,
        apart: &Apart,
        referrals: Process,
        loses_all: bool,
    ) -> Process {
        let of = |receiver: Receiver| records[&i32::from(receiver)].clone();
        let (mut works, mut houses, mut treats) = self.services();
        referrals.kill();
        ask!(
            works,
            discharge_case,
            vocational::DischargeCaseRequest {
                case_id: of(Receiver::Vocational),
                reason: vocational::DischargeReason::Completed.into(),
            }
        );
        let rental = housing::Place { code: 410, ..Default::default() };
        ask!(
            houses,
            exit_placement,
            housing::ExitPlacementRequest { placement_id: of(Receiver::Housing), destination: Some(rental) }
        );
        ask!(
            treats,
            close_episode,
            therapy::CloseEpisodeRequest {
                episode_id: of(Receiver::Therapy),
                reason: therapy::EpisodeClosing::Completed.into(),
            }
        );
        if loses_all {
            loses(apart).await;
        }
        let process = apart.serve("referrals").await;
        let mut own = self.world.referrals(World::worker(self.serves));
        ask!(
            own,
            end_participation,
            pb::EndParticipationRequest {
                participation_id: of(Receiver::Participation),
                reason: pb::ClosingReason::CompletedEarly.into(),
            }
        );
        process
    }
}

/// The person was met just now, at home.
fn met() -> Contact {
    let at = Timestamp::now();
    Contact {
        occurred: Some(Occurred {
            at: Some(platform::wire::to_instant(at)),
            precision: Precision::Instant.into(),
            zone: "UTC".into(),
        }),
        minutes: 30,
        setting: Setting::Home.into(),
        reached: true,
        purpose: "first-meeting".into(),
        ..Default::default()
    }
}
