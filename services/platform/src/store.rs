//! Where one service keeps everything: its log, and beside it views that can be rebuilt.
//!
//! Invariant: the log and each generation of each view are separate places (files, or schemas), so dropping a view cannot touch the log. A directory
//! of SQLite files belongs to one process.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::args;
use crate::clock::Clock;
use crate::db::{self, Db, Durability, StoreError, quoted};
use crate::log::{self, Log, Place};

mod directory;

pub use directory::Directory;

/// Where stores are.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A directory of SQLite files.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(String),
}

/// What a text that names no store answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is neither sqlite:DIRECTORY nor postgres://USER@HOST/DATABASE")]
pub struct NotAStore;

impl FromStr for StoreUrl {
    type Err = NotAStore;
    fn from_str(text: &str) -> Result<Self, NotAStore> {
        if let Some(directory) = text.strip_prefix("sqlite:").filter(|directory| !directory.is_empty()) {
            return Ok(Self::Sqlite(directory.into()));
        }
        let postgres = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        if postgres && sqlx::postgres::PgConnectOptions::from_str(text).is_ok() {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(NotAStore)
    }
}

impl std::fmt::Debug for StoreUrl {
    /// A URL of PostgreSQL may hold a password, so it is not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(directory) => write!(f, "sqlite:{}", directory.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

/// One service's store. Clones are the same store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    service: &'static str,
    home: Home,
    log: Log,
    views: Mutex<BTreeMap<String, Db>>,
}

/// Where a service's places are made.
enum Home {
    /// The directory is ours as long as this is held.
    Sqlite(Directory),
    Postgres(String),
}

impl Store {
    /// Opens a service's store: makes or completes its tables, starts its appender.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if another process holds the directory, or the tables are a newer build's.
    pub async fn open(url: &StoreUrl, service: &'static str, clock: Clock) -> Result<Self, StoreError> {
        let (home, db, place) = Self::place(url, service).await?;
        log::migrate(&db).await?;
        Self::start(service, home, db, place, clock).await
    }

    /// Opens a service's store if its tables are those of this build, and gives nothing if they are not yet: where another process migrates, a
    /// server reports that it is not ready and tries again.
    pub async fn open_migrated(
        url: &StoreUrl,
        service: &'static str,
        clock: Clock,
    ) -> Result<Option<Self>, StoreError> {
        let (home, db, place) = Self::place(url, service).await?;
        if !log::is_current(&db).await? {
            return Ok(None);
        }
        Self::start(service, home, db, place, clock).await.map(Some)
    }

    /// Makes or completes the tables of a service's log. Doing it twice, or in two processes at once, is doing it once.
    pub async fn migrate(url: &StoreUrl, service: &'static str) -> Result<(), StoreError> {
        let (_home, db, _) = Self::place(url, service).await?;
        log::migrate(&db).await?;
        db.close().await;
        Ok(())
    }

    async fn place(url: &StoreUrl, service: &'static str) -> Result<(Home, Db, Place), StoreError> {
        match url {
            StoreUrl::Sqlite(directory) => {
                let directory = Directory::hold(directory)?;
                let file = directory.path().join(format!("{service}.log.db"));
                Ok((Home::Sqlite(directory), db::sqlite(&file, Durability::Full), Place::Sqlite(file)))
            }
            StoreUrl::Postgres(url) => {
                let db = schema(url, service, Durability::Full).await?;
                let place = Place::Postgres { url: url.clone(), schema: service.to_owned() };
                Ok((Home::Postgres(url.clone()), db, place))
            }
        }
    }

    async fn start(
        service: &'static str,
        home: Home,
        db: Db,
        place: Place,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let log = Log::open(service, db, place, clock).await?;
        Ok(Self(Arc::new(Inner { service, home, log, views: Mutex::default() })))
    }

    /// The service's log.
    pub fn log(&self) -> &Log {
        &self.0.log
    }

