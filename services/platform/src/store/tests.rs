//! A store from its address to its generations of views.

use super::*;

#[test]
fn a_store_is_named_by_a_directory_or_a_database() {
    assert_eq!("sqlite:/tmp/x".parse(), Ok(StoreUrl::Sqlite("/tmp/x".into())));
    let postgres = "postgres://someone:secret@db.example/lives";
    assert_eq!(postgres.parse(), Ok(StoreUrl::Postgres(postgres.into())));
    for wrong in ["", "sqlite:", "mysql://x", "/tmp/x", "postgres://[x"] {
        assert_eq!(wrong.parse::<StoreUrl>(), Err(NotAStore), "{wrong}");
    }
}

#[test]
fn a_url_never_shows_its_password() {
    let url: StoreUrl = "postgres://someone:secret@db.example/lives".parse().unwrap();
    assert!(!format!("{url:?}").contains("secret"));
}

#[tokio::test]
async fn generations_of_a_view_come_and_go_and_the_log_stays() {
    let directory = tempfile::tempdir().unwrap();
    let url = StoreUrl::Sqlite(directory.path().to_owned());
    let store = Store::open(&url, "referrals", Clock::system()).await.unwrap();
    for generation in [2, 1, 10] {
        let db = store.views("inbox", generation).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        tx.script("CREATE TABLE rows (n bigint)").await.unwrap();
        tx.commit().await.unwrap();
    }
    store.views("inbox_age", 4).await.unwrap();
    assert_eq!(store.generations("inbox").await.unwrap(), [1, 2, 10]);
    store.drop_views("inbox", 2).await.unwrap();
    store.drop_views("inbox", 2).await.unwrap();
    assert_eq!(store.generations("inbox").await.unwrap(), [1, 10]);
    let again = store.views("inbox", 2).await.unwrap();
    assert!(again.fetch("SELECT n FROM rows", args![]).await.is_err(), "a new generation is empty");
    assert_eq!(store.log().head().await.unwrap().position, 0);
}
