//! A PostgreSQL server of the test's own, durable as in production, which can be stopped the hard way and started again.
//! Invariant: two tests never share a database, two test processes never share a server.

use std::{
    fs::{self, File},
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{
    child::{Running, Signal, until},
    ports::Port,
    tools,
};

/// The superuser of every test server.
const USER: &str = "throughline";
/// The account `nobody` of Debian: the server refuses to run as root.
const NOBODY: u32 = 65_534;

/// A running server; stopped and removed with this guard.
#[derive(Debug)]
pub struct Postgres {
    bin: PathBuf,
    home: TempDir,
    port: Port,
    running: Mutex<Option<Running>>,
    databases: AtomicU32,
}

impl Postgres {
    /// Starts a server for this test alone.
    ///
    /// # Panics
    /// Without server binaries, saying `run make tools`; or where the server does not start, with its log.
    pub async fn start() -> Self {
        Self::with(None).await
    }

    /// As [`Postgres::start`], with the settings of this file; where to listen stays the harness's to say.
    pub async fn start_with(settings: &Path) -> Self {
        Self::with(Some(settings)).await
    }

    async fn with(settings: Option<&Path>) -> Self {
        let (bin, home) = tokio::task::spawn_blocking(|| {
            let bin = tools::postgres_bin();
            let home = new_home();
            copy(&template(&bin), &home.path().join("data"));
            (bin, home)
        })
        .await
        .expect("the data directory of a test server was made");
        if let Some(settings) = settings {
            // Over those that initdb wrote, in a place that the server's account can read.
            fs::copy(settings, home.path().join("data/postgresql.conf")).expect("the settings can be read");
        }
        let server =
            Self { bin, home, port: Port::claim(), running: Mutex::default(), databases: AtomicU32::new(0) };
        server.start_again().await;
        server
    }

    /// The one server that the tests of this process share; each takes databases of its own from it. Do not stop it.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Postgres> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    /// The address of a new, empty database.
    pub async fn url(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.database(&name).await
    }

    /// The address of the database of that name, which is created if it is not there.
    ///
    /// # Panics
    /// Where the name is not lower-case letters, digits and underscores, or the server is down.
    pub async fn database(&self, name: &str) -> String {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(name.chars().all(plain), "a database name is lower-case letters, digits and _, not {name:?}");
        let mut server = self.connect().await.expect("the test server takes connections");
        let known: Option<i32> = sqlx::query_scalar("SELECT 1 FROM pg_database WHERE datname = $1")
            .bind(name)
            .fetch_optional(&mut server)
            .await
            .expect("the catalogue can be read");
        if known.is_none() {
            // template0 takes no connections, so creations at the same moment do not disturb each other.
            let create = format!("CREATE DATABASE {name} TEMPLATE template0");
            sqlx::raw_sql(sqlx::AssertSqlSafe(create))
                .execute(&mut server)
                .await
                .expect("a database is created");
        }
        server.close().await.expect("the connection closes");
        format!("postgres://{USER}@{}/{name}", self.port.address())
    }

    /// Makes it a server that has run for a while: its write-ahead log has been round once, so that its files are there and are written over. A new
    /// server makes each of them first, filled with zeros, which none does that runs on.
    pub async fn run_in(&self) {
        const FILES: usize = 64;
        let mut server = self.connect().await.expect("the test server takes connections");
        for _ in 0..FILES {
            sqlx::raw_sql("SELECT pg_logical_emit_message(false, 'run in', ''); SELECT pg_switch_wal()")
                .execute(&mut server)
                .await
                .expect("a file of the write-ahead log is filled");
        }
        sqlx::raw_sql("CHECKPOINT").execute(&mut server).await.expect("a checkpoint");
        server.close().await.expect("the connection closes");
    }

    /// Stops as a power cut would, but for the disk: no checkpoint, no goodbye; recovery runs at the next start.
    pub fn stop_immediate(&self) {
        if let Some(mut running) = self.lock().take() {
            running.end(Signal::Quit);
        }
    }

    /// Starts on the same port and data, and waits until it takes connections.
    pub async fn start_again(&self) {
        assert!(self.lock().is_none(), "this server is running");
        let running = self.spawn();
        *self.lock() = Some(running);
        until("PostgreSQL to take connections", || async {
            if let Some(status) = self.lock().as_mut().and_then(Running::exited) {
                panic!("PostgreSQL ended with {status}; its log:\n{}", self.log());
            }
            self.connect().await.ok()
        })
        .await;
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    fn spawn(&self) -> Running {
        let log =
            File::options().create(true).append(true).open(self.home.path().join("log")).expect("a log file");
        let mut command = Command::new(self.bin.join("postgres"));
        command.arg("-D").arg(self.home.path().join("data")).current_dir(self.home.path());
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=400",
            "log_line_prefix=%m [%p] %d ",
            &format!("port={}", self.port.number()),
        ] {
            command.args(["-c", setting]);
        }
        as_its_owner(&mut command, self.home.path());
        command.stdout(log.try_clone().expect("a log file")).stderr(log);
        Running::spawn(&mut command, Signal::Quit, Some(self.home.path())).expect("PostgreSQL can be run")
    }

    async fn connect(&self) -> sqlx::Result<PgConnection> {
        let options = PgConnectOptions::new()
            .host("127.0.0.1")
            .port(self.port.number())
            .username(USER)
            .database("postgres")
            .disable_statement_logging();
        PgConnection::connect_with(&options).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop_immediate();
    }
}

/// A directory for a server, under the machine's temporary directory, which any account may pass through.
fn new_home() -> TempDir {
    let home =
        tempfile::Builder::new().prefix("throughline-postgres-").tempdir().expect("a temporary directory");
    // What we create belongs to whom we run as.
    if fs::metadata(home.path()).expect("the directory is there").uid() == 0 {
        chown(home.path(), Some(NOBODY), Some(NOBODY)).expect("root may give a directory away");
    }
    home
}

/// Runs the command as the account that owns `home`.
fn as_its_owner(command: &mut Command, home: &Path) {
    if fs::metadata(home).expect("the directory is there").uid() == NOBODY {
        command.uid(NOBODY).gid(NOBODY);
    }
}

/// An initialised data directory to copy from. `initdb` takes a second or two, so it runs once per build directory and version.
fn template(bin: &Path) -> PathBuf {
    let version = output(Command::new(bin.join("postgres")).arg("--version"));
    let number = version.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let number = number.unwrap_or_else(|| panic!("postgres --version says {version:?}"));
    let build = tools::profile_dir();
    let ready = build.join(format!("postgres-{number}-data"));
    if !ready.exists() {
        let home = new_home();
        let data = home.path().join("data");
        let mut initdb = Command::new(bin.join("initdb"));
        initdb.arg("-D").arg(&data).current_dir(home.path());
        initdb.args([
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
            "--username",
            USER,
        ]);
        as_its_owner(&mut initdb, home.path());
        output(&mut initdb);
        // Made aside and renamed, so that nobody copies half of one. Of two at once the second finds it there, which is as good.
        let aside = tempfile::tempdir_in(&build).expect("the build directory can be written");
        copy(&data, &aside.path().join("data"));
        if let Err(error) = fs::rename(aside.path().join("data"), &ready) {
            assert!(ready.exists(), "{} cannot be made: {error}", ready.display());
        }
    }
    ready
}

/// Copies a directory with owners and modes as they are.
fn copy(from: &Path, to: &Path) {
    output(Command::new("cp").arg("-a").arg(from).arg(to));
}

fn output(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn count(url: &str) -> sqlx::Result<i64> {
        let mut database = PgConnection::connect(url).await?;
        sqlx::query_scalar("SELECT count(*) FROM facts").fetch_one(&mut database).await
    }

    #[tokio::test]
    async fn what_was_committed_survives_an_immediate_stop() {
        let server = Postgres::start().await;
        let (url, other) = (server.url().await, server.url().await);
        let mut database = PgConnection::connect(&url).await.expect("a connection");
        sqlx::raw_sql("CREATE TABLE facts (n bigint); INSERT INTO facts VALUES (1), (2)")
            .execute(&mut database)
            .await
            .expect("two rows");
        server.stop_immediate();
        assert!(count(&url).await.is_err(), "a stopped server answers nobody");
        server.start_again().await;
        assert_eq!(count(&url).await.expect("the same address serves again"), 2);
        assert!(count(&other).await.is_err(), "the other database has no such table");
        assert_eq!(server.database("test_0").await, url);
    }

    #[tokio::test]
    async fn a_shared_server_gives_each_its_own_database() {
        let (left, right) = tokio::join!(Postgres::shared(), Postgres::shared());
        assert!(std::ptr::eq(left, right));
        let (one, two) = tokio::join!(left.url(), right.url());
        assert_ne!(one, two);
    }
}
