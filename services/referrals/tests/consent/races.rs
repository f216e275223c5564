//! A referral that is sent while its consent is taken back.
//! Invariant: whichever of the two comes first, nothing that was sent stays unmarked.

use futures_util::future::join;
use platform::store::StoreUrl;
use tests::Postgres;

use super::*;

/// How often it is tried.
const TRIES: u128 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_before_a_revocation_was_heard_ends_up_marked_in_one_process_and_over_two() {
    let postgres = StoreUrl::Postgres(Postgres::shared().await.url().await);
    let begin = async || {
        Alone::start_at("referrals", postgres.clone(), async |parts| referrals::service(&parts).await).await
    };
    let site = Site::new(false).await;
    nothing_sent_stays_unmarked(&site, &site.service).await;
    site.service.stop().await;

    let (site, other) = (Site::of(begin().await, false).await, begin().await);
    // What follows is the work of whichever process has the lease, and what is sent that of either.
    nothing_sent_stays_unmarked(&site, &other).await;
    site.service.stop().await;
    other.stop().await;
}

/// Sends at the one, or at the other, while the person takes it back.
async fn nothing_sent_stays_unmarked(site: &Site, other: &Alone) {
    let mut sent = vec![];
    for n in 0..TRIES {
        let person = PersonId::of(1_000 + n);
        site.tell(say::stream(person), Some(person), say::given(person, CLINIC)).await;
        let referral = site.draft_of(person).await;
        let sender = Client::new(if n % 2 == 0 { &site.service } else { other }.worker(SHELTER));
        let (request_id, referral_id) = (new_request(), referral.clone());
        let request = pb::SendReferralRequest { request_id, referral_id, ..Default::default() };
        // The one begins a little before the other, or after it: the further, the later the try.
        let (first, second) = if n % 3 == 0 { (n, 0) } else { (0, n) };
        let sending = async {
            passes(first).await;
            sender.clone().send_referral(request).await
        };
        let taking_back = async {
            passes(second).await;
            let event = RegistryEvent { kind: Some(say::revoked(person, CLINIC)) };
            site.service.tell("registry", say::stream(person), Some(person), &event).await;
        };
        match join(sending, taking_back).await.0 {
            Ok(_) => sent.push(referral),
            Err(status) => assert_eq!(reason(&status).as_deref(), Some("CONSENT_MISSING")),
        }
    }
    assert!(!sent.is_empty(), "none was sent: nothing was tried");
    for referral in &sent {
        site.marked(referral, true).await;
    }
}

async fn passes(turns: u128) {
    for _ in 0..turns * 4 {
        tokio::task::yield_now().await;
    }
}
