//! A NATS server with JetStream of the test's own, newest or oldest, which can be killed, wiped and started again.
//! Invariant: it answers JetStream requests whenever `start` or `start_again` has returned.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Command,
    sync::Mutex,
};

use async_nats::{Client, ConnectError, ConnectOptions};
use tempfile::TempDir;

use crate::{
    child::{Running, Signal, until},
    ports::Port,
    tls::Authority,
    tools,
};

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The one recommended.
    Newest,
    /// The oldest that is supported, as a single server.
    Oldest,
}

impl Version {
    /// Both, for tests that hold for either.
    pub const BOTH: [Version; 2] = [Version::Newest, Version::Oldest];

    /// Its number.
    pub const fn number(self) -> &'static str {
        match self {
            Version::Newest => "2.15.1",
            Version::Oldest => "2.9.10",
        }
    }
}

/// A running server; killed and removed with this guard.
#[derive(Debug)]
pub struct Nats {
    version: Version,
    /// Whether it speaks TLS, and nothing else.
    secured: bool,
    home: TempDir,
    port: Port,
    running: Mutex<Option<Running>>,
}

impl Nats {
    /// Starts a server with an empty JetStream store.
    ///
    /// # Panics
    /// Without the server's binary, saying `run make tools`; or where it does not start, with its log.
    pub async fn start(version: Version) -> Self {
        Self::begin(version, None).await
    }

    /// The same, speaking TLS alone, under a certificate of that authority.
    ///
    /// # Panics
    /// As [`Nats::start`].
    pub async fn start_secured(version: Version, authority: &Authority) -> Self {
        Self::begin(version, Some(authority)).await
    }

    async fn begin(version: Version, authority: Option<&Authority>) -> Self {
        let home =
            tempfile::Builder::new().prefix("throughline-nats-").tempdir().expect("a temporary directory");
        let secured = authority.is_some();
        let server = Self { version, secured, home, port: Port::claim(), running: Mutex::default() };
        let mut settings = format!(
            "listen: \"{}\"\njetstream {{ store_dir: \"{}\", max_memory_store: 64MB, max_file_store: 8GB }}\n",
            server.port.address(),
            server.at("store").display(),
        );
        if let Some(authority) = authority {
            let (certificate, key) = (server.at("certificate.pem"), server.at("key.pem"));
            authority.write(&server.at("authority.pem"));
            authority.write_for("127.0.0.1", &certificate, &key);
            settings += &format!(
                "tls {{ cert_file: \"{}\", key_file: \"{}\" }}\n",
                certificate.display(),
                key.display(),
            );
        }
        fs::write(server.at("settings"), settings).expect("the settings can be written");
        server.start_again().await;
        server
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// A client of its own.
    ///
    /// # Errors
    /// Where the server is not there.
    pub async fn client(&self) -> Result<Client, ConnectError> {
        let options = ConnectOptions::new();
        let options =
            if self.secured { options.add_root_certificates(self.at("authority.pem")) } else { options };
        options.connect(self.url()).await
    }

    /// Where clients connect; the same through all stops and starts.
    pub fn url(&self) -> String {
        let scheme = if self.secured { "tls" } else { "nats" };
        format!("{scheme}://{}", self.port.address())
    }

    /// Ends it on the spot.
    pub fn kill(&self) {
        self.end(Signal::Kill);
    }

    /// Asks it to finish, and waits until it has.
    pub fn stop(&self) {
        self.end(Signal::Terminate);
    }

    /// Freezes it: connections stay, answers do not come.
    pub fn freeze(&self) {
        self.lock().as_mut().expect("this server is running").signal(Signal::Stop);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.lock().as_mut().expect("this server is running").signal(Signal::Continue);
    }

    /// Removes everything JetStream has stored.
    ///
    /// # Panics
    /// While it runs: it would write on into files that are gone.
    pub fn wipe_store(&self) {
        assert!(self.lock().is_none(), "stop the server before its store is wiped");
        fs::remove_dir_all(self.at("store")).expect("the store can be removed");
    }

    /// Starts on the same port and store, and waits until JetStream answers.
    pub async fn start_again(&self) {
        assert!(self.lock().is_none(), "this server is running");
        let running = self.spawn();
        *self.lock() = Some(running);
        until("JetStream to answer", || async {
            if let Some(status) = self.lock().as_mut().and_then(Running::exited) {
                panic!("nats-server ended with {status}; its log:\n{}", self.log());
            }
            let client = self.client().await.ok()?;
            client.request("$JS.API.INFO", "".into()).await.ok()
        })
        .await;
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.at("log")).unwrap_or_default()
    }

    fn spawn(&self) -> Running {
        let log = File::options().create(true).append(true).open(self.at("log")).expect("a log file");
        let mut command = Command::new(tools::nats_server(self.version.number()));
        command.arg("-c").arg(self.at("settings"));
        command.stdout(log.try_clone().expect("a log file")).stderr(log);
        Running::spawn(&mut command, Signal::Kill, Some(self.home.path())).expect("nats-server can be run")
    }

    fn end(&self, signal: Signal) {
        if let Some(mut running) = self.lock().take() {
            running.end(signal);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use async_nats::jetstream::{self, stream};

    use super::*;

    async fn publish(nats: &Nats, count: usize) -> u64 {
        let client = async_nats::connect(nats.url()).await.expect("a connection");
        let context = jetstream::new(client);
        let config =
            stream::Config { name: "facts".into(), subjects: vec!["facts".into()], ..Default::default() };
        let mut stream = context.get_or_create_stream(config).await.expect("a stream");
        for _ in 0..count {
            context.publish("facts", "{}".into()).await.expect("sent").await.expect("stored");
        }
        stream.info().await.expect("the stream's state").state.last_sequence
    }

    #[tokio::test]
    async fn either_version_keeps_its_store_until_it_is_wiped() {
        for version in Version::BOTH {
            let nats = Nats::start(version).await;
            let client = async_nats::connect(nats.url()).await.expect("a connection");
            assert_eq!(client.server_info().version, version.number());
            assert_eq!(publish(&nats, 3).await, 3);
            nats.kill();
            nats.start_again().await;
            assert_eq!(publish(&nats, 1).await, 4);
            nats.stop();
            nats.wipe_store();
            nats.start_again().await;
            assert_eq!(publish(&nats, 0).await, 0);
        }
    }
}
