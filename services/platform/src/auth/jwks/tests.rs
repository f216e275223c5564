//! Tokens signed here and verified against key sets on disk and over HTTP.
//! Invariant: every way in which a token can be wrong is refused as UNAUTHENTICATED.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine;
use jsonwebtoken::{EncodingKey, Header, encode};
use kernel::{Actor, Role, WorkerId};
use serde_json::{Value, json};
use tonic::Code;

use super::*;

const ISSUER: &str = "https://login.example";
const AUDIENCE: &str = "throughline";

/// A key pair with its public half as a JWK.
struct Signer {
    id: &'static str,
    algorithm: Algorithm,
    private: EncodingKey,
    public: Value,
}

impl Signer {
    fn new(id: &'static str, algorithm: Algorithm, private: EncodingKey) -> Self {
        let mut jwk = Jwk::from_encoding_key(&private, algorithm).unwrap();
        jwk.common.key_id = Some(id.to_owned());
        Self { id, algorithm, private, public: serde_json::to_value(jwk).unwrap() }
    }

    fn ec(id: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        Self::new(id, Algorithm::ES256, EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()))
    }

    fn ed(id: &'static str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        Self::new(id, Algorithm::EdDSA, EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref()))
    }

    fn rsa(id: &'static str) -> Self {
        let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let der = base64::engine::general_purpose::STANDARD.encode(pair.as_der().unwrap().as_ref());
        let lines: Vec<&str> =
            der.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        Self::new(id, Algorithm::RS256, EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap())
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.id.to_owned()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.private).unwrap()
    }
}

fn set_of(signers: &[&Signer]) -> String {
    json!({ "keys": signers.iter().map(|signer| &signer.public).collect::<Vec<_>>() }).to_string()
}

/// What a good token of a worker of agency 1 says, who may speak for agency 2.
fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": now_s() + 600,
        "actor": format!("worker:{}", WorkerId::of(5)),
        "role": "worker",
        "agency": AgencyId::of(1).to_string(),
        "behalf": [AgencyId::of(2).to_string()],
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[field] = value;
    claims
}

fn without(field: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(field);
    claims
}

fn bearing(token: &str) -> HeaderMap {
    HeaderMap::from_iter([(http::header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap())])
}

async fn on_file(set: &str) -> (tempfile::TempDir, Arc<Jwks>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, set).unwrap();
    let jwks = Jwks::open(JwksSettings::new(JwksFrom::File(path), ISSUER, AUDIENCE)).await.unwrap();
    (folder, jwks)
}

#[tokio::test]
async fn a_token_of_each_algorithm_tells_its_caller() {
    let signers = [Signer::ec("ec"), Signer::ed("ed"), Signer::rsa("rsa")];
    let (_folder, jwks) = on_file(&set_of(&signers.each_ref())).await;
    for signer in &signers {
        let told = bearing(&signer.sign(&claims()));
        let caller = jwks.identify(&told).await.unwrap();
        assert_eq!(caller.actor, Actor::Worker(WorkerId::of(5)));
        assert_eq!((caller.role, caller.agency), (Role::Worker, Some(AgencyId::of(1))));
        // The second time from memory, with the same answer.
        assert_eq!(jwks.identify(&told).await.unwrap(), caller);
    }
}

