//! Following all people of an agency: whatever comes in whichever order, and however often it breaks off, the follower holds what reads show.
//! Invariant: a follower is judged by what it holds at last, so a token that says too much or too little shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use kernel::DirectiveId;
use platform::log::Groups;
use prost::Message;
use proto::registry as reg;
use proto::timeline::watch_agency_response::Update;
use proto::timeline::{WatchAgencyRequest, WatchAgencyResponse};
use tests::dice::Dice;
use tonic::Streaming;

use super::*;

const OTHER: AgencyId = AgencyId::of(9);

/// Who follows the shelter's people, with what it holds.
struct Follower {
    stream: Streaming<WatchAgencyResponse>,
    /// By person and entry, the entry, as of the last token.
    held: BTreeMap<(String, String), Entry>,
    /// What no token has closed yet.
    open: Vec<(String, Update)>,
    token: String,
    /// How often each person's timeline was begun anew.
    anew: BTreeMap<String, usize>,
    /// Entries that came.
    came: usize,
}

fn asked(resume_token: String) -> WatchAgencyRequest {
    WatchAgencyRequest { services: vec!["referrals".into()], resume_token, ..Default::default() }
}

async fn stream(service: &Alone, resume_token: String) -> Streaming<WatchAgencyResponse> {
    Client::new(service.worker(SHELTER)).watch_agency(asked(resume_token)).await.unwrap().into_inner()
}

impl Follower {
    async fn start(service: &Alone) -> Self {
        let (held, anew) = (BTreeMap::new(), BTreeMap::new());
        let stream = stream(service, String::new()).await;
        Self { stream, held, open: vec![], token: String::new(), anew, came: 0 }
    }

    /// Breaks off, and goes on from the last token with what is held.
    async fn breaks_off(&mut self, service: &Alone) {
        self.stream = stream(service, self.token.clone()).await;
        self.open.clear();
        (self.anew, self.came) = (BTreeMap::new(), 0);
    }

    /// Takes one message.
    async fn takes(&mut self) {
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), self.stream.message()).await;
        let WatchAgencyResponse { person_id, update } =
            next.unwrap_or_else(|_| panic!("in vain: more of {:?}", self.held)).unwrap().unwrap();
        let update = update.unwrap();
        let Update::ResumeToken(token) = update else {
            self.open.push((person_id, update));
            return;
        };
        assert_eq!(person_id, "");
        self.token = token;
        for (person, update) in std::mem::take(&mut self.open) {
            self.closes(person, update);
        }
    }

    /// Takes what a token has closed for its own.
    fn closes(&mut self, person: String, update: Update) {
        match update {
            Update::Entry(entry) => {
                self.came += 1;
                self.held.insert((person, entry.id.clone()), entry);
            }
            Update::RemovedEntryId(id) => {
                self.held.remove(&(person, id));
            }
            Update::BeginsAnew(_) => {
                self.held.retain(|(of, _), _| *of != person);
                *self.anew.entry(person).or_default() += 1;
            }
            Update::ResumeToken(_) => unreachable!("a token closes, and is not closed"),
        }
    }

    /// Takes messages up to the next token.
    async fn takes_a_token(&mut self) {
        let before = std::mem::take(&mut self.token);
        while self.token.is_empty() {
            self.takes().await;
        }
        assert_ne!(self.token, before);
    }

    /// Takes what comes until it holds what reads of these people show.
    async fn holds_what_reads_show(&mut self, service: &Alone, people: &[PersonId]) {
        heard(service).await;
        let mut shown = BTreeMap::new();
        for person in people {
            for entry in read(service.worker(SHELTER), contacts_of(*person)).await {
                shown.insert((person.to_string(), entry.id.clone()), entry);
            }
        }
        while self.held != shown {
            self.takes().await;
        }
    }
}

