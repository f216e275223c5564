//! An agency follows what all services write about whom it serves, through the death of the process that it follows by, and through a rebuild.
//! Invariant: what a token has closed does not come again, and what was written since comes once, whichever process and generation gave the token.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{AgencyId, PersonId};
use proto::referrals as refs;
use proto::registry as reg;
use proto::timeline::watch_agency_response::Update;
use proto::timeline::{Entry, GetLagRequest, WatchAgencyRequest, WatchAgencyResponse};
use proto::types::{LifeDomain, Voice};
use proto::vocational as jobs;
use proto::vocational::vocational_service_client::VocationalServiceClient;
use tests::alone::until;
use tests::child::PATIENCE;
use tests::world::{World, request_id};
use tonic::Streaming;

use crate::apart::Apart;
use crate::command;

/// Who follows an agency's people, of all services.
struct Follower {
    agency: AgencyId,
    stream: Streaming<WatchAgencyResponse>,
    /// By person and entry, what the tokens so far have closed.
    held: BTreeMap<(String, String), Entry>,
    /// The entries of this following that a token has closed, in the order of their coming.
    came: Vec<Entry>,
    /// What no token has closed yet.
    open: Vec<(String, Entry)>,
    token: String,
}

impl Follower {
    async fn of(world: &World, agency: AgencyId) -> Self {
        let (held, came, open, token) = (BTreeMap::new(), vec![], vec![], String::new());
        Self { agency, stream: follows(world, agency, "").await, held, came, open, token }
    }

    /// Goes on from that token.
    async fn resumes(&mut self, world: &World, token: &str) {
        self.stream = follows(world, self.agency, token).await;
        (self.came, self.open) = (vec![], vec![]);
    }

    /// Takes what comes, up to the next token.
    async fn takes_a_token(&mut self) {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.message()).await;
            let next = next.unwrap_or_else(|_| panic!("in vain: more than {:?}", self.held));
            let WatchAgencyResponse { person_id, update } = next.expect("it is served").expect("it goes on");
            match update.expect("it says something") {
                Update::Entry(entry) => self.open.push((person_id, entry)),
                Update::ResumeToken(token) => {
                    self.token = token;
                    break;
                }
                Update::BeginsAnew(_) => panic!("nothing that may be seen of {person_id} has changed"),
                Update::RemovedEntryId(id) => panic!("nothing was taken back, and {id} was"),
            }
        }
        for (person, entry) in std::mem::take(&mut self.open) {
            self.came.push(entry.clone());
            self.held.insert((person, entry.id.clone()), entry);
        }
    }

    /// Takes what comes until it holds what reads show, and has an entry with each of these words.
    async fn holds_what_reads_show(&mut self, world: &World, people: [PersonId; 2], words: &[&str]) {
        loop {
            let mut shown = BTreeMap::new();
            for person in people {
                for entry in world.entries(World::worker(self.agency), person).await {
                    shown.insert((person.to_string(), entry.id.clone()), entry);
                }
            }
            let there = |words: &&str| self.held.values().any(|entry| said(entry) == *words);
            if self.held == shown && words.iter().all(there) {
                return;
            }
            self.takes_a_token().await;
        }
    }

    /// What of one service came in this following, in that order.
    fn came_of(&self, service: &str) -> Vec<&str> {
        self.came.iter().filter(|entry| entry.service == service).map(said).collect()
    }
}

/// Waits until reads show each of these words, and nothing that was written is still to be read: what comes while it is being read may come twice.
async fn told(world: &World, agency: AgencyId, people: [PersonId; 2], words: &[&str]) {
    until("the timeline to be told of it", async || {
        let mut shown = vec![];
        for person in people {
            shown.extend(world.entries(World::worker(agency), person).await);
        }
        let lag = world.timeline(World::operator()).get_lag(GetLagRequest {}).await.expect("the lag");
        let all_read = lag.into_inner().lag.iter().all(|lag| lag.events == 0 && !lag.unreachable);
        let there = |words: &&str| shown.iter().any(|entry| said(entry) == *words);
        (all_read && words.iter().all(there)).then_some(())
    })
    .await;
}

/// The person's words, or what it says of itself.
fn said(entry: &Entry) -> &str {
    if entry.text.is_empty() { &entry.line } else { &entry.text }
}

async fn follows(world: &World, agency: AgencyId, token: &str) -> Streaming<WatchAgencyResponse> {
    let request = WatchAgencyRequest { resume_token: token.into(), ..Default::default() };
    let watched = world.timeline(World::worker(agency)).watch_agency(request).await;
    watched.expect("a worker follows whom the agency serves").into_inner()
}

async fn wishes(world: &World, agency: AgencyId, person: PersonId, text: &str) {
    let content = reg::GoalContent {
        text: text.into(),
        life_domains: vec![LifeDomain::Employment.into()],
        ..Default::default()
    };
    let request = reg::SetGoalRequest {
        request_id: request_id(),
        person_id: person.to_string(),
        content: Some(content),
        voice: Voice::Person.into(),
    };
    world.registry(World::worker(agency)).set_goal(request).await.expect("a goal");
}

