//! Following a timeline: what is sent, what is taken back, and what is not sent a second time.
//! Invariant: each step is asserted whole, up to the token that closes it, so that nothing more was sent.

use proto::timeline::watch_timeline_response::Update;
use proto::timeline::{Entry, WatchTimelineResponse};
use tonic::Streaming;

use super::*;

/// A following of Ana's contacts.
pub(super) struct Following {
    stream: Streaming<WatchTimelineResponse>,
    token: String,
    notices: Vec<String>,
}

/// What one step told of an entry.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    Entry(Box<Entry>),
    Removed(String),
}

impl Following {
    pub(super) async fn start(peer: Peer, resume_token: String) -> Self {
        Self::of(peer, WatchTimelineRequest { resume_token, ..watch() }).await
    }

    pub(super) async fn of(peer: Peer, asked: WatchTimelineRequest) -> Self {
        let stream = Client::new(peer).watch_timeline(asked).await.unwrap().into_inner();
        Self { stream, token: String::new(), notices: vec![] }
    }

    /// The notices that came with what was told.
    pub(super) fn notices(&self) -> &[String] {
        &self.notices
    }

    /// The token that closed the last step.
    pub(super) fn token(&self) -> String {
        self.token.clone()
    }

    /// The next step, up to its token.
    pub(super) async fn step(&mut self) -> Vec<Told> {
        let mut told = vec![];
        loop {
            let next = tokio::time::timeout(std::time::Duration::from_secs(20), self.stream.message()).await;
            let next = next.unwrap_or_else(|_| panic!("in vain: the next step, after {told:?}"));
            match next.unwrap().unwrap().update.unwrap() {
                Update::Entry(entry) => told.push(Told::Entry(Box::new(entry))),
                Update::RemovedEntryId(id) => told.push(Told::Removed(id)),
                Update::Part2Notice(notice) => self.notices.push(notice),
                Update::ResumeToken(token) => {
                    self.token = token;
                    return told;
                }
            }
        }
    }

    /// The one entry that the next step tells.
    pub(super) async fn tells(&mut self) -> Entry {
        let told = self.step().await;
        let [Told::Entry(entry)] = told.as_slice() else { panic!("one entry, and not {told:?}") };
        Entry::clone(entry)
    }
}

/// Waits until the timeline says itself that it has read so many events of referrals: tokens count from there.
async fn has_read(service: &Alone, events: u64) {
    let models = service.service.read_models();
    let (_, timeline) = models.iter().find(|(name, _)| *name == "timeline").unwrap();
    let mut progress = timeline.views().progress();
    let read = progress
        .wait_for(|progress| progress.places.get("referrals").is_some_and(|place| place.position == events));
    let read = tokio::time::timeout(std::time::Duration::from_secs(20), read).await;
    read.expect("it reads on").expect("it runs");
}

