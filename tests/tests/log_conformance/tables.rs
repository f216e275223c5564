//! The tables beside the log: one SQL text, the same values and the same transactions on both stores.

use platform::args;
use platform::db::{Db, StoreError, Value};
use platform::store::StoreUrl;
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::fixture::{Place, on_both};

on_both!(
    a_value_comes_back_as_it_went_in,
    a_null_fits_every_column_whatever_came_before_it,
    a_column_of_another_shape_is_an_error,
    a_transaction_is_all_or_nothing,
    a_savepoint_undoes_what_followed_it_alone,
    a_failed_statement_does_not_poison_the_next_reader,
    generations_are_places_of_their_own,
);

async fn table(place: &Place) -> Db {
    let store = place.open().await;
    let db = store.views("inbox", 1).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.script("CREATE TABLE facts (n bigint, t text, b bytea, u uuid)").await.unwrap();
    tx.commit().await.unwrap();
    db
}

const INSERT: &str = "INSERT INTO facts (n, t, b, u) VALUES ($1, $2, $3, $4)";
const SELECT: &str = "SELECT n, t, b, u FROM facts ORDER BY n";

async fn put(db: &Db, args: Vec<Value>) {
    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.execute(INSERT, args).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

async fn a_value_comes_back_as_it_went_in(place: Place) {
    let db = table(&place).await;
    let id = Uuid::from_u128(u128::MAX / 3);
    for number in [i64::MIN, -1, 0, i64::MAX] {
        put(&db, args![number, "ä \"x\" 'y'", vec![0_u8, 255], id]).await;
    }
    put(&db, args![true, "", Vec::<u8>::new(), Uuid::nil()]).await;
    let rows = db.fetch(SELECT, args![]).await.unwrap();
    let numbers: Vec<i64> = rows.iter().map(|row| row.i64(0).unwrap()).collect();
    assert_eq!(numbers, [i64::MIN, -1, 0, 1, i64::MAX]);
    assert_eq!(rows[0].text(1).unwrap(), "ä \"x\" 'y'");
    assert_eq!(rows[0].bytes(2).unwrap(), [0, 255]);
    assert_eq!(rows[0].uuid(3).unwrap(), id);
    assert_eq!(rows[1].u64(0).unwrap(), u64::MAX, "bit for bit");
    assert!(rows[3].bool(0).unwrap() && !rows[2].bool(0).unwrap());
    assert_eq!((rows[3].text(1).unwrap(), rows[3].bytes(2).unwrap()), (String::new(), vec![]));
    let found =
        db.fetch("SELECT count(*) FROM facts WHERE u = $1 AND b = $2", args![id, vec![0_u8, 255]]).await;
    assert_eq!(found.unwrap()[0].i64(0).unwrap(), 4);
}

async fn a_null_fits_every_column_whatever_came_before_it(place: Place) {
    let db = table(&place).await;
    let none =
        || args![Option::<i64>::None, Option::<&str>::None, Option::<Vec<u8>>::None, Option::<Uuid>::None];
    put(&db, none()).await;
    put(&db, args![1, "t", vec![1_u8], Uuid::nil()]).await;
    put(&db, none()).await;
    let rows = db.fetch("SELECT n, t, b, u FROM facts WHERE n IS NULL", args![]).await.unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!((row.opt_i64(0).unwrap(), row.opt_text(1).unwrap()), (None, None));
        assert_eq!((row.opt_bytes(2).unwrap(), row.opt_uuid(3).unwrap()), (None, None));
        assert!(matches!(row.i64(0), Err(StoreError::Column { column: 0, .. })));
    }
    assert_eq!(db.fetch("SELECT n FROM facts WHERE n = $1", args![1]).await.unwrap().len(), 1);
}

async fn a_column_of_another_shape_is_an_error(place: Place) {
    let db = table(&place).await;
    put(&db, args![1, "t", vec![1_u8], Uuid::nil()]).await;
    let row = &db.fetch(SELECT, args![]).await.unwrap()[0];
    assert!(row.text(0).is_err() && row.i64(1).is_err() && row.uuid(2).is_err());
    assert!(row.i64(9).is_err(), "there is no such column");
    assert!(!row.text(0).unwrap_err().retryable());
}

