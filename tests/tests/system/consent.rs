//! Walkthrough 8: a consent directive, from its draft to its end, which comes while nothing runs.

use jiff::{SignedDuration, Timestamp};
use kernel::{AgencyId, PersonId};
use proto::referrals as pb;
use proto::registry as reg;
use tests::alone::until;
use tests::say;
use tests::world::{World, request_id};

use crate::{command, serve_all};

/// How long the first directive holds: longer than it takes to read by it.
const HOLDS: SignedDuration = SignedDuration::from_secs(10);

/// The lines that the agency reads of the person, and the directives by which it sees what others wrote.
async fn reads(world: &World, agency: AgencyId, person: PersonId) -> (Vec<String>, Vec<String>) {
    let request = proto::timeline::GetTimelineRequest { person_id: person.to_string(), ..Default::default() };
    let page = world.timeline(World::worker(agency)).get_timeline(request).await.unwrap().into_inner();
    (page.entries.into_iter().map(|entry| entry.line).collect(), page.directive_ids)
}

/// Opens everything without a label to the agency, until then.
fn until_then(agency: AgencyId, end: Timestamp) -> Option<reg::ConsentContent> {
    let scope = reg::ConsentScope { until: Some(platform::wire::to_instant(end)), ..say::scope(agency) };
    Some(reg::ConsentContent { scope: Some(scope), operator_is_intermediary: true, ..Default::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_opens_what_it_names_until_its_end_which_is_told_though_it_came_while_nothing_ran() {
    let home = tempfile::tempdir().unwrap();
    let (mut process, world) = serve_all(home.path()).await;
    let (shelter, clinic) = (world.agency("Invented Shelter").await, world.agency("Invented Clinic").await);
    let ana = world.person(shelter, "Ana").await;
    let own = world.offer(shelter, "A bed for the night").await;
    let start = pb::StartParticipationRequest {
        request_id: request_id(),
        person_id: ana.to_string(),
        offer_id: own,
        ..Default::default()
    };
    world.referrals(World::worker(shelter)).start_participation(start).await.unwrap();
    let offer = world.offer(clinic, "Kitchen skills").await;

    // The shelter prepares what Ana then gives herself.
    let end = Timestamp::now() + HOLDS;
    let draft = reg::DraftConsentRequest {
        request_id: request_id(),
        person_id: ana.to_string(),
        content: until_then(clinic, end),
        ..Default::default()
    };
    let drafted = world.registry(World::worker(shelter)).draft_consent(draft).await.unwrap().into_inner();
    let give = reg::GiveConsentRequest {
        request_id: request_id(),
        person_id: ana.to_string(),
        directive_id: drafted.directive_id.clone(),
        ..Default::default()
    };
    let given = world.registry(World::own(ana)).give_consent(give).await.unwrap().into_inner();
    let stays = "Takes part in A bed for the night".to_owned();
    until("the clinic to read what the shelter wrote", async || {
        let (lines, by) = reads(&world, clinic, ana).await;
        (lines.contains(&stays) && by == [given.directive_id.clone()]).then_some(())
    })
    .await;
    let referral = world.referral(shelter, ana, &offer).await;
    let told = command(process.grpc(), &["events", "referrals", "--json"]).await;
    let sent = told.lines().find(|line| line.contains("ReferralSent")).expect("it was sent");
    assert!(sent.contains(&given.directive_id), "it names the directive that allowed it: {sent}");

    process.terminate();
    assert!(process.ended().await.success(), "{}", process.said());
    until("the end to come while nothing runs", async || (Timestamp::now() > end).then_some(())).await;
    let (mut process, world) = serve_all(home.path()).await;
    let told = until("the end to be told", async || {
        let told = command(process.grpc(), &["events", "registry", "--json"]).await;
        told.contains("ConsentExpired").then_some(told)
    })
    .await;
    assert_eq!(told.matches("ConsentExpired").count(), 1, "once, although late: {told}");
    until("the timeline to have read that the consent ended", async || {
        let own = world.entries(World::own(ana), ana).await;
        own.iter().any(|entry| entry.line.ends_with(", expired")).then_some(())
    })
    .await;
    let (lines, by) = reads(&world, clinic, ana).await;
    assert!(!lines.contains(&stays) && by.is_empty(), "{lines:?} by {by:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("Referral to Kitchen skills")),
        "its own stays: {lines:?}"
    );

    // The next referral has nothing to name.
    world.read_referral(clinic, &referral).await;
    let another = world.offer(clinic, "Balcony skills").await;
    let mut asks = world.referrals(World::worker(shelter));
    let draft = asks.draft_referral(world.draft(ana, &another)).await.unwrap().into_inner();
    let send = pb::SendReferralRequest {
        request_id: request_id(),
        referral_id: tests::world::id(draft.written),
        ..Default::default()
    };
    let refused = asks.send_referral(send).await.unwrap_err();
    assert_eq!(platform::error::reason(&refused).as_deref(), Some("CONSENT_MISSING"));
    process.terminate();
    assert!(process.ended().await.success(), "{}", process.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_follows_the_persons_yes_at_once_is_never_refused_for_want_of_it() {
    let home = tempfile::tempdir().unwrap();
    let (process, world) = serve_all(home.path()).await;
    let (shelter, clinic) = (world.agency("Invented Shelter").await, world.agency("Invented Clinic").await);
    let offer = world.offer(clinic, "Kitchen skills").await;
    let mut asks = world.referrals(World::worker(shelter));
    // What the registry tells is on its way for some milliseconds only, so it is tried many times.
    for _ in 0..60 {
        let person = world.person(shelter, "Ana").await;
        let draft = asks.draft_referral(world.draft(person, &offer)).await.unwrap().into_inner();
        let referral_id = tests::world::id(draft.written);
        let send = || pb::SendReferralRequest {
            request_id: request_id(),
            referral_id: referral_id.clone(),
            ..Default::default()
        };
        let refused = asks.send_referral(send()).await.unwrap_err();
        assert_eq!(platform::error::reason(&refused).as_deref(), Some("CONSENT_MISSING"));
        world.consents(person, shelter, clinic).await;
        asks.send_referral(send()).await.expect("the person has said yes");
    }
    process.kill();
}