fn watch() -> WatchTimelineRequest {
    WatchTimelineRequest {
        person_id: ANA.to_string(),
        services: vec!["referrals".into()],
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_tells_what_changes_and_goes_on_from_its_token_after_a_break() {
    let service = service().await;
    contact(&service, 1, ANA, CLINIC, "2026-01-05").await;
    has_read(&service, 1).await;
    let mut following = Following::start(service.worker(CLINIC), String::new()).await;
    following.tells().await;
    let token = following.token.clone();
    contact(&service, 2, ANA, CLINIC, "2026-01-06").await;
    let second = following.tells().await;
    drop(following);
    has_read(&service, 2).await;

    let mut again = Following::start(service.worker(CLINIC), token).await;
    assert_eq!(again.tells().await.id, second.id, "the first contact was sent before the token");
    let mut again = Following::start(service.worker(CLINIC), again.token).await;
    assert_eq!(again.step().await, [], "a token comes at once, so that who goes on knows that it does");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_for_who_sees_what_it_was_given_to_see() {
    let service = service().await;
    contact(&service, 1, ANA, CLINIC, "2026-01-05").await;
    has_read(&service, 1).await;
    let mut following = Following::start(service.worker(CLINIC), String::new()).await;
    following.tells().await;
    for (peer, resume_token) in
        [(service.worker(CLINIC), "forged".to_owned()), (service.worker(SHELTER), following.token.clone())]
    {
        let watch = WatchTimelineRequest { resume_token, ..watch() };
        let refused = Client::new(peer).watch_timeline(watch).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with("resume_token"), "{}", refused.message());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_consent_sends_what_differs_and_nothing_twice() {
    let service = service().await;
    contact(&service, 1, ANA, CLINIC, "2026-01-05").await;
    contact(&service, 2, ANA, SHELTER, "2026-01-06").await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 1).await;
    read_all(&service, service.worker(CLINIC), contacts_of(ANA), 1).await;
    let mut following = Following::start(service.worker(SHELTER), String::new()).await;
    let own = following.tells().await;
    ana_allows(&service, SHELTER).await;
    let opened = following.tells().await;
    assert_ne!(opened.id, own.id, "the own contact was visible before, and is not sent again");
    ana_allows_no_more(&service, SHELTER).await;
    assert_eq!(following.step().await, [Told::Removed(opened.id.clone())]);
    ana_allows(&service, SHELTER).await;
    assert_eq!(following.tells().await, opened);

    // An agency that is heard of for the first time is one more thing to see, and none to see again.
    contact(&service, 3, ANA, AgencyId::of(9), "2026-01-07").await;
    assert_eq!(following.tells().await.agency_id, AgencyId::of(9).to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_in_sight_during_a_break_is_made_up_for_after_it() {
    let service = service().await;
    contact(&service, 1, ANA, CLINIC, "2026-01-05").await;
    contact(&service, 2, ANA, SHELTER, "2026-01-06").await;
    ana_allows(&service, SHELTER).await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 2).await;
    has_read(&service, 2).await;
    let mut following = Following::start(service.worker(SHELTER), String::new()).await;
    let told = following.step().await;
    let [Told::Entry(opened), Told::Entry(own)] = told.as_slice() else { panic!("two, and not {told:?}") };
    assert_eq!(own.agency_id, SHELTER.to_string());
    let token = following.token;
    drop(following.stream);

    // Away while it closes; what is written behind the closed door is never heard of.
    ana_allows_no_more(&service, SHELTER).await;
    contact(&service, 3, ANA, CLINIC, "2026-01-07").await;
    read_all(&service, service.worker(CLINIC), contacts_of(ANA), 2).await;
    read_all(&service, service.worker(SHELTER), contacts_of(ANA), 1).await;
    has_read(&service, 3).await;
    let mut again = Following::start(service.worker(SHELTER), token).await;
    assert_eq!(again.step().await, [Told::Removed(opened.id.clone())]);

    // Going on with it live, what was sent before the break is not sent again and can be taken back.
    ana_allows(&service, SHELTER).await;
    let told = again.step().await;
    assert!(told.len() == 2 && told.contains(&Told::Entry(opened.clone())), "{told:?}");
    let mut third = Following::start(service.worker(SHELTER), again.token).await;
    assert_eq!(third.step().await, []);
    ana_allows_no_more(&service, SHELTER).await;
    let told = third.step().await;
    assert!(told.len() == 2 && told.contains(&Told::Removed(opened.id.clone())), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_brings_the_others_entries_to_who_watches_and_an_unlink_takes_them_back() {
    let service = service().await;
    contact(&service, 1, ANA, CLINIC, "2026-01-05").await;
    contact(&service, 2, ANA_TOO, CLINIC, "2026-01-06").await;
    read_all(&service, service.worker(CLINIC), contacts_of(ANA), 1).await;
    read_all(&service, service.worker(CLINIC), contacts_of(ANA_TOO), 1).await;
    let mut following = Following::start(service.worker(CLINIC), String::new()).await;
    let own = following.tells().await;
    let (canonical_id, member_id) = (ANA.to_string(), ANA_TOO.to_string());
    let link = proto::registry::PersonsLinked { canonical_id, member_id };
    let person = |person: PersonId| StreamId::new("person", person.uuid());
    registry(&service, person(ANA), ANA, Registry::PersonsLinked(link)).await;
    let others = following.tells().await;
    assert_ne!(others.id, own.id);
    let (canonical_id, member_id) = (ANA.to_string(), ANA_TOO.to_string());
    let unlink = proto::registry::PersonsUnlinked { canonical_id, member_id };
    service.hours_pass(1);
    registry(&service, person(ANA), ANA, Registry::PersonsUnlinked(unlink)).await;
    assert_eq!(following.step().await, [Told::Removed(others.id)]);
}