/// Waits until all that the logs tell has been read, for entries and for what people say.
async fn heard(service: &Alone) {
    for log in ["registry", "referrals"] {
        let head = service.log(log).head().await.unwrap().position;
        for (name, model) in service.service.read_models() {
            let mut progress = model.views().progress();
            if !progress.borrow().places.contains_key(log) && (head == 0 || name != "timeline") {
                continue;
            }
            let read = progress
                .wait_for(|progress| progress.places.get(log).is_some_and(|place| place.position >= head));
            let read = tokio::time::timeout(std::time::Duration::from_secs(20), read).await;
            read.unwrap_or_else(|_| panic!("in vain: {name} to read {log}")).expect("it runs");
        }
    }
}

async fn serves(service: &Alone, person: PersonId, agency: AgencyId) {
    let (person_id, agency_id) = (person.to_string(), agency.to_string());
    let added = reg::ServingAgencyAdded { person_id, agency_id };
    let stream = StreamId::new("person", person.uuid());
    registry(service, stream, person, Registry::ServingAgencyAdded(added)).await;
}

async fn allows(service: &Alone, person: PersonId) {
    registry(service, say::stream(person), person, say::given(person, SHELTER)).await;
}

async fn allows_no_more(service: &Alone, person: PersonId) {
    registry(service, say::stream(person), person, say::revoked(person, SHELTER)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_follows_whom_it_serves_from_when_it_does_and_nobody_else() {
    let service = service().await;
    let nobodys = PersonId::of(12);
    serves(&service, ANA, SHELTER).await;
    contact(&service, 1, ANA, SHELTER, "2026-01-05").await;
    contact(&service, 2, nobodys, SHELTER, "2026-01-06").await;
    heard(&service).await;
    let mut follower = Follower::start(&service).await;
    follower.holds_what_reads_show(&service, &[ANA]).await;
    assert_eq!(follower.held.len(), 1);
    contact(&service, 3, ANA, SHELTER, "2026-01-07").await;
    follower.holds_what_reads_show(&service, &[ANA]).await;
    serves(&service, nobodys, SHELTER).await;
    follower.holds_what_reads_show(&service, &[ANA, nobodys]).await;
    assert_eq!((follower.held.len(), follower.anew.len()), (3, 0));
    let of_another = Client::new(service.worker(OTHER)).watch_agency(asked(String::new())).await.unwrap();
    let first = of_another.into_inner().message().await.unwrap().unwrap().update.unwrap();
    assert!(matches!(first, Update::ResumeToken(_)), "who serves nobody is told so at once: {first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_consent_opens_comes_and_what_it_closes_goes_live_and_after_a_break() {
    let service = service().await;
    for person in [ANA, ANA_TOO] {
        serves(&service, person, SHELTER).await;
        contact(&service, person.uuid().as_u128(), person, CLINIC, "2026-01-05").await;
    }
    heard(&service).await;
    let mut follower = Follower::start(&service).await;
    allows(&service, ANA).await;
    follower.holds_what_reads_show(&service, &[ANA, ANA_TOO]).await;
    assert_eq!(follower.held.len(), 1, "the clinic's contact with Ana");
    // A directive that ends by the clock alone.
    let until = service.clock.now() + SignedDuration::from_hours(1);
    let scope = reg::ConsentScope { until: Some(platform::wire::to_instant(until)), ..say::scope(SHELTER) };
    let given = say::gives(ANA_TOO, DirectiveId::of(60), scope);
    registry(&service, say::stream(ANA_TOO), ANA_TOO, given).await;
    follower.holds_what_reads_show(&service, &[ANA, ANA_TOO]).await;
    assert_eq!(follower.held.len(), 2);
    service.hours_pass(2);
    follower.holds_what_reads_show(&service, &[ANA, ANA_TOO]).await;
    assert_eq!(follower.held.len(), 1);

    follower.breaks_off(&service).await;
    follower.holds_what_reads_show(&service, &[ANA, ANA_TOO]).await;
    follower.takes_a_token().await;
    allows_no_more(&service, ANA).await;
    contact(&service, 3, ANA, CLINIC, "2026-01-07").await;
    contact(&service, 4, ANA_TOO, SHELTER, "2026-01-07").await;
    heard(&service).await;
    follower.breaks_off(&service).await;
    follower.holds_what_reads_show(&service, &[ANA, ANA_TOO]).await;
    assert_eq!(follower.held.len(), 1, "the shelter's own contact alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_break_what_did_not_change_does_not_come_again() {
    let service = service().await;
    let people: Vec<PersonId> = (100..160).map(PersonId::of).collect();
    for person in &people {
        serves(&service, *person, SHELTER).await;
        contact(&service, person.uuid().as_u128(), *person, SHELTER, "2026-01-05").await;
    }
    heard(&service).await;
    let mut follower = Follower::start(&service).await;
    follower.holds_what_reads_show(&service, &people).await;
    // So that the token is one from after the first pass.
    contact(&service, 3, people[0], SHELTER, "2026-01-07").await;
    follower.holds_what_reads_show(&service, &people).await;
    contact(&service, 4, people[1], SHELTER, "2026-01-07").await;
    heard(&service).await;
    follower.breaks_off(&service).await;
    follower.holds_what_reads_show(&service, &people).await;
    assert_eq!((follower.came, follower.anew.len()), (1, 0), "one contact, and nobody begins anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agency_wrote_that_becomes_a_part_2_programme_is_withdrawn_at_once() {
    let service = service().await;
    let is = async |part2: bool| {
        let content =
            reg::AgencyContent { name: "Clinic".into(), zone: "UTC".into(), part2, ..Default::default() };
        let kind = Registry::AgencyRegistered(reg::AgencyRegistered {
            agency_id: CLINIC.to_string(),
            content: Some(content),
        });
        let event = RegistryEvent { kind: Some(kind) };
        service.tell("registry", StreamId::new("agency", CLINIC.uuid()), None, &event).await;
    };
    is(false).await;
    serves(&service, ANA, SHELTER).await;
    contact(&service, 1, ANA, CLINIC, "2026-01-05").await;
    allows(&service, ANA).await;
    heard(&service).await;
    let mut follower = Follower::start(&service).await;
    follower.holds_what_reads_show(&service, &[ANA]).await;
    assert_eq!(follower.held.len(), 1);
    // So that it is past its first looks, at which it looks at everybody.
    contact(&service, 2, ANA, SHELTER, "2026-01-06").await;
    follower.holds_what_reads_show(&service, &[ANA]).await;
    is(true).await;
    follower.holds_what_reads_show(&service, &[ANA]).await;
    assert_eq!(follower.held.len(), 1, "the shelter's own contact alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_logs_that_are_no_more_begins_every_timeline_anew() {
    let before = service().await;
    serves(&before, ANA, SHELTER).await;
    contact(&before, 1, ANA, SHELTER, "2026-01-05").await;
    heard(&before).await;
    let mut follower = Follower::start(&before).await;
    follower.holds_what_reads_show(&before, &[ANA]).await;

    let after = service().await;
    serves(&after, ANA, SHELTER).await;
    contact(&after, 2, ANA, SHELTER, "2026-01-06").await;
    heard(&after).await;
    follower.breaks_off(&after).await;
    follower.holds_what_reads_show(&after, &[ANA]).await;
    assert_eq!(follower.anew.len(), 1, "what was told of the other logs is dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_for_the_agency_and_the_question_it_was_given_for() {
    let service = service().await;
    serves(&service, ANA, SHELTER).await;
    heard(&service).await;
    let mut follower = Follower::start(&service).await;
    follower.takes_a_token().await;
    for (peer, resume_token) in
        [(service.worker(SHELTER), "forged".to_owned()), (service.worker(OTHER), follower.token.clone())]
    {
        let refused = Client::new(peer).watch_agency(asked(resume_token)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with("resume_token"), "{}", refused.message());
    }
    for peer in [service.operator(), service.person(ANA)] {
        let refused = Client::new(peer).watch_agency(asked(String::new())).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_and_however_often_it_breaks_off_the_follower_holds_what_reads_show() {
    let mut dice = Dice::new(Dice::seed());
    let service = service().await;
    let people: Vec<PersonId> = (200..230).map(PersonId::of).collect();
    let mut number = 1_000;
    let mut served: Vec<PersonId> = vec![];
    let mut follower = Follower::start(&service).await;
    for _ in 0..25 {
        for _ in 0..dice.below(8) {
            let person = people[dice.below(people.len() as u64) as usize];
            number += 1;
            match dice.below(6) {
                0 => {
                    serves(&service, person, SHELTER).await;
                    served.push(person);
                }
                1 => allows(&service, person).await,
                2 => allows_no_more(&service, person).await,
                3 => contact(&service, number, person, SHELTER, "2026-01-07").await,
                4 => contact(&service, number, person, CLINIC, "2026-01-08").await,
                _ => contact(&service, number, person, OTHER, "2026-01-09").await,
            }
        }
        match dice.below(3) {
            // Breaks off in the middle of what comes.
            0 => {
                for _ in 0..dice.below(4) {
                    let soon = std::time::Duration::from_millis(400);
                    if tokio::time::timeout(soon, follower.takes()).await.is_err() {
                        break;
                    }
                }
                follower.breaks_off(&service).await;
            }
            1 => follower.breaks_off(&service).await,
            _ => {}
        }
        served.sort();
        served.dedup();
        follower.holds_what_reads_show(&service, &served).await;
    }
}

/// Mends what waits of the person's in the timeline's tables: it is now a contact of that day, and is applied with all that waits behind it.
async fn mended(service: &Alone, number: u128, day: &str) {
    let models = service.service.read_models();
    let (_, timeline) = models.iter().find(|(name, _)| *name == "timeline").unwrap();
    let waits = timeline.parked().await.unwrap();
    let [parked] = &waits[..] else { panic!("{waits:?}") };
    let written = service.log("referrals").read(0, Groups::ALL, 1_000).await.unwrap();
    let unreadable = written.iter().find(|recorded| recorded.position == parked.position).unwrap();
    let event = ReferralsEvent { kind: Some(made(number, day)) };
    let payload = event.encode_to_vec().into();
    let readable = proto::log::Event { payload, ..Arc::unwrap_or_clone(unreadable.decode().unwrap()) };
    let mut tx = timeline.views().db().begin().await.unwrap();
    let sql = "UPDATE feed_parked_event SET bytes = $1 WHERE source = 'referrals' AND position = $2";
    let args = platform::args![readable.encode_to_vec(), parked.position];
    assert_eq!(tx.execute(sql, args).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(timeline.replay(Some(&parked.subject)).await.unwrap().freed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_of_somebody_and_is_applied_since_comes_within_five_seconds_to_who_follows() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = Alone::start("timeline", store, async |parts| timeline::service(&parts).await).await;
        let ben = PersonId::of(12);
        for person in [ANA, ben] {
            serves(&service, person, SHELTER).await;
        }
        contact(&service, 1, ANA, SHELTER, "2026-01-05").await;
        let stream = StreamId::new("participation", Uuid::from_u128(2));
        service.tell_as("referrals", stream, Some(ANA), SHELTER, &ReferralsEvent { kind: None }).await;
        contact(&service, 3, ANA, SHELTER, "2026-01-07").await;
        heard(&service).await;
        let mut follower = Follower::start(&service).await;
        follower.holds_what_reads_show(&service, &[ANA, ben]).await;
        assert_eq!(follower.held.len(), 1, "the second cannot be read, and the third waits behind it");
        // Whoever is told of something later was looked at after everybody was.
        contact(&service, 4, ben, SHELTER, "2026-01-06").await;
        follower.holds_what_reads_show(&service, &[ANA, ben]).await;

        mended(&service, 2, "2026-01-06").await;
        assert_eq!(read(service.worker(SHELTER), contacts_of(ANA)).await.len(), 3);
        // Nothing was read of any log: it is the clock that has them looked at again.
        service.clock.drive_to(service.clock.now() + SignedDuration::from_secs(5));
        follower.holds_what_reads_show(&service, &[ANA, ben]).await;
        assert_eq!(follower.held.len(), 4);
        assert_eq!(follower.anew.get(&ANA.to_string()), Some(&1), "it stands at its old place in the log");
        service.stop().await;
    }
}
