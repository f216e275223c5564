//! Bearer tokens, verified against a set of public keys that is read from a file or a URL and kept fresh.
//! Invariant: the key decides the algorithm, never the token; issuer, audience and expiry are checked each time.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode_header, errors::ErrorKind};
use kernel::{AgencyId, Caller};
use tokio::time::Instant;
use tonic::Status;

use super::{Claimed, on_behalf_of, speaking_for, text};
use crate::error;
use crate::roots::{Roots, distrust};

/// How much the issuer's clock may differ from ours.
const LEEWAY_S: u64 = 30;
/// How long a key set's server may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// The least pause between two tries for a first key set.
const NO_KEYS_PAUSE: Duration = Duration::from_millis(100);
/// A key set larger than this is none.
const MAX_SET_BYTES: usize = 1 << 20;
/// How many verified tokens are remembered; beyond it all are forgotten and verified anew.
const REMEMBERED: usize = 10_000;

/// Where the public keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksFrom {
    /// A file, read again on each refresh.
    File(PathBuf),
    /// An `http` or `https` URL.
    Url(String),
}

impl fmt::Display for JwksFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => url.fmt(f),
        }
    }
}

/// What tokens are checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwksSettings {
    /// Where the public keys come from.
    pub from: JwksFrom,
    /// The `iss` that a token must carry.
    pub issuer: String,
    /// The `aud` that a token must carry, alone or among others.
    pub audience: String,
    /// By which authorities the server of a URL is believed. Those of a file stand in place of the system's.
    pub roots: Roots,
    /// How often the keys are read again.
    pub refresh_every: Duration,
    /// A token signed by an unknown key has them read again at once, but no more often than this.
    pub refetch_after: Duration,
}

impl JwksSettings {
    /// With the usual pace: every five minutes, for an unknown key at most each ten seconds.
    pub fn new(from: JwksFrom, issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            from,
            issuer: issuer.into(),
            audience: audience.into(),
            roots: Roots::system(),
            refresh_every: Duration::from_secs(300),
            refetch_after: Duration::from_secs(10),
        }
    }
}

