//! What `deploy/` says is what servers accept.

use std::{fs, path::PathBuf, process::Command};

use sqlx::{Connection, PgConnection};
use tests::{Postgres, Version, tools};

fn deploy(name: &str) -> PathBuf {
    tools::root().join("deploy").join(name)
}

#[test]
fn either_nats_accepts_its_settings_and_only_with_credentials() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let settings = folder.path().join("nats.conf");
    fs::copy(deploy("nats.conf"), &settings).expect("deploy/nats.conf is there");
    let accepted = |version: Version| {
        let server = tools::nats_server(version.number());
        let done =
            Command::new(server).arg("-t").arg("-c").arg(&settings).output().expect("nats-server can be run");
        done.status.success()
    };
    for version in Version::BOTH {
        assert!(!accepted(version), "settings without the credentials beside them are refused");
    }
    fs::write(folder.path().join("authorization.conf"), "user: throughline\npassword: invented\n")
        .expect("written");
    for version in Version::BOTH {
        assert!(accepted(version), "nats-server {} refuses deploy/nats.conf", version.number());
    }
}

#[tokio::test]
async fn postgresql_runs_with_its_settings_and_loses_nothing_acknowledged() {
    let server = Postgres::start_with(&deploy("postgresql.conf")).await;
    let mut database = PgConnection::connect(&server.url().await).await.expect("a connection");
    for (name, wanted) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("shared_buffers", "1GB"),
        ("log_parameter_max_length", "0"),
    ] {
        let value: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(name)
            .fetch_one(&mut database)
            .await
            .expect("a setting can be read");
        assert_eq!(value, wanted, "{name}");
    }
}
