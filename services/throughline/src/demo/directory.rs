//! The directory in which a demo is kept.
//! Invariant: lives are written into an empty one alone; what is there already is never written over.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Stands in the directory while lives are being written.
const UNFINISHED: &str = "demo.unfinished";

/// Where a demo is kept.
pub struct Directory(PathBuf);

/// What a directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or it is not there.
    Nothing,
    /// A store.
    Lives,
    /// A store whose seeding was broken off.
    HalfOfThem,
}

impl Directory {
    /// That one, or the usual one.
    pub fn at(given: Option<PathBuf>) -> Self {
        Self(given.unwrap_or_else(|| std::env::temp_dir().join("throughline-demo")))
    }

    /// What it holds.
    ///
    /// # Errors
    /// It cannot be read, or holds things that are no store.
    pub fn look(&self) -> anyhow::Result<Found> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.path())),
        };
        let (mut empty, mut store) = (true, false);
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", self.path()))?.path();
            empty = false;
            store |= path.extension().is_some_and(|extension| extension == "db");
        }
        match (empty, store) {
            (true, _) => Ok(Found::Nothing),
            (false, true) if self.0.join(UNFINISHED).exists() => Ok(Found::HalfOfThem),
            (false, true) => Ok(Found::Lives),
            (false, false) => {
                bail!("{} holds other things; give --data an empty or new directory", self.path())
            }
        }
    }

    /// It as a store.
    pub fn store(&self) -> String {
        format!("sqlite:{}", self.path())
    }

    /// Its path, to be shown.
    pub fn path(&self) -> std::path::Display<'_> {
        Path::display(&self.0)
    }

    /// How to start anew.
    pub fn anew(&self) -> String {
        format!("To start anew, stop this, delete {} and start again, or give another --data.", self.path())
    }

    /// Lives are being written from now on.
    ///
    /// # Errors
    /// It cannot be written to.
    pub fn begin(&self) -> anyhow::Result<()> {
        std::fs::write(self.0.join(UNFINISHED), "")
            .with_context(|| format!("cannot write to {}", self.path()))
    }

    /// They are written.
    ///
    /// # Errors
    /// It cannot be written to.
    pub fn done(&self) -> anyhow::Result<()> {
        std::fs::remove_file(self.0.join(UNFINISHED))
            .with_context(|| format!("cannot write to {}", self.path()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_served_as_it_is_and_other_things_are_not_written_between() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::at(Some(folder.path().join("demo")));
        assert_eq!(directory.look().unwrap(), Found::Nothing);
        std::fs::create_dir(folder.path().join("demo")).unwrap();
        assert_eq!(directory.look().unwrap(), Found::Nothing);
        directory.begin().unwrap();
        std::fs::write(folder.path().join("demo/registry.log.db"), "").unwrap();
        assert_eq!(directory.look().unwrap(), Found::HalfOfThem);
        directory.done().unwrap();
        assert_eq!(directory.look().unwrap(), Found::Lives);
        let parent = Directory::at(Some(folder.path().to_owned()));
        assert!(parent.look().unwrap_err().to_string().contains("holds other things"));
    }
}
