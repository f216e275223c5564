//! What `deploy/` says is what servers and our own settings accept.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use kernel::{Actor, Role};
use platform::config::{Flags, Needs, Settings};
use sqlx::{Connection, PgConnection};
use tests::issuer::{deploy, make_secrets};
use tests::{Postgres, Version, tools};
use tonic::metadata::MetadataMap;

/// The secrets that compose.yaml names, with the file of each.
fn secrets(compose: &str) -> BTreeMap<&str, &str> {
    let section = compose.split("\nsecrets:\n").nth(1).expect("compose.yaml ends with its secrets");
    section
        .lines()
        .filter_map(|line| {
            let (name, file) = line.trim().split_once(": { file: secrets/")?;
            Some((name, file.strip_suffix(" }")?))
        })
        .collect()
}

/// The variables that compose.yaml gives our containers, with each secret where `make-secrets` put it.
fn variables(compose: &str, made: &Path) -> BTreeMap<String, String> {
    let files = secrets(compose);
    let placed = |value: &str| match value.strip_prefix("/run/secrets/") {
        // Each container has its own token under this name.
        Some("token") => made.join("token_registry").display().to_string(),
        Some(name) => made.join(files[name]).display().to_string(),
        None => value.to_owned(),
    };
    let mut variables: BTreeMap<String, String> = compose
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter(|(name, _)| name.starts_with("THROUGHLINE_"))
        .map(|(name, value)| {
            let value = value.trim_matches('"');
            let default =
                value.strip_prefix("${").and_then(|rest| rest.split_once(":-")?.1.strip_suffix('}'));
            (name.to_owned(), placed(default.unwrap_or(value)))
        })
        .collect();
    let nats = fs::read_to_string(made.join("nats.env")).expect("make-secrets makes nats.env");
    variables.extend(
        nats.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())),
    );
    variables
}

#[tokio::test]
async fn compose_gives_services_settings_that_fit_and_tokens_that_are_believed() {
    let compose = fs::read_to_string(deploy("compose.yaml")).expect("deploy/compose.yaml is there");
    let made = tempfile::tempdir().expect("a temporary directory");
    make_secrets(made.path());
    for (name, file) in secrets(&compose) {
        assert!(
            made.path().join(file).is_file(),
            "make-secrets does not make {file}, which is the secret {name}"
        );
    }
    let before = fs::read(made.path().join("kek")).expect("a key");
    make_secrets(made.path());
    assert_eq!(fs::read(made.path().join("kek")).expect("a key"), before, "what is there is left alone");

    let peers = ["registry", "referrals", "vocational", "housing", "therapy", "coordination", "timeline"];
    let needs = Needs { peers: &peers, registry: true, calls: true, storeless: false };
    let settings = Settings::settle(&Flags::default(), &variables(&compose, made.path()), needs)
        .unwrap_or_else(|complaints| panic!("{complaints}"));
    assert!(settings.nats.is_some(), "the containers use NATS");

    let auth = settings.auth().await.expect("the key set that make-secrets makes is one");
    let token = fs::read_to_string(made.path().join("token_housing")).expect("a token");
    let mut metadata = MetadataMap::new();
    metadata
        .insert("authorization", format!("Bearer {}", token.trim()).parse().expect("a token is plain text"));
    let caller = auth.identify(&metadata.into_headers()).await.expect("the token is verified");
    assert_eq!((caller.actor, caller.role), (Actor::Service("housing".into()), Role::Service));
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
    make_secrets(folder.path());
    fs::rename(folder.path().join("nats_authorization.conf"), folder.path().join("authorization.conf"))
        .expect("made");
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
