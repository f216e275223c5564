//! What matching says of consent beside what sending does with it.
//! Invariant: matching names a directive where, and only where, a referral is sent by it; it asks for one where, and only where, sending misses one.

use std::collections::BTreeSet;

use proto::referrals::MatchReasonCode as Code;
use tests::alone::until;

use super::*;

/// A 42 CFR Part 2 programme.
const RECOVERY: AgencyId = AgencyId::of(3);
const PART2: &str = "42CFRPart2";

/// The offers there are: whose, and whether they fall under 42 CFR Part 2.
const OFFERS: [(AgencyId, bool); 4] = [(CLINIC, false), (CLINIC, true), (SHELTER, false), (RECOVERY, false)];

/// What is told of one person, by what is told of them.
type Told = fn(PersonId, &Site) -> Vec<Kind>;

fn directive(person: PersonId, number: u128) -> DirectiveId {
    DirectiveId::new(Uuid::new_v5(&person.uuid(), &number.to_be_bytes()))
}

fn gives(person: PersonId, scopes: impl IntoIterator<Item = reg::ConsentScope>) -> Vec<Kind> {
    let numbered = (0..).zip(scopes);
    numbered.map(|(number, scope)| say::gives(person, directive(person, number), scope)).collect()
}

fn labelled() -> reg::ConsentScope {
    reg::ConsentScope { labels: vec![PART2.into()], ..say::scope(CLINIC) }
}

fn hours(site: &Site, hours: i64) -> Option<prost_types::Timestamp> {
    Some(platform::wire::to_instant(site.service.clock.now() + jiff::SignedDuration::from_hours(hours)))
}

fn takes_back(person: PersonId, number: u128) -> Kind {
    let (directive_id, person_id) = (directive(person, number).to_string(), person.to_string());
    Kind::ConsentRevoked(reg::ConsentRevoked { directive_id, person_id, evidence: None })
}

fn restricted(person: PersonId) -> Kind {
    Kind::PersonRestricted(reg::PersonRestricted { person_id: person.to_string(), ..Default::default() })
}

const TOLD: [(&str, Told); 14] = [
    ("nothing is said", |_, _| vec![]),
    ("the clinic may be told", |person, _| gives(person, [say::scope(CLINIC)])),
    ("the clinic may be told what is under Part 2 too", |person, _| gives(person, [labelled()])),
    ("any of these agencies may", |person, _| {
        let all = [CLINIC, SHELTER, RECOVERY].map(|agency| agency.to_string()).to_vec();
        gives(person, [reg::ConsentScope { recipient_agency_ids: all, ..labelled() }])
    }),
    ("for something else", |person, _| {
        gives(person, [reg::ConsentScope { purposes: vec![Purpose::Coordination.into()], ..labelled() }])
    }),
    ("about something else", |person, _| {
        gives(person, [reg::ConsentScope { categories: vec!["housing".into()], ..labelled() }])
    }),
    ("about what the shelter wrote", |person, _| {
        gives(person, [reg::ConsentScope { discloser_agency_id: SHELTER.to_string(), ..labelled() }])
    }),
    ("it is another that may", |person, _| gives(person, [say::scope(AgencyId::of(9))])),
    ("it is over", |person, site| {
        let (from, until) = (hours(site, -2), hours(site, -1));
        gives(person, [reg::ConsentScope { from, until, ..labelled() }])
    }),
    ("it has not begun", |person, site| {
        gives(person, [reg::ConsentScope { from: hours(site, 1), ..labelled() }])
    }),
    ("it was taken back", |person, _| {
        gives(person, [labelled()]).into_iter().chain([takes_back(person, 0)]).collect()
    }),
    ("one of two was taken back", |person, _| {
        gives(person, [labelled(), labelled()]).into_iter().chain([takes_back(person, 0)]).collect()
    }),
    ("whoever treats may be told", |person, _| {
        let (recipient_agency_ids, recipient_class) = (vec![], reg::RecipientClass::Treating.into());
        gives(person, [reg::ConsentScope { recipient_agency_ids, recipient_class, ..labelled() }])
    }),
    ("who may be told is not to find them", |person, _| {
        gives(person, [labelled()]).into_iter().chain([restricted(person)]).collect()
    }),
];

