//! Any interleaving, loss, repetition and restart of deliveries gives the same rows.

use std::sync::Arc;
use std::time::Duration;

use platform::source::{Pace, Source};

use crate::fixture::{Dice, Place, Teller, level, on_both, pace, rows, setup, start};
use crate::tally::Tally;
use tests::nasty::{Manners, Nasty};

const LOGS: [&str; 3] = ["referrals", "housing", "therapy"];
const WORDS: [&str; 5] = ["came", "went", "stayed", "asked", "poison"];

on_both!(
    any_delivery_of_several_logs_with_restarts_gives_the_same_rows,
    a_tail_that_brings_nothing_costs_only_time,
    a_tail_that_loses_half_costs_nothing,
);

async fn any_delivery_of_several_logs_with_restarts_gives_the_same_rows(place: Place) {
    let mut dice = Dice::new(Dice::seed());
    let mut tellers = Vec::new();
    for log in LOGS {
        tellers.push(Teller::new(place.open(log).await.log()));
    }
    let logs: Vec<_> = tellers.iter().map(|teller| teller.log.clone()).collect();
    let logs: Vec<_> = logs.iter().collect();
    let tally = Arc::new(Tally::of(&LOGS));
    let badly = place.open("badly").await;
    for _life in 0..6 {
        let sources = logs.iter().map(|log| {
            let tail = Nasty::new(log, Manners::BAD, dice.throw());
            Source::local(log.service(), (*log).clone()).with_tail(tail)
        });
        let mut setup = setup(&badly, &tally, sources.collect());
        setup.pace = Pace { run: 1 + dice.below(9) as usize, ..pace() };
        let stop = setup.stop.clone();
        let running = start(setup).await;
        for _ in 0..30 {
            let teller = &mut tellers[dice.below(3) as usize];
            teller.tell(dice.below(5).into(), "Said", WORDS[dice.below(5) as usize]).await;
        }
        if dice.percent(50) {
            // Sleeps: it is stopped at a random moment of its work.
            tokio::time::sleep(Duration::from_millis(dice.below(60))).await;
        } else {
            level(&running.views(), &logs).await;
        }
        stop.cancel();
        running.ended().await;
    }
    // What was parked in several lives goes on in one.
    tally.mended.store(true, std::sync::atomic::Ordering::SeqCst);
    let sources: Vec<_> = logs.iter().map(|log| Source::local(log.service(), (*log).clone())).collect();
    let running = start(setup(&badly, &tally, sources.clone())).await;
    level(&running.views(), &logs).await;
    running.replay(None).await.expect("what waits is applied");
    assert_eq!(running.parked().await.unwrap(), []);

    let plain = start(setup(&place.open("plainly").await, &tally, sources)).await;
    level(&plain.views(), &logs).await;
    let (badly, plainly) = (rows(&running.views().db()).await, rows(&plain.views().db()).await);
    assert!(plainly.len() > 180, "each of 180 events is a row, and each stream");
    assert_eq!(badly, plainly);
}

async fn a_tail_that_brings_nothing_costs_only_time(place: Place) {
    made_level_with(place, Manners::SILENT).await;
}

async fn a_tail_that_loses_half_costs_nothing(place: Place) {
    made_level_with(place, Manners::LEAKY).await;
}

async fn made_level_with(place: Place, manners: Manners) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    let tally = Arc::new(Tally::of(&["referrals"]));
    let tail = Nasty::new(&teller.log, manners, Dice::seed());
    let source = Source::local("referrals", teller.log.clone()).with_tail(tail);
    let running = start(setup(&place.open("timeline").await, &tally, vec![source])).await;
    for number in 0..100 {
        teller.tell(number % 7, "Said", "word").await;
    }
    level(&running.views(), &[&teller.log]).await;
    assert_eq!(rows(&running.views().db()).await.len(), 107);
}
