//! A directory of SQLite files and the process that it belongs to.
//! Invariant: at most one process holds a directory; it holds it until its last store there is gone, or it ends in any way.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::db::StoreError;

/// The file whose lock is the right to the directory.
const LOCK: &str = "throughline.lock";

/// The directories that this process holds: its services share one.
static HELD: Mutex<BTreeMap<PathBuf, Weak<Held>>> = Mutex::new(BTreeMap::new());

/// A directory that this process holds.
#[derive(Clone, Debug)]
pub struct Directory(Arc<Held>);

#[derive(Debug)]
struct Held {
    path: PathBuf,
    /// The operating system's lock lives as long as the open file.
    _lock: File,
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    move |error| StoreError::File { what, path: path.display().to_string(), source: Arc::new(error) }
}

impl Directory {
    /// Takes hold of a directory, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Unusable`], naming the other process, if one holds it.
    pub fn hold(path: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(path).map_err(failed("cannot make the store's directory", path))?;
        let path = path.canonicalize().map_err(failed("cannot resolve the store's directory", path))?;
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held.get(&path).and_then(Weak::upgrade) {
            return Ok(Self(known));
        }
        let lock = lock(&path)?;
        let new = Arc::new(Held { path: path.clone(), _lock: lock });
        held.insert(path, Arc::downgrade(&new));
        Ok(Self(new))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Removes a file of it; that it is not there is fine.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path().join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(failed("cannot remove the store's file", &path)(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The names of its files.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        let unread = || failed("cannot read the store's directory", self.path());
        let mut names = Vec::new();
        for entry in std::fs::read_dir(self.path()).map_err(unread())? {
            names.push(entry.map_err(unread())?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }
}

fn lock(directory: &Path) -> Result<File, StoreError> {
    let path = directory.join(LOCK);
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = file.map_err(failed("cannot open the store's lock", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            // Who holds it is a help, not a need.
            file.read_to_string(&mut owner).ok();
            let owner = if owner.trim().is_empty() { "another process" } else { owner.trim() };
            let why = format!(
                "{} belongs to {owner}: stop that, or give this one a directory of its own",
                directory.display()
            );
            return Err(StoreError::Unusable(why));
        }
        Err(TryLockError::Error(error)) => return Err(failed("cannot lock the store", &path)(error)),
    }
    let name = std::env::current_exe().ok();
    let name = name.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let owner = format!("{} (process {})\n", name.unwrap_or_default(), std::process::id());
    let written =
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(owner.as_bytes()));
    written.map_err(failed("cannot write the store's lock", &path))?;
    Ok(file)
}