#[tokio::test]
async fn every_flaw_of_a_token_is_refused() {
    let signer = Signer::ec("ec");
    let (_folder, jwks) = on_file(&set_of(&[&signer])).await;
    let stranger = Signer::ec("ec");
    let unsigned = {
        let b64 = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.", b64(r#"{"alg":"none","kid":"ec"}"#), b64(&claims().to_string()))
    };
    // The public key as an HMAC secret: the old trick on verifiers that trust the token's own `alg`.
    let confused = {
        let header = Header { kid: Some("ec".to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims(), &EncodingKey::from_secret(signer.public["x"].as_str().unwrap().as_bytes()))
            .unwrap()
    };
    let mut forged = signer.sign(&claims());
    forged.replace_range(forged.rfind('.').unwrap() - 2..forged.rfind('.').unwrap(), "zz");
    let cases = [
        (unsigned, "not a token that we can verify"),
        (confused, "not a token that we can verify"),
        (forged, "not a token that we can verify"),
        (stranger.sign(&claims()), "not a token that we can verify"),
        ("rubbish".to_owned(), "not a token that we can verify"),
        (Signer::ed("other").sign(&claims()), "a key that we do not know"),
        (signer.sign(&with("exp", json!(now_s() - 3600))), "has expired"),
        (signer.sign(&with("nbf", json!(now_s() + 3600))), "not valid yet"),
        (signer.sign(&without("exp")), "no claim exp"),
        (signer.sign(&with("iss", json!("https://evil.example"))), "another issuer"),
        (signer.sign(&without("iss")), "no claim iss"),
        (signer.sign(&with("aud", json!("payroll"))), "another audience"),
        (signer.sign(&without("aud")), "no claim aud"),
        (signer.sign(&without("actor")), "lacks the claims"),
        (signer.sign(&with("actor", json!("worker:me"))), "claim actor is not"),
        (signer.sign(&with("role", json!("boss"))), "claim role is not one of"),
        (signer.sign(&with("behalf", json!(["everyone"]))), "behalf is not a list"),
    ];
    for (token, said) in cases {
        let status = jwks.identify(&bearing(&token)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{said}");
        assert!(status.message().contains(said), "{said}: {}", status.message());
        assert_eq!(error::reason(&status).as_deref(), Some("UNAUTHENTICATED"));
    }
    let status = jwks.identify(&HeaderMap::new()).await.unwrap_err();
    assert!(status.message().contains("authorization: Bearer"));
}

#[tokio::test]
async fn a_token_lets_its_bearer_speak_only_for_the_agencies_it_lists() {
    let signer = Signer::ed("ed");
    let (_folder, jwks) = on_file(&set_of(&[&signer])).await;
    let for_agency = |token: &str, agency: u128| {
        let mut told = bearing(token);
        told.insert(super::super::ON_BEHALF_OF, AgencyId::of(agency).to_string().parse().unwrap());
        told
    };
    let token = signer.sign(&claims());
    let caller = jwks.identify(&for_agency(&token, 2)).await.unwrap();
    assert_eq!(caller.speaks_for(), Some(AgencyId::of(2)));
    let status = jwks.identify(&for_agency(&token, 3)).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(error::reason(&status).as_deref(), Some("BEHALF_NOT_ALLOWED"));

    let any = signer.sign(&with("behalf", json!(["*"])));
    assert_eq!(jwks.identify(&for_agency(&any, 3)).await.unwrap().on_behalf_of, Some(AgencyId::of(3)));
}

/// A key set over HTTP that can change, and counts who asks.
struct Published {
    url: String,
    set: Arc<Mutex<Option<String>>>,
    asked: Arc<AtomicUsize>,
}

async fn published(set: Option<String>) -> Published {
    let set = Arc::new(Mutex::new(set));
    let asked = Arc::new(AtomicUsize::new(0));
    let answer = {
        let (set, asked) = (set.clone(), asked.clone());
        move || async move {
            asked.fetch_add(1, Ordering::SeqCst);
            set.lock().unwrap().clone().ok_or(http::StatusCode::SERVICE_UNAVAILABLE)
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let routes = axum::Router::new().route("/jwks", axum::routing::get(answer));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Published { url, set, asked }
}

fn over_http(url: &str, refetch_after: Duration, refresh_every: Duration) -> JwksSettings {
    let from = JwksFrom::Url(url.to_owned());
    JwksSettings { refetch_after, refresh_every, ..JwksSettings::new(from, ISSUER, AUDIENCE) }
}

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_new_key_is_fetched_when_its_first_token_comes_and_a_flood_of_unknown_ones_fetches_once() {
    let (old, new) = (Signer::ec("old"), Signer::ed("new"));
    let place = published(Some(set_of(&[&old]))).await;
    let jwks = Jwks::open(over_http(&place.url, Duration::ZERO, LONG)).await.unwrap();
    *place.set.lock().unwrap() = Some(set_of(&[&new]));
    let kept = bearing(&old.sign(&claims()));
    assert!(jwks.identify(&kept).await.is_ok(), "the old key is known until the set is read again");
    assert!(jwks.identify(&bearing(&new.sign(&claims()))).await.is_ok());
    assert_eq!(place.asked.load(Ordering::SeqCst), 2);
    assert!(jwks.identify(&kept).await.is_err(), "a key that has gone verifies nothing, remembered or not");

    let slow = Jwks::open(over_http(&place.url, LONG, LONG)).await.unwrap();
    let before = place.asked.load(Ordering::SeqCst);
    for id in ["a", "b", "c"] {
        assert!(slow.identify(&bearing(&Signer::ec(id).sign(&claims()))).await.is_err());
    }
    assert_eq!(place.asked.load(Ordering::SeqCst), before, "the read at the start was less than an hour ago");
}

#[tokio::test]
async fn keys_that_are_away_at_the_start_are_fetched_when_they_are_back() {
    let signer = Signer::ec("ec");
    let place = published(None).await;
    let jwks = Jwks::open(over_http(&place.url, Duration::ZERO, LONG)).await.unwrap();
    let told = bearing(&signer.sign(&claims()));
    let status = jwks.identify(&told).await.unwrap_err();
    assert_eq!((status.code(), jwks.has_keys()), (Code::Unavailable, false));
    assert_eq!(error::reason(&status).as_deref(), Some("TOKEN_KEYS_AWAY"));
    *place.set.lock().unwrap() = Some(set_of(&[&signer]));
    assert!(jwks.identify(&told).await.is_ok() && jwks.has_keys());
    *place.set.lock().unwrap() = None;
    assert!(jwks.identify(&bearing(&Signer::ec("x").sign(&claims()))).await.is_err());
    assert!(jwks.identify(&told).await.is_ok(), "a set that cannot be read leaves the keys as they were");
}

#[tokio::test]
async fn keys_are_read_again_in_time_without_anyone_asking() {
    let (old, new) = (Signer::ec("old"), Signer::ec("new"));
    let place = published(Some(set_of(&[&old]))).await;
    let jwks = Jwks::open(over_http(&place.url, LONG, Duration::from_millis(10))).await.unwrap();
    *place.set.lock().unwrap() = Some(set_of(&[&new]));
    let told = bearing(&new.sign(&claims()));
    let known = async {
        while jwks.identify(&told).await.is_err() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(10), known).await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_key_set_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let open = || Jwks::open(JwksSettings::new(JwksFrom::File(path.clone()), ISSUER, AUDIENCE));
    assert!(matches!(open().await, Err(JwksError::File { .. })));
    std::fs::write(&path, "{}").unwrap();
    assert!(matches!(open().await, Err(JwksError::NotASet(..))));
    std::fs::write(&path, json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}).to_string()).unwrap();
    assert!(matches!(open().await, Err(JwksError::NoKeys(_))));
}

#[tokio::test]
async fn a_service_calls_another_with_its_token_and_with_nothing_else() {
    use crate::auth::Auth;
    use crate::peer::{Identity, connect};
    use crate::server::tests::harness::running_for_tokens;
    use proto::log::{GetHeadRequest, feed_service_client::FeedServiceClient};

    let signer = Signer::ec("ec");
    let (folder, jwks) = on_file(&set_of(&[&signer])).await;
    let server = running_for_tokens(Auth::Jwks(jwks)).await;
    let mut claims = with("actor", json!("service:timeline"));
    claims["role"] = json!("service");
    claims.as_object_mut().unwrap().remove("agency");
    let token = folder.path().join("token");
    std::fs::write(&token, signer.sign(&claims)).unwrap();

    let peer = connect(&format!("127.0.0.1:{}", server.at.port()), Identity::token_file(token)).unwrap();
    let who = GetHeadRequest { log: "who".to_owned() };
    let head = FeedServiceClient::new(peer.clone()).get_head(who.clone()).await.unwrap();
    assert_eq!(head.into_inner().log_id, "service:timeline");
    let status = FeedServiceClient::new(peer.as_caller(Identity::service("timeline")))
        .get_head(who)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(error::reason(&status).as_deref(), Some("UNAUTHENTICATED"));
}
