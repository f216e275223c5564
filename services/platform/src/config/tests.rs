//! Settings from flags and from a map.
//! Invariant: the environment of the test's own process plays no part.

use clap::Parser;

use super::*;
use crate::auth::JwksFrom;

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    flags: Flags,
}

fn flags(line: &str) -> Flags {
    Command::parse_from(std::iter::once("throughline").chain(line.split_whitespace())).flags
}

fn settled(line: &str, env: &[(&str, &str)], needs: Needs<'_>) -> Result<Settings, Complaints> {
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::settle(&flags(line), &env, needs)
}

#[test]
fn a_store_is_all_that_has_to_be_said() {
    let settings = settled("--store sqlite:here", &[], Needs { registry: true, ..Needs::default() }).unwrap();
    assert!(settings.store == Some(StoreUrl::Sqlite("here".into())));
    assert_eq!(settings.grpc_listen.to_string(), "127.0.0.1:50051");
    assert_eq!(settings.http_listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.admin_listen.to_string(), "127.0.0.1:9464");
    assert!(settings.nats.is_none());
    assert_eq!(settings.auth, AuthSettings::Plain);
    assert_eq!(settings.erasure_ledger, Some("here/erasures".into()));
    assert_eq!(settings.drain, Duration::from_secs(25));
    assert_eq!(settings.requests_look_back_days, 14);
}

#[test]
fn nats_keeps_events_for_a_week_on_one_server_unless_told_otherwise() {
    let bus = |line: &str| settled(line, &[], Needs::default()).unwrap().nats.unwrap();
    let usual = bus("--store sqlite:here --nats nats://here:4222");
    assert_eq!((usual.url.as_str(), usual.replicas), ("nats://here:4222", 1));
    assert_eq!(usual.retention, crate::bus::RETENTION);
    let other = bus("--store sqlite:here --nats tls://here:4222 --nats-retention 2h --nats-replicas 3");
    assert_eq!((other.retention, other.replicas), (Duration::from_secs(7_200), 3));
    for (said, seconds) in [("90m", 5_400), ("7d", 604_800), ("1s", 1)] {
        let bus = bus(&format!("--store sqlite:here --nats nats://here:4222 --nats-retention {said}"));
        assert_eq!(bus.retention, Duration::from_secs(seconds), "{said}");
    }
}

#[test]
fn a_flag_wins_over_its_variable_and_an_empty_variable_says_nothing() {
    let env = [
        ("THROUGHLINE_STORE", "sqlite:there"),
        ("THROUGHLINE_NATS", ""),
        ("THROUGHLINE_GRPC_LISTEN", "[::1]:7"),
        ("THROUGHLINE_PEER", "registry=http://registry:50051, referrals=https://referrals:50051"),
        ("THROUGHLINE_DRAIN_SECONDS", "3"),
        ("THROUGHLINE_REQUESTS_LOOK_BACK_DAYS", "30"),
    ];
    let settings =
        settled("--store sqlite:here", &env, Needs { peers: &["registry"], ..Needs::default() }).unwrap();
    assert!(settings.store == Some(StoreUrl::Sqlite("here".into())));
    assert_eq!(settings.grpc_listen.to_string(), "[::1]:7");
    assert!(settings.nats.is_none());
    assert_eq!(settings.peers["referrals"], "https://referrals:50051");
    assert_eq!(settings.drain, Duration::from_secs(3));
    assert_eq!(settings.requests_look_back_days, 30);
}

#[test]
fn all_complaints_come_at_once_each_with_its_flag_and_its_remedy() {
    let line = "--grpc-listen 0.0.0.0:1 --http-listen nowhere --nats redis://x --peer registry \
                --secret-file no/such/file --peer-ca no/such/ca --nats-ca no/such/ca --auth-jwks-ca no/such/ca --drain-seconds soon --requests-look-back-days 367 --nats-retention 0s --nats-replicas 9";
    let needs = Needs { peers: &["registry", "referrals"], registry: true, calls: true, storeless: false };
    let Complaints(said) = settled(line, &[], needs).unwrap_err();
    let expected = [
        "--store (THROUGHLINE_STORE) is missing",
        "--nats-retention (THROUGHLINE_NATS_RETENTION) is not a time from 1s to 365d, such as 7d, 36h or 90m",
        "--nats-replicas (THROUGHLINE_NATS_REPLICAS) is not a number of servers from 1 to 5",
        "--nats (THROUGHLINE_NATS) is not nats://",
        "--http-listen (THROUGHLINE_HTTP_LISTEN) is not an address",
        "--grpc-listen (THROUGHLINE_GRPC_LISTEN) is 0.0.0.0:1, which other machines reach",
        "--peer (THROUGHLINE_PEER) \"registry\" is not NAME=http://",
        "--peer (THROUGHLINE_PEER) is missing for registry",
        "--peer (THROUGHLINE_PEER) is missing for referrals",
        "--peer-ca (THROUGHLINE_PEER_CA) names no/such/ca, which cannot be read",
        "--nats-ca (THROUGHLINE_NATS_CA) names no/such/ca, which cannot be read",
        "--auth-jwks-ca (THROUGHLINE_AUTH_JWKS_CA) names no/such/ca, which cannot be read",
        "--secret-file (THROUGHLINE_SECRET_FILE) names no/such/file, which is not there; make it: openssl",
        "--drain-seconds (THROUGHLINE_DRAIN_SECONDS) is not a number of seconds",
        "--requests-look-back-days (THROUGHLINE_REQUESTS_LOOK_BACK_DAYS) is not a number of days from 0 to 366",
    ];
    for text in expected {
        assert!(said.iter().any(|complaint| complaint.starts_with(text)), "{text} is not in {said:#?}");
    }
    assert_eq!(said.len(), expected.len(), "{said:#?}");
}