async fn a_transaction_is_all_or_nothing(place: Place) {
    let db = table(&place).await;
    let mut tx = db.begin().await.unwrap();
    tx.execute(INSERT, args![1, "t", vec![1_u8], Uuid::nil()]).await.unwrap();
    assert_eq!(tx.fetch(SELECT, args![]).await.unwrap().len(), 1, "it sees its own rows");
    drop(tx);
    assert!(db.fetch(SELECT, args![]).await.unwrap().is_empty());
    let mut tx = db.begin().await.unwrap();
    tx.execute(INSERT, args![1, "t", vec![1_u8], Uuid::nil()]).await.unwrap();
    tx.rollback().await.unwrap();
    assert!(db.fetch(SELECT, args![]).await.unwrap().is_empty());
    put(&db, args![2, "t", vec![1_u8], Uuid::nil()]).await;
    assert_eq!(db.fetch(SELECT, args![]).await.unwrap().len(), 1);
}

async fn a_savepoint_undoes_what_followed_it_alone(place: Place) {
    let db = table(&place).await;
    let mut tx = db.begin().await.unwrap();
    tx.execute(INSERT, args![1, "t", vec![1_u8], Uuid::nil()]).await.unwrap();
    tx.savepoint("one").await.unwrap();
    tx.execute(INSERT, args![2, "t", vec![1_u8], Uuid::nil()]).await.unwrap();
    assert!(tx.execute("INSERT INTO nowhere VALUES (1)", args![]).await.is_err());
    tx.rollback_to("one").await.unwrap();
    tx.execute(INSERT, args![3, "t", vec![1_u8], Uuid::nil()]).await.unwrap();
    tx.release("one").await.unwrap();
    tx.commit().await.unwrap();
    let rows = db.fetch(SELECT, args![]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.i64(0).unwrap()).collect::<Vec<_>>(), [1, 3]);
}

async fn a_failed_statement_does_not_poison_the_next_reader(place: Place) {
    let db = table(&place).await;
    put(&db, args![1, "t", vec![1_u8], Uuid::nil()]).await;
    let asked = (0..20).map(|number| {
        let db = db.clone();
        tokio::spawn(async move {
            let wrong = db.fetch("SELECT n FROM nowhere", args![]).await;
            assert!(!wrong.expect_err("no such table").retryable());
            // A caller who goes away in the middle of a read.
            let patience = std::time::Duration::from_micros(number * 50);
            tokio::time::timeout(patience, db.fetch(SELECT, args![])).await.ok();
            assert_eq!(db.fetch(SELECT, args![]).await.unwrap().len(), 1);
        })
    });
    for one in asked.collect::<Vec<_>>() {
        one.await.unwrap();
    }
}

/// The server may restart, or a proxy close what is idle, and nobody notices before the next use.
#[tokio::test]
async fn connections_that_died_at_rest_cost_nobody_anything() {
    let place = Place::postgres().await;
    let db = table(&place).await;
    put(&db, args![1, "t", vec![1_u8], Uuid::nil()]).await;
    db.fetch(SELECT, args![]).await.unwrap();
    let StoreUrl::Postgres(url) = &place.url else { unreachable!("it is on PostgreSQL") };
    let mut other = PgConnection::connect(url).await.unwrap();
    let killed = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'throughline'";
    assert!(!other.fetch_all(killed).await.unwrap().is_empty());
    put(&db, args![2, "t", vec![1_u8], Uuid::nil()]).await;
    assert_eq!(db.fetch(SELECT, args![]).await.unwrap().len(), 2);
    db.snapshot().await.unwrap().rollback().await.unwrap();
}

async fn generations_are_places_of_their_own(place: Place) {
    let store = place.open().await;
    let one = table(&place).await;
    put(&one, args![1, "t", vec![1_u8], Uuid::nil()]).await;
    let two = store.views("inbox", 2).await.unwrap();
    assert!(two.fetch(SELECT, args![]).await.is_err(), "it has no tables yet");
    assert_eq!(store.generations("inbox").await.unwrap().first(), Some(&1));
    store.drop_views("inbox", 2).await.unwrap();
    store.drop_views("inbox", 1).await.unwrap();
    assert!(store.generations("inbox").await.unwrap().is_empty());
    assert_eq!(store.log().head().await.unwrap().position, 0, "the log is another place");
    assert!(matches!(&place.url, StoreUrl::Sqlite(_)) != two.is_postgres());
}