/// Everything that is to be asked of one offer for one person by one agency.
struct Asked<'a> {
    site: &'a Site,
    client: Client<Peer>,
    person: PersonId,
    offer: &'a str,
    approver: WorkerId,
}

impl Asked<'_> {
    /// What matching says of consent: the code, and the directive that it names.
    async fn matched(&mut self) -> (Code, String) {
        let request = pb::MatchOffersRequest {
            life_domain: LifeDomain::BasicLivingSkills.into(),
            person_id: self.person.to_string(),
            ..Default::default()
        };
        let found = self.client.match_offers(request).await.unwrap().into_inner().matches;
        let this = |found: &&pb::OfferMatch| found.offer.as_ref().unwrap().id == self.offer;
        let reasons = &found.iter().find(this).expect("it serves the life domain").reasons;
        let of_consent = |reason: &&pb::MatchReason| reason.code().as_str_name().contains("_CONSENT_");
        let told: Vec<_> = reasons.iter().filter(of_consent).collect();
        assert!(reasons.iter().all(|reason| reason.directive_id.is_empty() || told.contains(&reason)));
        let [reason] = told[..] else { panic!("{told:?}") };
        (reason.code(), reason.directive_id.clone())
    }

    /// Sends a referral to it: by which consent it went, or why it did not. Then, where consent was missing, whether an override would do.
    async fn sent(&mut self) -> Result<String, (String, Option<Result<(), String>>)> {
        let draft = pb::DraftReferralRequest {
            request_id: new_request(),
            person_id: self.person.to_string(),
            offer_id: self.offer.to_owned(),
            life_domain: LifeDomain::BasicLivingSkills.into(),
            need: "to cook for myself".into(),
            no_goal_reason: "not yet talked about".into(),
            ..Default::default()
        };
        let drafted = self.client.draft_referral(draft).await.unwrap().into_inner().written.unwrap().id;
        match self.sends(&drafted, "").await {
            Ok(()) => {
                let events = self.site.service.events().await;
                let stream = format!("referral-{drafted}");
                let sent = |event: &&proto::log::Event| {
                    event.stream == stream && event.r#type.ends_with("ReferralSent")
                };
                Ok(events.iter().find(sent).expect("it is sent").consent_reference.clone())
            }
            Err(missing) if missing == "CONSENT_MISSING" => {
                Err((missing, Some(self.sends(&drafted, "an emergency, invented").await)))
            }
            Err(other) => Err((other, None)),
        }
    }

    async fn sends(&mut self, referral: &str, override_reason: &str) -> Result<(), String> {
        let approver = self.approver.to_string();
        let request = pb::SendReferralRequest {
            request_id: new_request(),
            referral_id: referral.to_owned(),
            override_reason: override_reason.to_owned(),
            override_approver_id: if override_reason.is_empty() { String::new() } else { approver },
            ..Default::default()
        };
        let sent = self.client.send_referral(request).await;
        sent.map(|_| ()).map_err(|status| reason(&status).expect("a reason"))
    }

    /// That the two agree; and what matching said.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else it said fails the test")]
    async fn agree(&mut self, case: &str) -> Code {
        let (said, directive) = self.matched().await;
        let sent = self.sent().await;
        let missing = |overridden| Err(("CONSENT_MISSING".to_owned(), Some(overridden)));
        let expected = match said {
            Code::ConsentCovers => Ok(directive.clone()),
            Code::ConsentNotNeeded => Ok(String::new()),
            Code::ConsentNeeded => missing(Ok(())),
            Code::ConsentNeededPart2 => missing(Err("OVERRIDE_NOT_POSSIBLE".to_owned())),
            other => panic!("{case}: {other:?}"),
        };
        assert_eq!(sent, expected, "{case}: {said:?}");
        assert_eq!(directive.is_empty(), said != Code::ConsentCovers, "{case}: {directive}");
        said
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_matching_says_of_consent_is_what_sending_does() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let site = Site::on(store, false).await;
        agree(&site).await;
        site.service.stop().await;
    }
}

