//! Walkthrough 5: an erasure, and a backup from before it.

use kernel::{AgencyId, PersonId};
use proto::registry as pb;
use proto::types::{FieldStatus, LifeDomain, Voice};
use tests::alone::until;
use tests::world::{World, request_id};

use crate::{launch_all, serve_all, serving};

const GOAL: &str = "a garden of my own, invented";

/// Files of a store that a backup holds; the erasure ledger is kept apart.
fn backed_up(name: &str) -> bool {
    name.contains(".db")
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if backed_up(&entry.file_name().to_string_lossy()) {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_persons_words_never_open_again_not_even_from_a_backup() {
    let (home, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut process, world) = serve_all(home.path()).await;
    let shelter = world.agency("Invented Shelter").await;
    let ana = world.person(shelter, "Ana").await;
    sets_a_goal(&world, shelter, ana).await;
    assert_eq!(goal_text(&world, ana, FieldStatus::Open).await, GOAL);
    process.terminate();
    assert!(process.ended().await.success());
    copy(home.path(), backup.path());

    let (mut process, world) = serve_all(home.path()).await;
    let erase =
        pb::ErasePersonRequest { request_id: request_id(), person_id: ana.to_string(), ..Default::default() };
    world.registry(World::operator()).erase_person(erase).await.unwrap();
    assert_eq!(goal_text(&world, ana, FieldStatus::Erased).await, "");
    let refused =
        world.referrals(World::worker(shelter)).draft_referral(world.draft(ana, &uuid_text())).await;
    assert!(refused.is_err());
    process.terminate();
    assert!(process.ended().await.success());

    for entry in std::fs::read_dir(home.path()).unwrap() {
        let entry = entry.unwrap();
        if backed_up(&entry.file_name().to_string_lossy()) {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    copy(backup.path(), home.path());
    let (_process, world) = serve_all(home.path()).await;
    assert_eq!(goal_text(&world, ana, FieldStatus::Erased).await, "", "the ledger outlives the backup");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_died_before_the_key_was_destroyed_is_done_by_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let (mut process, world) = serve_all(home.path()).await;
    let shelter = world.agency("Invented Shelter").await;
    let ana = world.person(shelter, "Ana").await;
    sets_a_goal(&world, shelter, ana).await;
    assert_eq!(goal_text(&world, ana, FieldStatus::Open).await, GOAL);
    process.terminate();
    assert!(process.ended().await.success());

    // The ledger has her name; the key is still there.
    let (mut dying, world) = serving(launch_all(home.path()).fault("registry.shred=abort")).await;
    let erase =
        pb::ErasePersonRequest { request_id: request_id(), person_id: ana.to_string(), ..Default::default() };
    let lost = world.registry(World::operator()).erase_person(erase.clone()).await.unwrap_err();
    assert_eq!(lost.code(), tonic::Code::Unavailable, "{lost}");
    assert!(!dying.ended().await.success());

    let (_process, world) = serve_all(home.path()).await;
    assert_eq!(goal_text(&world, ana, FieldStatus::Erased).await, "", "nobody asked again");
    let first = world.registry(World::operator()).erase_person(erase.clone()).await.unwrap().into_inner();
    let again = world.registry(World::operator()).erase_person(erase).await.unwrap().into_inner();
    assert_eq!(first, again);
}

fn uuid_text() -> String {
    uuid::Uuid::now_v7().to_string()
}

async fn sets_a_goal(world: &World, agency: AgencyId, person: PersonId) {
    let goal = pb::SetGoalRequest {
        request_id: request_id(),
        person_id: person.to_string(),
        content: Some(pb::GoalContent {
            text: GOAL.into(),
            life_domains: vec![LifeDomain::Housing.into()],
            ..Default::default()
        }),
        voice: Voice::Person.into(),
    };
    world.registry(World::worker(agency)).set_goal(goal).await.unwrap();
}

async fn goal_text(world: &World, person: PersonId, wanted: FieldStatus) -> String {
    until(&format!("the goal to read as {wanted:?}"), async || {
        let entries = world.entries(World::operator(), person).await;
        let goal = entries.into_iter().find(|entry| entry.text_status() != FieldStatus::Unspecified)?;
        (goal.text_status() == wanted).then_some(goal.text)
    })
    .await
}