/// Why a key set could not be had.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The file could not be read.
    #[error("the key set {path} could not be read")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The URL could not be fetched.
    #[error("the key set {url} could not be fetched")]
    Fetch {
        /// The URL.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The server of the URL is not whom it should be.
    #[error(
        "the certificate of {url} is not accepted ({why}); it must be for the name in --auth-jwks, and of an authority of the \
         system's, or of --auth-jwks-ca where that is given"
    )]
    Untrusted {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// It is no JWKS (RFC 7517).
    #[error("{0} is not a JSON Web Key Set")]
    NotASet(String, #[source] serde_json::Error),
    /// It holds no key that we use, or is too large to be a key set.
    #[error("{0} holds no RS256, ES256 or EdDSA signature key")]
    NoKeys(String),
}

struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

/// What a verified token says.
#[derive(Clone)]
struct Verified {
    caller: Caller,
    behalf: Behalf,
    expires_at_s: u64,
}

#[derive(Clone)]
enum Behalf {
    Any,
    Only(BTreeSet<AgencyId>),
}

#[derive(serde::Deserialize)]
struct Claims {
    /// Seconds since 1970; that it is there is checked with the signature.
    #[serde(default)]
    exp: f64,
    actor: String,
    role: String,
    #[serde(default)]
    agency: Option<String>,
    #[serde(default)]
    behalf: Vec<String>,
}

/// A verifier of bearer tokens.
pub struct Jwks {
    settings: JwksSettings,
    http: reqwest::Client,
    keys: RwLock<Arc<Vec<Key>>>,
    /// When the last read began; held while one runs, so that many unknown keys cause one.
    last_read: tokio::sync::Mutex<Option<Instant>>,
    /// Verified tokens by their digest, forgotten whenever the keys change.
    remembered: Mutex<HashMap<[u8; 32], Verified>>,
}

impl Jwks {
    /// Reads the keys and keeps them fresh as long as the verifier lives. Keys of a URL that is away are fetched when it is back.
    ///
    /// # Errors
    /// [`JwksError`] where a file is not there, or what is there is no key set.
    pub async fn open(settings: JwksSettings) -> Result<Arc<Self>, JwksError> {
        let http = client(&settings.roots)
            .map_err(|source| JwksError::Fetch { url: settings.from.to_string(), source })?;
        let jwks = Arc::new(Self {
            settings,
            http,
            keys: RwLock::default(),
            last_read: tokio::sync::Mutex::default(),
            remembered: Mutex::default(),
        });
        match jwks.read().await {
            Ok(()) => *jwks.last_read.lock().await = Some(Instant::now()),
            Err(err @ (JwksError::Fetch { .. } | JwksError::Untrusted { .. })) => {
                tracing::warn!(error.chain = error::chain(&err), "starting without the keys of tokens");
            }
            Err(err @ (JwksError::File { .. } | JwksError::NotASet(..) | JwksError::NoKeys(_))) => {
                return Err(err);
            }
        }
        let fresh = Arc::downgrade(&jwks);
        tokio::spawn(async move {
            loop {
                let Some(pause) = fresh.upgrade().map(|jwks| jwks.pause()) else { return };
                tokio::time::sleep(pause).await;
                let Some(jwks) = fresh.upgrade() else { return };
                jwks.read_again(Duration::ZERO).await;
            }
        });
        Ok(jwks)
    }

    /// Whether there are keys to verify with; what a readiness check asks.
    pub fn has_keys(&self) -> bool {
        !self.current().is_empty()
    }

    /// How long until the keys are read again: without any, a server waits that is not ready and gets no token that would ask for them.
    fn pause(&self) -> Duration {
        if self.has_keys() {
            self.settings.refresh_every
        } else {
            self.settings.refetch_after.max(NO_KEYS_PAUSE)
        }
    }

    /// Who calls, by the token in `authorization`.
    pub(super) async fn identify(&self, headers: &HeaderMap) -> Result<Caller, Status> {
        let token = text(headers, "authorization")?
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| error::unauthenticated("send the metadata authorization: Bearer TOKEN"))?;
        let verified = self.verified(token).await?;
        let behalf = on_behalf_of(headers)?;
        if let (Some(agency), Behalf::Only(allowed)) = (behalf, &verified.behalf)
            && !allowed.contains(&agency)
            && verified.caller.agency != Some(agency)
        {
            let text = "the token does not let you speak for that agency; its claim behalf has to list it";
            return Err(error::denied("BEHALF_NOT_ALLOWED", text));
        }
        speaking_for(verified.caller, behalf)
    }

    async fn verified(&self, token: &str) -> Result<Verified, Status> {
        let digest = digest(token);
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        if let Some(verified) = remembered.filter(|verified| verified.expires_at_s + LEEWAY_S > now_s()) {
            return Ok(verified);
        }
        // A header that does not parse includes `alg: none`, which is no algorithm here.
        let header = decode_header(token).map_err(|_| not_a_token())?;
        let mut keys = self.current();
        if find(&keys, header.kid.as_deref()).is_none() {
            self.read_again(self.settings.refetch_after).await;
            keys = self.current();
        }
        if keys.is_empty() {
            let text = "tokens cannot be verified for the moment: their keys are away";
            return Err(error::unavailable("TOKEN_KEYS_AWAY", text, self.settings.refetch_after));
        }
        let key = find(&keys, header.kid.as_deref())
            .ok_or_else(|| error::unauthenticated("the token is signed by a key that we do not know"))?;
        let verified = self.verify(token, key)?;
        let mut all = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that nothing verified by a key that has just gone is remembered.
        if Arc::ptr_eq(&keys, &self.current()) {
            if all.len() >= REMEMBERED {
                all.clear();
            }
            all.insert(digest, verified.clone());
        }
        Ok(verified)
    }

    fn verify(&self, token: &str, key: &Key) -> Result<Verified, Status> {
        let mut checks = Validation::new(key.algorithm);
        checks.set_issuer(&[&self.settings.issuer]);
        checks.set_audience(&[&self.settings.audience]);
        checks.set_required_spec_claims(&["exp", "iss", "aud"]);
        checks.validate_nbf = true;
        checks.leeway = LEEWAY_S;
        let token =
            jsonwebtoken::decode::<Claims>(token, &key.decoding, &checks).map_err(|err| refusal(&err))?;
        let claims = token.claims;
        let names = ["the token's claim actor", "its claim role", "its claim agency"];
        let claimed =
            Claimed { actor: &claims.actor, role: &claims.role, agency: claims.agency.as_deref(), names };
        let behalf = if claims.behalf.iter().any(|agency| agency == "*") {
            Behalf::Any
        } else {
            let agencies = claims.behalf.iter().map(|agency| agency.parse());
            Behalf::Only(agencies.collect::<Result<_, _>>().map_err(|_| {
                error::unauthenticated("the token's claim behalf is not a list of UUIDs or \"*\"")
            })?)
        };
        // A float of seconds since 1970 keeps its whole seconds; the cast saturates.
        Ok(Verified { caller: claimed.settle()?, behalf, expires_at_s: claims.exp as u64 })
    }

    fn current(&self) -> Arc<Vec<Key>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the keys again, unless that was begun less than `after` ago. What cannot be read leaves the keys as they are.
    async fn read_again(&self, after: Duration) {
        let mut last = self.last_read.lock().await;
        if last.is_some_and(|at| at.elapsed() < after) {
            return;
        }
        *last = Some(Instant::now());
        if let Err(err) = self.read().await {
            tracing::warn!(error.chain = error::chain(&err), "the keys of tokens stay as they were");
        }
    }

    async fn read(&self) -> Result<(), JwksError> {
        let place = self.settings.from.to_string();
        let bytes = match &self.settings.from {
            JwksFrom::File(path) => tokio::fs::read(path)
                .await
                .map_err(|source| JwksError::File { path: place.clone(), source })?,
            JwksFrom::Url(url) => self.fetch(url).await.map_err(|source| not_fetched(&place, source))?,
        };
        let set: JwkSet =
            serde_json::from_slice(&bytes).map_err(|source| JwksError::NotASet(place.clone(), source))?;
        let keys: Vec<Key> = set.keys.iter().filter_map(usable).collect();
        if keys.is_empty() {
            return Err(JwksError::NoKeys(place));
        }
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        remembered.clear();
        Ok(())
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, reqwest::Error> {
        let mut response = self.http.get(url).send().await?.error_for_status()?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_SET_BYTES {
                // What is left of a set cut off here does not parse, and says so.
                break;
            }
        }
        Ok(bytes)
    }
}

