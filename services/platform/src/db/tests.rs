//! What a file alone can show; the rest is shown on both stores together.

use super::*;

#[tokio::test]
async fn readers_go_on_while_a_transaction_writes_and_see_nothing_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let db = sqlite(&directory.path().join("view.db"), Durability::Rebuildable);
    let mut tx = db.begin().await.unwrap();
    tx.script("CREATE TABLE facts (n bigint)").await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.execute("INSERT INTO facts VALUES ($1)", args![1]).await.unwrap();
    assert!(db.fetch("SELECT n FROM facts", args![]).await.unwrap().is_empty());
    tx.commit().await.unwrap();
    assert_eq!(db.fetch("SELECT n FROM facts", args![]).await.unwrap()[0].i64(0).unwrap(), 1);
}

#[tokio::test]
async fn keys_of_several_columns_take_their_rows_and_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let db = sqlite(&directory.path().join("view.db"), Durability::Rebuildable);
    let mut tx = db.begin().await.unwrap();
    tx.script("CREATE TABLE facts (n bigint, name text, PRIMARY KEY (n, name))").await.unwrap();
    let rows = |of: &[(i64, &str)]| of.iter().map(|(n, name)| args![*n, *name]).collect::<Vec<_>>();
    let all = rows(&[(1, "a"), (1, "b"), (2, "a"), (2, "b")]);
    tx.execute_rows("INSERT INTO facts VALUES {rows}", vec![], all).await.unwrap();
    tx.delete_rows("facts", &["n", "name"], rows(&[(1, "a"), (2, "b"), (3, "c")])).await.unwrap();
    let left = tx.fetch("SELECT n, name FROM facts ORDER BY n", args![]).await.unwrap();
    let left: Vec<_> = left.iter().map(|row| (row.i64(0).unwrap(), row.text(1).unwrap())).collect();
    assert_eq!(left, [(1, "b".to_owned()), (2, "a".to_owned())]);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_closed_pool_lends_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let db = sqlite(&directory.path().join("view.db"), Durability::Rebuildable);
    db.fetch("SELECT 1", args![]).await.unwrap();
    db.close().await;
    assert!(matches!(db.fetch("SELECT 1", args![]).await, Err(StoreError::Closed)));
}

#[test]
fn a_name_that_is_no_plain_identifier_names_no_schema() {
    assert_eq!(quoted("housing_units_g2").unwrap(), "\"housing_units_g2\"");
    for name in ["", "a\"b", "A", "a b", &"x".repeat(64)] {
        assert!(matches!(quoted(name), Err(StoreError::Unusable(_))), "{name}");
    }
}