#[test]
fn listening_to_other_machines_takes_authentication() {
    let folder = tempfile::tempdir().unwrap();
    let (keys, token) = (folder.path().join("jwks.json"), folder.path().join("token"));
    std::fs::write(&keys, "{}").unwrap();
    std::fs::write(&token, "x").unwrap();
    let open = "--store sqlite:here --grpc-listen 0.0.0.0:1 --http-listen 0.0.0.0:2 --admin-listen 0.0.0.0:3";
    let calls = Needs { calls: true, ..Needs::default() };
    let Complaints(said) = settled(open, &[], calls).unwrap_err();
    assert_eq!(said.len(), 2, "the admin listener may be open: {said:#?}");
    assert!(said[0].contains("listen on 127.0.0.1, or give --auth-jwks"));

    let part = format!("{open} --auth-jwks {}", keys.display());
    let Complaints(said) = settled(&part, &[], calls).unwrap_err();
    for flag in ["--auth-issuer", "--auth-audience", "--service-token-file"] {
        assert!(said.iter().any(|complaint| complaint.starts_with(flag)), "{flag}: {said:#?}");
    }
    let whole =
        format!("{part} --auth-issuer me --auth-audience us --service-token-file {}", token.display());
    let settings = settled(&whole, &[], calls).unwrap();
    assert_eq!(settings.auth, AuthSettings::Jwks(JwksSettings::new(JwksFrom::File(keys), "me", "us")));
    assert!(matches!(settings.identity("timeline"), Identity::Bearer(_)));
}

#[test]
fn with_postgres_secrets_are_given_and_a_password_is_never_shown() {
    let store = "--store postgres://me:hunter2@db/x";
    let needs = Needs { registry: true, ..Needs::default() };
    let Complaints(said) = settled(store, &[], needs).unwrap_err();
    for flag in ["--secret-file", "--kek-file", "--erasure-ledger"] {
        assert!(said.iter().any(|complaint| complaint.starts_with(flag)), "{flag}: {said:#?}");
    }
    let Complaints(wrong) = settled("--store postgre://me:hunter2@db/x", &[], needs).unwrap_err();
    assert!(!format!("{said:?}{wrong:?}").contains("hunter2"));

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    for name in ["secret", "kek"] {
        Secret::at(&file(name)).unwrap();
    }
    let all = format!(
        "{store} --secret-file {} --kek-file {} --erasure-ledger {}",
        file("secret").display(),
        file("kek").display(),
        file("ledger").display()
    );
    let settings = settled(&all, &[], needs).unwrap();
    assert!(!format!("{settings:?}").contains("hunter2"));
    let key = |service: &str| settings.secret(service).unwrap().derive("x");
    assert_ne!(key("referrals"), key("housing"), "each service has a secret of its own");
    assert_eq!(settings.kek().unwrap().derive("x"), Secret::at(&file("kek")).unwrap().derive("x"));

    std::fs::write(file("kek"), "short").unwrap();
    let Complaints(said) = settled(&all, &[], needs).unwrap_err();
    assert!(said[0].starts_with("--kek-file") && said[0].contains("openssl rand -base64 32"), "{said:?}");
}

#[test]
fn on_sqlite_secrets_are_made_once_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("--store sqlite:{}", folder.path().join("data").display());
    let settings = settled(&line, &[], Needs { registry: true, ..Needs::default() }).unwrap();
    assert!(!folder.path().join("data").exists(), "settling makes nothing");
    let first = settings.secret("referrals").unwrap().derive("x");
    assert_eq!(settings.secret("referrals").unwrap().derive("x"), first);
    settings.kek().unwrap();
    for name in ["referrals.secret", "registry.kek"] {
        use std::os::unix::fs::PermissionsExt;
        let made = std::fs::metadata(folder.path().join("data").join(name)).unwrap();
        assert_eq!(made.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test]
fn what_keeps_nothing_needs_no_store_and_nothing_of_one() {
    let pages = Needs { storeless: true, peers: &["timeline"], ..Needs::default() };
    let peer = "--peer timeline=http://here:50051";
    assert!(settled(peer, &[], pages).unwrap().store.is_none());
    let named = settled(&format!("{peer} --store postgres://someone@there/data"), &[], pages).unwrap();
    assert!(named.store.is_some(), "one that is named all the same does no harm");
    let keeps = Needs { storeless: false, ..pages };
    assert!(settled(peer, &[], keeps).unwrap_err().to_string().contains("--store"));
}
