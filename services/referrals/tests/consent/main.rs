//! By which consent directive a referral is sent: through the wire, with what the registry's log tells.
//! Invariant: what is sent names the directive that allowed it; what none covers is not sent.

mod clock;
mod matching;
mod races;

use kernel::{AgencyId, DirectiveId, PersonId, StreamId, WorkerId};
use platform::error::reason;
use platform::peer::Peer;
use proto::referrals as pb;
use proto::referrals::referrals_service_client::ReferralsServiceClient as Client;
use proto::registry::registry_event::Kind;
use proto::registry::{self as reg, RegistryEvent};
use proto::types::{LifeDomain, Purpose};
use tests::{Alone, OnStore, say};
use uuid::Uuid;

const SHELTER: AgencyId = AgencyId::of(1);
const CLINIC: AgencyId = AgencyId::of(2);
const ANA: PersonId = PersonId::of(10);
const ONE: DirectiveId = DirectiveId::of(60);

fn new_request() -> String {
    Uuid::now_v7().to_string()
}

/// The service, an offer of the clinic, and the shelter.
struct Site {
    service: Alone,
    offer: String,
    shelter: Client<Peer>,
}

impl Site {
    async fn new(part2: bool) -> Self {
        Self::on(OnStore::Sqlite, part2).await
    }

    async fn on(store: OnStore, part2: bool) -> Self {
        let service = Alone::start("referrals", store, async |parts| referrals::service(&parts).await).await;
        Self::of(service, part2).await
    }

    async fn of(service: Alone, part2: bool) -> Self {
        let content = pb::ServiceOfferContent {
            name: "Kitchen skills".into(),
            practice: "skills-training".into(),
            life_domains: vec![LifeDomain::BasicLivingSkills.into()],
            receiver: pb::Receiver::Participation.into(),
            zone: "America/Chicago".into(),
            part2,
            ..Default::default()
        };
        let request = pb::PublishServiceOfferRequest {
            request_id: new_request(),
            content: Some(content),
            ..Default::default()
        };
        let mut clinic = Client::new(service.worker(CLINIC));
        let offer = clinic.publish_service_offer(request).await.unwrap().into_inner().written.unwrap().id;
        let shelter = Client::new(service.worker(SHELTER));
        let site = Self { service, offer, shelter };
        let approver = reg::WorkerAdded {
            worker_id: WorkerId::of(5).to_string(),
            agency_id: SHELTER.to_string(),
            content: Some(reg::WorkerContent::default()),
        };
        let stream = StreamId::new("worker", WorkerId::of(5).uuid());
        site.tell(stream, None, Kind::WorkerAdded(approver)).await;
        site
    }

    /// Tells what the registry's log does, and waits until the service has heard it.
    async fn tell(&self, stream: StreamId, person: Option<PersonId>, kind: Kind) {
        self.service.tell("registry", stream, person, &RegistryEvent { kind: Some(kind) }).await;
        self.hears().await;
    }

    /// Waits until the service has heard all that the registry's log tells.
    async fn hears(&self) {
        let head = self.service.log("registry").head().await.unwrap().position;
        let models = self.service.service.read_models();
        let (_, people) = models.iter().find(|(name, _)| *name == "people").unwrap();
        let mut progress = people.views().progress();
        let heard = progress
            .wait_for(|progress| progress.places.get("registry").is_some_and(|place| place.position >= head));
        let heard = tokio::time::timeout(std::time::Duration::from_secs(20), heard).await;
        heard.expect("it hears of it").expect("it runs");
    }

    async fn says(&self, scope: reg::ConsentScope) {
        self.tell(say::stream(ANA), Some(ANA), say::gives(ANA, ONE, scope)).await;
    }

    async fn draft(&self) -> String {
        self.draft_of(ANA).await
    }

    async fn draft_of(&self, person: PersonId) -> String {
        let request = pb::DraftReferralRequest {
            request_id: new_request(),
            person_id: person.to_string(),
            offer_id: self.offer.clone(),
            life_domain: LifeDomain::BasicLivingSkills.into(),
            need: "to cook for myself".into(),
            no_goal_reason: "not yet talked about".into(),
            ..Default::default()
        };
        self.shelter.clone().draft_referral(request).await.unwrap().into_inner().written.unwrap().id
    }

