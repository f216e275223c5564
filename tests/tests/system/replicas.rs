//! Two processes of every service over one PostgreSQL and one NATS, as behind a load balancer.

use proto::referrals as pb;
use tests::alone::until;
use tests::world::{World, request_id};
use tests::{Ground, Version};

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_is_told_the_other_acts_on() {
    let ground = Ground::new(Version::Newest).await;
    let launch = ground.serve("all", "127.0.0.1:0");
    let (mut one, mut other) = (launch.start().await, launch.start().await);
    let (here, there) = (World::at(one.grpc()), World::at(other.grpc()));

    let agency = here.agency("Invented Shelter").await;
    let ana = here.person(agency, "Ana").await;
    let offer = here.offer(agency, "Cooking").await;
    let mut client = there.referrals(World::worker(agency));
    // The other replica holds the offer from here on.
    until("the person to be known to the other replica", async || {
        client.draft_referral(there.draft(ana, &offer)).await.ok()
    })
    .await;
    let withdrawn = pb::WithdrawServiceOfferRequest {
        request_id: request_id(),
        offer_id: offer.clone(),
        ..Default::default()
    };
    here.referrals(World::worker(agency)).withdraw_service_offer(withdrawn).await.unwrap();
    // At once, however little of it the other has heard: it rests on the offer as the log has it.
    let reason = client.draft_referral(there.draft(ana, &offer)).await.expect_err("it is withdrawn");
    assert_eq!(platform::error::reason(&reason).as_deref(), Some("OFFER_NOT_OPEN"), "{reason}");

    for process in [&mut one, &mut other] {
        process.terminate();
    }
    for process in [&mut one, &mut other] {
        assert!(process.ended().await.success(), "{}", process.said());
    }
}
