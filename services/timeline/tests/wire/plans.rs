//! What a page costs where many others have timelines: by what PostgreSQL says it has read.

use tests::Postgres;
use tests::reads::Reads;

use super::*;

/// Entries of others: as many as make a plan that is no look-up cost what it would in an agency of some years.
const OTHERS: i64 = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_and_an_event_read_one_persons_rows_however_many_others_there_are() {
    let url = Postgres::shared().await.url().await;
    let store = platform::store::StoreUrl::Postgres(url.clone());
    let service = Alone::start_at("timeline", store, async |parts| timeline::service(&parts).await).await;
    // Plans are made while there is nearly nothing to read, and kept.
    let stream = referral(&service, 1, false).await;
    for number in 2..=4 {
        contact(&service, number, ANA, SHELTER, "2026-03-02").await;
    }
    read_all(&service, service.worker(SHELTER), of(ANA), 4).await;
    let earlier = referral(&service, 5, true).await;
    read_all(&service, service.worker(SHELTER), of(ANA), 5).await;
    let mut reads = Reads::of(&url, "timeline_timeline_g1", &["entry"]).await;
    let others = format!(
        "INSERT INTO entry SELECT md5((n % 400)::text)::uuid, class, at + n, gen_random_uuid(), known_from, known_to, service, \
         'participation-' || gen_random_uuid(), key, position, ended, body FROM entry, generate_series(1, {OTHERS}) AS n \
         WHERE stream = 'participation-{}'; \
         ANALYZE entry",
        Uuid::from_u128(2)
    );
    reads.run(&others).await;

    let before = reads.counts().await;
    // Events of streams of which something is stored, and one of a new one.
    for stream in [stream, earlier] {
        let acknowledged = Referrals::ReferralAcknowledged(Default::default());
        let sent = Referrals::ReferralSent(Default::default());
        let kind = if stream == earlier { acknowledged } else { sent };
        tell(&service, stream, ANA, SHELTER, kind).await;
    }
    contact(&service, 6, ANA, SHELTER, "2026-03-03").await;
    until("what was told to be read", async || {
        let found = read(service.worker(SHELTER), of(ANA)).await;
        let acknowledged = lines(&found).contains(&"Referral to Kitchen skills: acknowledged");
        (acknowledged && found.len() == 6).then_some(())
    })
    .await;
    let mut pages = 0;
    let rows = reads
        .rows_of(before, 60, async || {
            for request in [of(ANA), contacts_of(ANA)] {
                pages += 1;
                assert!(!read(service.worker(SHELTER), request).await.is_empty());
            }
        })
        .await;
    // Six entries, two of them under two classes, some told twice or thrice.
    let bound = 200 + 100 * pages;
    assert!(rows <= bound.min(OTHERS / 2), "{rows} rows for {pages} pages of 6 entries beside {OTHERS}");
}