    /// Sends it: the consent that it then names, or why it is not sent.
    async fn send(&self, referral: &str, overriding: bool) -> Result<String, String> {
        let mut request = pb::SendReferralRequest {
            request_id: new_request(),
            referral_id: referral.into(),
            ..Default::default()
        };
        if overriding {
            request.override_reason = "an emergency, invented".into();
            request.override_approver_id = WorkerId::of(5).to_string();
        }
        match self.shelter.clone().send_referral(request).await {
            Ok(_) => {
                let events = self.service.events().await;
                let sent = events.iter().find(|event| event.r#type.ends_with("ReferralSent"));
                Ok(sent.expect("it is sent").consent_reference.clone())
            }
            Err(status) => Err(reason(&status).expect("a reason")),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_names_the_directive_that_covers_target_purpose_and_category() {
    let site = Site::new(false).await;
    let referral = site.draft().await;
    let missing = Err("CONSENT_MISSING".to_owned());
    assert_eq!(site.send(&referral, false).await, missing, "nothing is said");
    let to = || say::scope(CLINIC);
    let (now, hour) = (site.service.clock.now(), jiff::SignedDuration::from_hours(1));
    let instant = |at: jiff::Timestamp| Some(platform::wire::to_instant(at));
    for (why, scope) in [
        ("it names another agency", say::scope(AgencyId::of(9))),
        (
            "it is for something else",
            reg::ConsentScope { purposes: vec![Purpose::Coordination.into()], ..to() },
        ),
        (
            "treatment covers no referral",
            reg::ConsentScope { purposes: vec![Purpose::Treatment.into()], ..to() },
        ),
        ("it is about something else", reg::ConsentScope { categories: vec!["housing".into()], ..to() }),
        (
            "it is about another's facts",
            reg::ConsentScope { discloser_agency_id: CLINIC.to_string(), ..to() },
        ),
        (
            "the clinic does not treat yet",
            reg::ConsentScope {
                recipient_agency_ids: vec![],
                recipient_class: reg::RecipientClass::Treating.into(),
                ..to()
            },
        ),
        ("it has not begun", reg::ConsentScope { from: instant(now + hour), ..to() }),
        (
            "it is over",
            reg::ConsentScope { from: instant(now - hour - hour), until: instant(now - hour), ..to() },
        ),
    ] {
        site.says(scope).await;
        assert_eq!(site.send(&referral, false).await, missing, "{why}");
    }
    let narrow = reg::ConsentScope {
        discloser_agency_id: SHELTER.to_string(),
        purposes: vec![Purpose::Referral.into()],
        categories: vec!["referrals".into()],
        ..to()
    };
    site.says(narrow).await;
    assert_eq!(site.send(&referral, false).await, Ok(ONE.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_directive_sends_nothing_more_and_an_override_names_none() {
    let site = Site::new(false).await;
    let referral = site.draft().await;
    site.tell(say::stream(ANA), Some(ANA), say::given(ANA, CLINIC)).await;
    site.tell(say::stream(ANA), Some(ANA), say::revoked(ANA, CLINIC)).await;
    assert_eq!(site.send(&referral, false).await, Err("CONSENT_MISSING".to_owned()));
    assert_eq!(site.send(&referral, true).await, Ok(String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_2_offer_needs_a_directive_that_names_the_label_and_no_override_will_do() {
    let site = Site::new(true).await;
    let referral = site.draft().await;
    site.says(say::scope(CLINIC)).await;
    assert_eq!(site.send(&referral, false).await, Err("CONSENT_MISSING".to_owned()));
    assert_eq!(site.send(&referral, true).await, Err("OVERRIDE_NOT_POSSIBLE".to_owned()));
    site.says(reg::ConsentScope { labels: vec!["42CFRPart2".into()], ..say::scope(CLINIC) }).await;
    assert_eq!(site.send(&referral, false).await, Ok(ONE.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_part_2_programme_refers_is_under_it_whatever_it_asks_for() {
    let site = Site::new(false).await;
    let content = reg::AgencyContent {
        name: "Recovery house".into(),
        zone: "UTC".into(),
        part2: true,
        ..Default::default()
    };
    let kind = Kind::AgencyRegistered(reg::AgencyRegistered {
        agency_id: SHELTER.to_string(),
        content: Some(content),
    });
    let before = site.draft().await;
    site.tell(StreamId::new("agency", SHELTER.uuid()), None, kind).await;
    site.says(say::scope(CLINIC)).await;
    let referral = site.draft().await;
    // One that was drafted before the agency was known as a programme is under it too.
    for referral in [&before, &referral] {
        assert_eq!(site.send(referral, false).await, Err("CONSENT_MISSING".to_owned()));
    }
    for referral in [&before, &referral] {
        assert_eq!(site.send(referral, true).await, Err("OVERRIDE_NOT_POSSIBLE".to_owned()));
    }
    let events = site.service.events().await;
    let labels = |number: usize| {
        let mut drafted = events.iter().filter(|event| event.r#type.ends_with("ReferralDrafted"));
        drafted.nth(number).unwrap().labels.clone()
    };
    assert_eq!((labels(0), labels(1)), (vec![], vec!["42CFRPart2".to_owned()]));
    site.says(reg::ConsentScope { labels: vec!["42CFRPart2".into()], ..say::scope(CLINIC) }).await;
    // It bears the label from its sending on, for all who read it.
    assert_eq!(site.send(&before, false).await, Ok(ONE.to_string()));
    let events = site.service.events().await;
    let sent = events.iter().find(|event| event.r#type.ends_with("ReferralSent")).unwrap();
    assert_eq!(sent.labels, ["42CFRPart2"]);
}

impl Site {
    /// Waits until the referral is marked so, and gives it.
    async fn marked(&self, referral: &str, lapsed: bool) -> pb::Referral {
        tests::alone::until(&format!("the mark to be {lapsed}"), async || {
            let ask = pb::GetReferralRequest { referral_id: referral.into(), ..Default::default() };
            let read = self.shelter.clone().get_referral(ask).await.unwrap().into_inner().referral.unwrap();
            (read.consent_lapsed == lapsed).then_some(read)
        })
        .await
    }

    async fn accept(&self, referral: &str) -> Result<(), String> {
        let request = pb::AcceptReferralRequest {
            request_id: new_request(),
            referral_id: referral.into(),
            ..Default::default()
        };
        let accepted = Client::new(self.service.worker(CLINIC)).accept_referral(request).await;
        accepted.map(|_| ()).map_err(|status| reason(&status).expect("a reason"))
    }

    /// What was written of the mark, in order: whether it lapsed, and by which directive.
    async fn marks(&self) -> Vec<(bool, String)> {
        let mark = |event: &proto::log::Event| {
            use pb::referrals_event::Kind;
            use prost::Message;
            let kind = pb::ReferralsEvent::decode(event.payload.clone()).unwrap().kind.unwrap();
            if let Kind::ReferralConsentLapsed(lapsed) = kind {
                return Some((true, lapsed.directive_id));
            }
            let Kind::ReferralConsentRestored(restored) = kind else { return None };
            Some((false, restored.directive_id))
        };
        self.service.events().await.iter().filter_map(mark).collect()
    }
}

const TWO: DirectiveId = DirectiveId::of(61);

fn revoked(directive: DirectiveId) -> Kind {
    let (directive_id, person_id) = (directive.to_string(), ANA.to_string());
    Kind::ConsentRevoked(reg::ConsentRevoked { directive_id, person_id, evidence: None })
}

fn superseded(directive: DirectiveId) -> Kind {
    let (directive_id, person_id) = (directive.to_string(), ANA.to_string());
    Kind::ConsentSuperseded(reg::ConsentSuperseded { directive_id, person_id, ..Default::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_by_a_directive_is_marked_when_nothing_covers_it_any_more_and_until_something_does() {
    let site = Site::new(false).await;
    site.says(say::scope(CLINIC)).await;
    let referral = site.draft().await;
    assert_eq!(site.send(&referral, false).await, Ok(ONE.to_string()));
    let told = async |kind| site.tell(say::stream(ANA), Some(ANA), kind).await;

    told(revoked(ONE)).await;
    site.marked(&referral, true).await;
    assert_eq!(site.accept(&referral).await, Err("CONSENT_LAPSED".to_owned()));
    told(say::gives(ANA, TWO, say::scope(AgencyId::of(9)))).await;
    site.marked(&referral, true).await;
    told(say::gives(ANA, ONE, say::scope(CLINIC))).await;
    site.marked(&referral, false).await;
    assert_eq!(site.accept(&referral).await, Ok(()));

    // One in the place of the other, in either order: the person goes on saying yes.
    told(say::gives(ANA, TWO, say::scope(CLINIC))).await;
    told(superseded(ONE)).await;
    told(revoked(TWO)).await;
    site.marked(&referral, true).await;
    let one = ONE.to_string();
    assert_eq!(site.marks().await, [(true, one.clone()), (false, one.clone()), (true, one)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_by_no_directive_bears_no_mark() {
    let site = Site::new(false).await;
    let referral = site.draft().await;
    assert_eq!(site.send(&referral, true).await, Ok(String::new()));
    site.says(say::scope(CLINIC)).await;
    site.tell(say::stream(ANA), Some(ANA), revoked(ONE)).await;
    let head = site.service.log("registry").head().await.unwrap().position;
    for reaction in site.service.service.reactions() {
        if reaction.source() == "registry" {
            let mut judged = reaction.judged();
            let judged = judged.wait_for(|judged| *judged >= head);
            let judged = tokio::time::timeout(std::time::Duration::from_secs(20), judged).await;
            judged.expect("it judges").expect("it runs");
        }
    }
    assert_eq!(site.marks().await, []);
    assert_eq!(site.accept(&referral).await, Ok(()));
}