/// Ana is referred to supported employment and taken on there. The referral, and the case that it opened.
async fn taken_on(world: &World, [shelter, works]: [AgencyId; 2], ana: PersonId) -> (String, String) {
    for recipient in [shelter, works] {
        world.consents(ana, shelter, recipient).await;
    }
    let content = refs::ServiceOfferContent {
        name: "Supported employment".into(),
        practice: "ips".into(),
        life_domains: vec![LifeDomain::Employment.into()],
        receiver: refs::Receiver::Vocational.into(),
        zero_exclusion: true,
        zone: "America/Chicago".into(),
        ..Default::default()
    };
    let offer = world.publish(works, content).await;
    let referral = world.referral(shelter, ana, &offer).await;
    let request = refs::AcceptReferralRequest {
        request_id: request_id(),
        referral_id: referral.clone(),
        ..Default::default()
    };
    world.referrals(World::worker(works)).accept_referral(request).await.expect("an answer");
    let record = until("the case to open", async || {
        let read = world.read_referral(shelter, &referral).await;
        (read.progress() == refs::Progress::Opened).then_some(read.receiving_record)
    })
    .await;
    (referral, record.strip_prefix("case-").expect("a case").to_owned())
}

/// Who took Ana on says how far it is, and that she wished to rest.
async fn goes_on(world: &World, works: AgencyId, referral: &str, case: &str) {
    let request = refs::SetReferralBusinessStatusRequest {
        request_id: request_id(),
        referral_id: referral.into(),
        status: refs::BusinessStatus::Scheduled.into(),
        ..Default::default()
    };
    let mut client = world.referrals(World::worker(works));
    client.set_referral_business_status(request).await.expect("how far it is");
    let request = jobs::PauseCaseRequest {
        request_id: request_id(),
        case_id: case.into(),
        reason: jobs::PauseReason::PersonsWish.into(),
        persons_own_words: true,
        ..Default::default()
    };
    let mut client = VocationalServiceClient::new(world.call("vocational", World::worker(works)));
    client.pause_case(request).await.expect("a pause");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_follows_all_services_through_the_death_of_the_timeline_and_through_a_rebuild() {
    let mut apart = Apart::start().await;
    let world = apart.world.clone();
    let (shelter, works) = (world.agency("Invented Shelter").await, world.agency("Invented Works").await);
    let people = [world.person(shelter, "Ana").await, world.person(shelter, "Bo").await];
    let [ana, bo] = people;
    let (referral, case) = taken_on(&world, [shelter, works], ana).await;
    wishes(&world, shelter, bo, "of Bo's own").await;
    let before =
        ["Supported employment (ips): referred", "Referral to Supported employment: accepted", "of Bo's own"];
    told(&world, shelter, people, &before).await;
    let mut follower = Follower::of(&world, shelter).await;
    follower.holds_what_reads_show(&world, people, &before).await;

    // What three services write while nobody serves the timeline comes when it is served again, each once and in its order, and nothing else does.
    apart.kills("timeline");
    wishes(&world, shelter, ana, "first").await;
    wishes(&world, shelter, ana, "then").await;
    goes_on(&world, works, &referral, &case).await;
    apart.starts_again("timeline").await;
    let rests = "Supported employment (ips): paused";
    let scheduled = "Referral to Supported employment: accepted, scheduled";
    let since = ["first", "then", rests, scheduled];
    told(&world, shelter, people, &since).await;
    let token = follower.token.clone();
    follower.resumes(&world, &token).await;
    follower.holds_what_reads_show(&world, people, &since).await;
    assert_eq!(follower.came_of("registry"), ["first", "then"]);
    assert_eq!(
        (follower.came_of("vocational"), follower.came_of("referrals")),
        (vec![rests], vec![scheduled])
    );
    assert_eq!(follower.came.len(), 4, "{:?}", follower.came);

    // A rebuilt generation goes on where the one before was, for who listens meanwhile and for who comes back to another process of it.
    let token = follower.token.clone();
    let rebuilt = command(apart.ports["timeline"].address(), &["rebuild", "timeline"]).await;
    assert!(rebuilt.contains("timeline/timeline: generation 2 is live"), "{rebuilt}");
    follower.came.clear();
    wishes(&world, shelter, ana, "after the rebuild").await;
    follower.holds_what_reads_show(&world, people, &["after the rebuild"]).await;
    let came: BTreeSet<&str> = follower.came.iter().map(said).collect();
    assert_eq!(came, BTreeSet::from(["after the rebuild"]), "and nothing of before");
    apart.kills("timeline");
    wishes(&world, shelter, ana, "at last").await;
    apart.starts_again("timeline").await;
    told(&world, shelter, people, &["at last"]).await;
    follower.resumes(&world, &token).await;
    follower.holds_what_reads_show(&world, people, &["at last"]).await;
    assert_eq!(follower.came.iter().map(said).collect::<Vec<_>>(), ["after the rebuild", "at last"]);
    apart.leave().await;
}