fn client(roots: &Roots) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder().timeout(FETCH_TIMEOUT);
    match roots.pem() {
        Some(pem) => builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem)?).build(),
        None => builder.build(),
    }
}

fn not_fetched(url: &str, source: reqwest::Error) -> JwksError {
    let url = url.to_owned();
    match distrust(&source).map(ToString::to_string) {
        Some(why) => JwksError::Untrusted { url, why },
        None => JwksError::Fetch { url, source },
    }
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jwks({}, {} keys)", self.settings.from, self.current().len())
    }
}

/// The key of that id; a token without an id needs a set of one.
fn find<'a>(keys: &'a [Key], id: Option<&str>) -> Option<&'a Key> {
    match (id, keys) {
        (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

/// A signature key of one of our three algorithms; others in the set are for others.
fn usable(jwk: &Jwk) -> Option<Key> {
    if !matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "not our enum, and it may grow: what is not one of the three is not for us"
    )]
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    if jwk.common.key_algorithm.is_some_and(|alg| alg != named) {
        return None;
    }
    let decoding = DecodingKey::from_jwk(jwk).ok()?;
    Some(Key { id: jwk.common.key_id.clone(), algorithm, decoding })
}

fn refusal(err: &jsonwebtoken::errors::Error) -> Status {
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "not our enum: whatever else may be wrong with a token comes to the same for who sent it"
    )]
    match err.kind() {
        ErrorKind::ExpiredSignature => error::unauthenticated("the token has expired; get a new one"),
        ErrorKind::ImmatureSignature => error::unauthenticated("the token is not valid yet"),
        ErrorKind::InvalidIssuer => {
            error::unauthenticated("the token is from another issuer than the one we trust")
        }
        ErrorKind::InvalidAudience => error::unauthenticated("the token is for another audience"),
        ErrorKind::MissingRequiredClaim(claim) => {
            error::unauthenticated(format!("the token has no claim {claim}"))
        }
        ErrorKind::Json(_) => {
            error::unauthenticated("the token lacks the claims actor and role, or they are no text")
        }
        _ => not_a_token(),
    }
}

fn not_a_token() -> Status {
    error::unauthenticated("that is not a token that we can verify; we take RS256, ES256 and EdDSA")
}

fn digest(token: &str) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

/// Tokens live in the machine's time, whatever clock the process runs on.
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
