//! Many referrals at once, 64 workers on both sides, and `kill -9` of the service that keeps them or of the one that serves: none is lost, doubled, or
//! in a state that its history does not explain.

use std::collections::BTreeMap;

use kernel::AgencyId;
use proto::referrals::{ListReferralsRequest, ReferralState as State};
use tests::alone::until;
use tests::world::World;

use crate::apart::Apart;
use crate::audit::in_the_logs_once;
use crate::chance::Chance;
use crate::load::Sides;
use crate::{setting, turn};

/// Workers on both sides together.
const WORKERS: u64 = 64;
/// Referrals in the short form.
const REFERRALS: u64 = 400;
/// Deaths in the short form.
const DEATHS: u64 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn referrals_by_many_workers_survive_the_deaths_of_either_service() {
    let _turn = turn().await;
    let mut chance = Chance::new("deaths under referrals");
    let (referrals, deaths) =
        (setting("THROUGHLINE_REFERRALS", REFERRALS), setting("THROUGHLINE_KILLS", DEATHS));
    let apart = Apart::new().await;
    let _registry = apart.serve("registry").await;
    let mut services = [
        ("referrals", Some(apart.serve("referrals").await)),
        ("vocational", Some(apart.serve("vocational").await)),
    ];
    let world = apart.world();
    let sides = Sides::start(&world, WORKERS, referrals).await;
    // About ten commands a referral: the deaths are spread over them.
    let apart_by = (referrals * 7 / (deaths + 1)).max(1);
    let mut died = 0;
    for death in 1..=deaths {
        let mut answered = sides.answered();
        while answered < death * apart_by && !sides.is_done() {
            answered = until("the work to go on", async || {
                let now = sides.answered();
                (now > answered || sides.is_done()).then_some(now)
            })
            .await;
        }
        if sides.is_done() {
            break;
        }
        let (service, process) = &mut services[chance.below(2) as usize];
        process.take().expect("it serves").kill();
        *process = Some(apart.serve(service).await);
        died += 1;
    }
    assert!(died > deaths / 2, "{died} deaths only before the work was done");
    let agency = sides.refers;
    let acknowledged = sides.done().await;
    println!("{} commands acknowledged, {died} deaths", acknowledged.len());
    let discharged = acknowledged.iter().filter(|command| command.kind == "CaseDischarged").count();
    // As long as more of them come back: to read many takes longer than to wait for one.
    let (mut states, mut back) = (BTreeMap::new(), 0);
    while back < discharged {
        let waited = format!("more than {back} of {discharged} cases to come back");
        (states, back) = until(&waited, async || {
            let states = states_of(&world, agency).await;
            let completed = states.values().filter(|state| **state == State::Completed).count();
            (completed > back).then_some((states, completed))
        })
        .await;
    }
    assert_eq!(states.len() as u64, referrals, "every referral is there, and no other");
    let logs = ["registry", "referrals", "vocational"].map(|log| (log, apart.address(log)));
    let logs = in_the_logs_once(&logs, &acknowledged).await;
    let [_, own, vocational] = &logs[..] else { panic!("three logs were read") };
    let histories = own.histories("referral-");
    assert_eq!(histories.len(), states.len());
    for (referral, state) in &states {
        let history = &histories[referral];
        assert_eq!(explained(history), Some(*state), "{referral}: {history:?}");
    }
    for command in &acknowledged {
        let follows = match command.kind {
            "ReferralAccepted" => vocational.count("CaseOpened", "correlation_id", &command.request),
            "CaseDischarged" => own.count("ReferralCompleted", "correlation_id", &command.request),
            _ => continue,
        };
        assert_eq!(follows, 1, "what follows from {command:?}");
    }
    println!("{referrals} referrals, {} commands acknowledged, {died} deaths survived", acknowledged.len());
}

/// Every referral that the agency made, and its state, as its list tells.
async fn states_of(world: &World, agency: AgencyId) -> BTreeMap<String, State> {
    let mut client = world.referrals(World::worker(agency));
    let (mut states, mut page_token) = (BTreeMap::new(), String::new());
    loop {
        let request = ListReferralsRequest { page_size: 200, page_token, ..Default::default() };
        let page = client.list_referrals(request).await.expect("a page").into_inner();
        states.extend(page.referrals.into_iter().map(|referral| (referral.id.clone(), referral.state())));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return states;
        }
    }
}

/// The state that these events lead to by the state table; none where one of them may not follow on the other.
pub fn explained(history: &[String]) -> Option<State> {
    history.iter().try_fold(State::Unspecified, |state, kind| match (kind.as_str(), state) {
        ("ReferralDrafted", State::Unspecified) => Some(State::Draft),
        ("ReferralSent", State::Draft) => Some(State::Requested),
        ("ReferralAcknowledged", State::Requested) => Some(state),
        ("ReferralAccepted", State::Requested) => Some(State::Accepted),
        ("ReferralRejected", State::Requested) => Some(State::Rejected),
        // What was taken off hold is in progress, and has begun only with its first contact.
        ("ReferralStarted", State::Accepted | State::InProgress) => Some(State::InProgress),
        ("ReferralHeld", State::Accepted | State::InProgress) => Some(State::OnHold),
        ("ReferralResumed", State::OnHold) => Some(State::InProgress),
        ("ReferralCompleted", State::Accepted | State::InProgress) => Some(State::Completed),
        ("ReferralCancelled", State::Requested | State::Accepted | State::InProgress) => {
            Some(State::Cancelled)
        }
        // Beside the state; it may come after the end too, where both sides acted at once.
        ("ReferralProgressed", State::Accepted | State::InProgress | State::OnHold | State::Cancelled) => {
            Some(state)
        }
        _ => None,
    })
}
