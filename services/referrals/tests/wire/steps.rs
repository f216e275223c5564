//! Clocks of machines that step or differ: what ran out is told once, by whichever process, and the log's own time never goes back.

use platform::log::Groups;
use platform::store::StoreUrl;
use tests::Postgres;

use super::clocks::{overdue, until_overdue};
use super::*;

async fn process(store: &StoreUrl) -> Alone {
    Alone::start_at("referrals", store.clone(), async |parts| referrals::service(&parts).await).await
}

/// A process whose clock stands so many days after that of every test's start.
async fn days_on(store: &StoreUrl, days: i64) -> Alone {
    let process = process(store).await;
    process.hours_pass(24 * days);
    process
}

async fn sent_now(service: &Alone, offer: &str) -> String {
    let mut shelter = Client::new(service.worker(SHELTER));
    let referral = drafted(&mut shelter, offer).await;
    sent(&mut shelter, &referral).await;
    referral
}

/// The log's own times, in its order.
async fn recorded(service: &Alone) -> Vec<jiff::Timestamp> {
    let events = service.service.log().read(0, Groups::ALL, 1_000).await.unwrap();
    events.iter().map(|event| event.recorded_at).collect()
}

async fn clocks_told(service: &Alone) -> Vec<pb::Clock> {
    overdue(service).await.into_iter().map(|(clock, _)| clock).collect()
}

const BOTH: [pb::Clock; 2] = [pb::Clock::Acknowledge, pb::Clock::Answer];

#[tokio::test(flavor = "multi_thread")]
async fn after_a_clock_was_set_back_nothing_is_told_twice_and_what_is_left_runs_out_once() {
    let store = StoreUrl::Postgres(Postgres::shared().await.url().await);
    let ahead = process(&store).await;
    let (cooking, money) =
        (with_offer(&ahead, offer("Cooking")).await, with_offer(&ahead, offer("Money")).await);
    ana_allows(&ahead, CLINIC).await;
    let first = sent_now(&ahead, &cooking).await;
    ahead.hours_pass(40 * 24);
    until_overdue(&mut Client::new(ahead.worker(SHELTER)), &first, &BOTH).await;
    let before = recorded(&ahead).await;
    ahead.stop().await;

    // The machine that takes over is 39 days behind; what it is told lives by its own clock.
    let behind = days_on(&store, 1).await;
    let mut shelter = Client::new(behind.worker(SHELTER));
    let second = sent_now(&behind, &money).await;
    assert_eq!(
        read(&mut shelter, &second).await.requested_at.unwrap().seconds,
        behind.clock.now().as_second()
    );
    behind.hours_pass(8 * 24);
    until_overdue(&mut shelter, &second, &BOTH[..1]).await;
    assert_eq!(clocks_told(&behind).await, [BOTH[0], BOTH[1], BOTH[0]], "of the first nothing is told again");
    assert_eq!(
        read(&mut shelter, &first).await.overdue().collect::<Vec<_>>(),
        BOTH,
        "and it is overdue still"
    );

    // The review of either is due in 90 days by the clock that it was sent by.
    behind.hours_pass(120 * 24);
    let all = [pb::Clock::Acknowledge, pb::Clock::Answer, pb::Clock::Review];
    for referral in [&first, &second] {
        until_overdue(&mut shelter, referral, &all).await;
    }
    let mut told = clocks_told(&behind).await;
    told.sort_unstable();
    assert_eq!(told, all.into_iter().flat_map(|clock| [clock; 2]).collect::<Vec<_>>(), "each of each once");
    let times = recorded(&behind).await;
    assert_eq!(times[..before.len()], before);
    assert!(times.is_sorted(), "the log's time never goes back: {times:?}");
    behind.one_batch_makes_the_same_lists().await;
    behind.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_whose_clocks_are_a_day_apart_one_tells_each_clock_once() {
    let store = StoreUrl::Postgres(Postgres::shared().await.url().await);
    let late = process(&store).await;
    let cooking = with_offer(&late, offer("Cooking")).await;
    ana_allows(&late, CLINIC).await;
    let first = sent_now(&late, &cooking).await;
    let early = days_on(&store, 1).await;
    let mut shelter = Client::new(early.worker(SHELTER));
    // By either of them the first clock has run out.
    for process in [&late, &early] {
        process.hours_pass(6 * 24);
    }
    until_overdue(&mut shelter, &first, &BOTH[..1]).await;
    for process in [&late, &early] {
        process.hours_pass(30 * 24);
    }
    until_overdue(&mut shelter, &first, &BOTH).await;
    // Whichever told it, the other has it from the log, and has told nothing when it is alone.
    early.stop().await;
    let review = [pb::Clock::Acknowledge, pb::Clock::Answer, pb::Clock::Review];
    late.hours_pass(90 * 24);
    let mut shelter = Client::new(late.worker(SHELTER));
    until_overdue(&mut shelter, &first, &review).await;
    let again = days_on(&store, 200).await;
    let mut shelter = Client::new(again.worker(SHELTER));
    call!(shelter, review_referral, ReviewReferralRequest { referral_id: first.clone() }).unwrap();
    late.hours_pass(200 * 24);
    again.hours_pass(100 * 24);
    until_overdue(&mut shelter, &first, &review).await;
    let told = clocks_told(&again).await;
    assert_eq!(
        told,
        [review[0], review[1], review[2], review[2]],
        "each once, the review once more after a look"
    );
    assert!(recorded(&again).await.is_sorted());
    for process in [late, again] {
        process.stop().await;
    }
}