async fn agree(site: &Site) {
    let content = reg::AgencyContent {
        name: "Recovery house".into(),
        zone: "UTC".into(),
        part2: true,
        ..Default::default()
    };
    let registered = reg::AgencyRegistered { agency_id: RECOVERY.to_string(), content: Some(content) };
    site.tell(StreamId::new("agency", RECOVERY.uuid()), None, Kind::AgencyRegistered(registered)).await;
    let approvers = [(SHELTER, WorkerId::of(5)), (RECOVERY, WorkerId::of(6))];
    let added = reg::WorkerAdded {
        worker_id: approvers[1].1.to_string(),
        agency_id: RECOVERY.to_string(),
        content: Some(reg::WorkerContent::default()),
    };
    site.tell(StreamId::new("worker", approvers[1].1.uuid()), None, Kind::WorkerAdded(added)).await;
    let mut offers = vec![];
    for (agency, part2) in OFFERS {
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
        let reply = Client::new(site.service.worker(agency)).publish_service_offer(request).await.unwrap();
        offers.push(reply.into_inner().written.unwrap());
    }
    let last = offers.last().unwrap().revision.clone();
    let request = pb::MatchOffersRequest {
        life_domain: LifeDomain::BasicLivingSkills.into(),
        at_least: vec![last],
        ..Default::default()
    };
    site.shelter.clone().match_offers(request).await.unwrap();

    let mut said = BTreeSet::new();
    for (number, (case, told)) in (200..).zip(TOLD) {
        let person = PersonId::of(number);
        let stream = StreamId::new("person", person.uuid());
        let registered = reg::PersonRegistered {
            person_id: person.to_string(),
            agency_id: SHELTER.to_string(),
            ..Default::default()
        };
        site.tell(stream, Some(person), Kind::PersonRegistered(registered)).await;
        let serves =
            reg::ServingAgencyAdded { person_id: person.to_string(), agency_id: RECOVERY.to_string() };
        site.tell(stream, Some(person), Kind::ServingAgencyAdded(serves)).await;
        for kind in told(person, site) {
            site.tell(say::stream(person), Some(person), kind).await;
        }
        for (agency, approver) in approvers {
            for offer in &offers {
                let client = Client::new(site.service.worker(agency));
                let mut asked = Asked { site, client, person, offer: &offer.id, approver };
                said.insert(asked.agree(&format!("{case}, {agency} to {}", offer.id)).await);
            }
        }
    }
    let all = [Code::ConsentCovers, Code::ConsentNotNeeded, Code::ConsentNeeded, Code::ConsentNeededPart2];
    assert_eq!(said, all.into(), "each is said of one at least");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persons_own_act_needs_no_directive_and_who_does_not_serve_them_is_told_nothing() {
    let site = Site::new(false).await;
    site.says(say::scope(CLINIC)).await;
    let offer = site.offer.clone();
    let asked = |client| Asked { site: &site, client, person: ANA, offer: &offer, approver: WorkerId::of(5) };
    let mut stranger = asked(Client::new(site.service.worker(AgencyId::of(99))));
    let listed = async || {
        let request = pb::MatchOffersRequest {
            life_domain: LifeDomain::BasicLivingSkills.into(),
            ..Default::default()
        };
        site.shelter.clone().match_offers(request).await.unwrap().into_inner().matches.pop()
    };
    until("the offer to be listed", listed).await;
    assert_eq!(stranger.matched().await, (Code::ConsentUnknown, String::new()));
    let mut own = asked(Client::new(site.service.person(ANA)));
    assert_eq!(own.matched().await, (Code::ConsentNotNeeded, String::new()));
    assert!(own.sent().await.is_ok_and(|consent| !consent.is_empty()), "it names the person's own act");
}
