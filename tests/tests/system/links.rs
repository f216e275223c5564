//! Walkthrough 4: a link and an unlink.

use kernel::PersonId;
use proto::registry as pb;
use proto::timeline::Entry;
use tests::alone::until;
use tests::world::{World, request_id};

use crate::{command, serve_all};

#[tokio::test(flavor = "multi_thread")]
async fn a_double_record_is_linked_and_unlinked_and_every_other_entry_is_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let (process, world) = serve_all(home.path()).await;
    let shelter = world.agency("Invented Shelter").await;
    let offer = world.offer(shelter, "Kitchen skills").await;
    let (one, other) = (world.person(shelter, "Ana").await, world.person(shelter, "Anna").await);
    for person in [one, other] {
        let request = proto::referrals::StartParticipationRequest {
            request_id: request_id(),
            person_id: person.to_string(),
            offer_id: offer.clone(),
            ..Default::default()
        };
        world.referrals(World::worker(shelter)).start_participation(request).await.unwrap();
    }
    let before = (entries(&world, one, 1).await, entries(&world, other, 1).await);

    let link = pb::LinkPersonsRequest {
        request_id: request_id(),
        canonical_id: one.to_string(),
        member_id: other.to_string(),
        ..Default::default()
    };
    world.registry(World::worker(shelter)).link_persons(link).await.unwrap();
    let together = entries(&world, one, 2).await;
    assert_eq!(entries(&world, other, 2).await, together, "both records read as one person");

    let unlink = pb::UnlinkPersonsRequest {
        request_id: request_id(),
        canonical_id: one.to_string(),
        member_id: other.to_string(),
        ..Default::default()
    };
    world.registry(World::worker(shelter)).unlink_persons(unlink).await.unwrap();
    assert_eq!((entries(&world, one, 1).await, entries(&world, other, 1).await), before);

    let relink = pb::LinkPersonsRequest {
        request_id: request_id(),
        canonical_id: one.to_string(),
        member_id: other.to_string(),
        ..Default::default()
    };
    let refused = world.registry(World::worker(shelter)).link_persons(relink).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition, "an unlink leaves: never link these two");
    command(process.grpc(), &["verify"]).await;
}

/// The participations on a timeline, once there are so many; the entries of the link itself aside.
async fn entries(world: &World, person: PersonId, count: usize) -> Vec<Entry> {
    until(&format!("{count} participations"), async || {
        let mut entries = world.entries(World::operator(), person).await;
        entries.retain(|entry| entry.service == "referrals");
        (entries.len() == count).then_some(entries)
    })
    .await
}
