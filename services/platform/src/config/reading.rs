//! Flags and variables as they were said, read one by one.
//! Invariant: what is wrong is written down with its flag, its variable and its remedy, and reading goes on.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{AuthSettings, Flags};
use crate::auth::{JwksFrom, JwksSettings};
use crate::bus::{BusSettings, RETENTION};
use crate::roots::Roots;
use crate::seal::Secret;
use crate::store::StoreUrl;

/// The flags and variables of one process, and what was found wrong with them so far.
pub(super) struct Reading<'a> {
    env: &'a BTreeMap<String, String>,
    pub complaints: Vec<String>,
}

impl<'a> Reading<'a> {
    pub fn of(env: &'a BTreeMap<String, String>) -> Self {
        Self { env, complaints: Vec::new() }
    }

    /// What a flag or else its variable says; an empty variable says nothing.
    fn said(&self, given: Option<&str>, flag: &str) -> Option<String> {
        let variable = format!("THROUGHLINE_{}", flag.replace('-', "_").to_uppercase());
        given
            .or_else(|| self.env.get(&variable).map(String::as_str))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }

    pub fn path(&self, given: Option<&Path>, flag: &str) -> Option<PathBuf> {
        given.map(Path::to_owned).or_else(|| self.said(None, flag).map(PathBuf::from))
    }

    pub fn complain(&mut self, flag: &str, what: impl fmt::Display) {
        let variable = flag.replace('-', "_").to_uppercase();
        self.complaints.push(format!("--{flag} (THROUGHLINE_{variable}) {what}"));
    }

    pub fn listen(&mut self, given: Option<&str>, flag: &str, default: ([u8; 4], u16)) -> SocketAddr {
        let Some(said) = self.said(given, flag) else { return default.into() };
        said.parse().unwrap_or_else(|_| {
            self.complain(flag, "is not an address and port such as 127.0.0.1:50051");
            default.into()
        })
    }

    /// The authorities that a file names, else the system's.
    pub fn roots(&mut self, given: Option<&Path>, flag: &str) -> Roots {
        let Some(path) = self.path(given, flag) else { return Roots::system() };
        Roots::with_file(&path).unwrap_or_else(|err| {
            self.complain(flag, err);
            Roots::system()
        })
    }

    /// A file of 32 bytes in base64 that has to be there.
    pub fn secret_file(&mut self, given: Option<&Path>, flag: &str) -> Option<PathBuf> {
        let path = self.path(given, flag)?;
        if !path.exists() {
            let there = path.display();
            self.complain(
                flag,
                format!("names {there}, which is not there; make it: openssl rand -base64 32 > {there}"),
            );
        } else if let Err(err) = Secret::at(&path) {
            self.complain(flag, format!("does not do: {err}"));
        }
        Some(path)
    }

    pub fn store(&mut self, given: Option<&str>, storeless: bool) -> Option<StoreUrl> {
        let Some(said) = self.said(given, "store") else {
            if !storeless {
                self.complain("store", "is missing; give sqlite:DIRECTORY or postgres://USER@HOST/DATABASE");
            }
            return None;
        };
        // The text itself may hold a password.
        said.parse().map_err(|err| self.complain("store", err)).ok()
    }

    pub fn peers(&mut self, given: &[String], needed: &[&str]) -> BTreeMap<String, String> {
        let said = if given.is_empty() {
            let listed = self.said(None, "peer").unwrap_or_default();
            listed.split(',').map(str::trim).filter(|peer| !peer.is_empty()).map(str::to_owned).collect()
        } else {
            given.to_vec()
        };
        let mut peers = BTreeMap::new();
        for peer in &said {
            match peer.split_once('=') {
                Some((name, url)) if !name.is_empty() && is_http(url) => {
                    if peers.insert(name.to_owned(), url.to_owned()).is_some() {
                        self.complain("peer", format!("names {name} twice"));
                    }
                }
                Some(_) | None => self.complain("peer", format!("\"{peer}\" is not NAME=http://HOST:PORT")),
            }
        }
        for name in needed.iter().filter(|name| !peers.contains_key(**name)) {
            self.complain(
                "peer",
                format!("is missing for {name}, which is read here; give {name}=http://HOST:PORT"),
            );
        }
        peers
    }

    pub fn auth(&mut self, flags: &Flags) -> AuthSettings {
        let jwks = self.said(flags.auth_jwks.as_deref(), "auth-jwks");
        let issuer = self.said(flags.auth_issuer.as_deref(), "auth-issuer");
        let audience = self.said(flags.auth_audience.as_deref(), "auth-audience");
        let roots = self.roots(flags.auth_jwks_ca.as_deref(), "auth-jwks-ca");
        let said = [("auth-jwks", &jwks), ("auth-issuer", &issuer), ("auth-audience", &audience)];
        if said.iter().all(|(_, said)| said.is_none()) {
            return AuthSettings::Plain;
        }
        for (flag, _) in said.iter().filter(|(_, said)| said.is_none()) {
            self.complain(flag, "is missing; tokens are checked against --auth-jwks, --auth-issuer and --auth-audience together");
        }
        let from = match jwks.unwrap_or_default() {
            url if is_http(&url) => JwksFrom::Url(url),
            path => {
                if !path.is_empty() && !Path::new(&path).is_file() {
                    self.complain(
                        "auth-jwks",
                        format!("names {path}, which is neither a file nor an http(s) URL"),
                    );
                }
                JwksFrom::File(path.into())
            }
        };
        let settings = JwksSettings::new(from, issuer.unwrap_or_default(), audience.unwrap_or_default());
        AuthSettings::Jwks(JwksSettings { roots, ..settings })
    }

    /// A whole number of something, within bounds.
    pub fn number(
        &mut self,
        given: Option<&str>,
        flag: &str,
        default: u64,
        of: &str,
        within: RangeInclusive<u64>,
    ) -> u64 {
        let Some(said) = self.said(given, flag) else { return default };
        match said.parse() {
            Ok(number) if within.contains(&number) => number,
            Ok(_) | Err(_) => {
                let (from, to) = (within.start(), within.end());
                self.complain(flag, format!("is not a number of {of} from {from} to {to}"));
                default
            }
        }
    }

    /// From a second to a year; a day is 24 hours.
    fn nats_retention(&mut self, given: Option<&str>) -> Duration {
        let Some(said) = self.said(given, "nats-retention") else { return RETENTION };
        let span: Option<jiff::Span> = said.parse().ok();
        let long = span.and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok());
        match long.and_then(|long| Duration::try_from(long).ok()) {
            Some(long) if (Duration::from_secs(1)..=Duration::from_secs(365 * 86_400)).contains(&long) => {
                long
            }
            Some(_) | None => {
                self.complain("nats-retention", "is not a time from 1s to 365d, such as 7d, 36h or 90m");
                RETENTION
            }
        }
    }

    pub fn nats(&mut self, flags: &Flags) -> Option<BusSettings> {
        let retention = self.nats_retention(flags.nats_retention.as_deref());
        let replicas = self.number(flags.nats_replicas.as_deref(), "nats-replicas", 1, "servers", 1..=5);
        let roots = self.roots(flags.nats_ca.as_deref(), "nats-ca");
        let url = self.said(flags.nats.as_deref(), "nats")?;
        let bus = BusSettings { url, roots, retention, replicas: replicas as usize };
        if bus.servers().is_err() {
            self.complain("nats", "is not nats://HOST:PORT or tls://HOST:PORT");
        }
        Some(bus)
    }
}

fn is_http(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty()) && url.parse::<http::Uri>().is_ok()
}