    /// The tables of one generation of a projection, made empty if they are not there. Their commits do not wait for the disk: rows and cursor go
    /// back together if the machine fails.
    pub async fn views(&self, projection: &str, generation: u32) -> Result<Db, StoreError> {
        let name = self.view(projection, generation);
        if let Some(db) = self.known().get(&name) {
            return Ok(db.clone());
        }
        let db = match &self.0.home {
            Home::Sqlite(directory) => {
                db::sqlite(&directory.path().join(file(&name)), Durability::Rebuildable)
            }
            Home::Postgres(url) => schema(url, &name, Durability::Rebuildable).await?,
        };
        // Two who ask at once get the same tables, and the same connections from now on.
        Ok(self.known().entry(name).or_insert(db).clone())
    }

    /// Drops one generation of a projection; that it is not there is fine.
    pub async fn drop_views(&self, projection: &str, generation: u32) -> Result<(), StoreError> {
        let name = self.view(projection, generation);
        let known = self.known().remove(&name);
        if let Some(db) = known {
            db.close().await;
        }
        match &self.0.home {
            Home::Sqlite(directory) => {
                for end in ["", "-wal", "-shm"] {
                    directory.remove(&format!("{}{end}", file(&name)))?;
                }
                Ok(())
            }
            Home::Postgres(url) => {
                let db = db::postgres(url, &name, Durability::Full)?;
                let mut tx = db.begin().await?;
                tx.script(&format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted(&name)?)).await?;
                tx.commit().await?;
                db.close().await;
                Ok(())
            }
        }
    }

    /// A place of its own for what is neither log nor view and cannot be made again, made empty if it is not there. Unlike a view's, its commits
    /// are on the disk when they return.
    pub async fn vault(&self, name: &str) -> Result<Db, StoreError> {
        match &self.0.home {
            Home::Sqlite(directory) => {
                let file = directory.path().join(format!("{}.{name}.db", self.0.service));
                Ok(db::sqlite(&file, Durability::Full))
            }
            Home::Postgres(url) => schema(url, &format!("{}_{name}", self.0.service), Durability::Full).await,
        }
    }

    /// The generations of a projection that are there, in order.
    pub async fn generations(&self, projection: &str) -> Result<Vec<u32>, StoreError> {
        let (before, after, names) = match &self.0.home {
            Home::Sqlite(directory) => {
                (format!("{}.{projection}.g", self.0.service), ".db", directory.names()?)
            }
            Home::Postgres(url) => {
                let db = db::postgres(url, self.0.service, Durability::Full)?;
                let rows = db.fetch("SELECT nspname::text FROM pg_namespace", args![]).await?;
                let names: Result<Vec<_>, _> = rows.iter().map(|row| row.text(0)).collect();
                db.close().await;
                (format!("{}_{projection}_g", self.0.service), "", names?)
            }
        };
        let number = |name: String| name.strip_prefix(&before)?.strip_suffix(after)?.parse().ok();
        let mut generations: Vec<u32> = names.into_iter().filter_map(number).collect();
        generations.sort_unstable();
        Ok(generations)
    }

    /// Ends the appender once what waits has been appended, and closes every connection.
    pub async fn close(&self) {
        self.0.log.close().await;
        let views = std::mem::take(&mut *self.known());
        for db in views.into_values() {
            db.close().await;
        }
    }

    fn view(&self, projection: &str, generation: u32) -> String {
        let between = match self.0.home {
            Home::Sqlite(_) => '.',
            Home::Postgres(_) => '_',
        };
        format!("{}{between}{projection}{between}g{generation}", self.0.service)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Db>> {
        self.0.views.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file(view: &str) -> String {
    format!("{view}.db")
}

/// A schema, made if it is not there.
async fn schema(url: &str, name: &str, durability: Durability) -> Result<Db, StoreError> {
    let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(name)?);
    let db = db::postgres(url, name, durability)?;
    let mut tx = db.begin().await?;
    // "If not exists" alone still fails when two create it at the same moment.
    tx.fetch("SELECT pg_advisory_xact_lock(hashtext('throughline schema'))", args![]).await?;
    tx.script(&sql).await?;
    tx.commit().await?;
    Ok(db)
}

#[cfg(test)]
mod tests;
