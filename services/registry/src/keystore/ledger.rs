//! Who was erased: a file of ids that lies outside every backup of the keys, so that a restored backup stays shredded.
//! Invariant: append-only, one id a line, each on disk before the call returns; a line cut short by a crash was never acted on.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use kernel::PersonId;

/// The ledger, open to be written.
pub struct Ledger {
    path: PathBuf,
    file: File,
}

/// Why the ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be read or written.
    #[error("the erasure ledger {path} cannot be read or written")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is no id: to pass over it could bring an erased person back.
    #[error("line {line} of the erasure ledger {path} is no person's id; restore the file before starting")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
}

impl Ledger {
    /// Opens the ledger, made empty if there is none, and tells whom it names.
    ///
    /// # Errors
    /// See [`LedgerError`].
    pub fn open(path: &Path) -> Result<(Self, Vec<PersonId>), LedgerError> {
        let failed = |source| LedgerError::File { path: path.to_owned(), source };
        let (mut file, text) = read(path).map_err(failed)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut erased = vec![];
        for (index, line) in text[..whole].lines().enumerate() {
            let damaged = || LedgerError::Damaged { path: path.to_owned(), line: index + 1 };
            erased.push(line.parse().map_err(|_| damaged())?);
        }
        if whole < text.len() {
            file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        file.flush().map_err(failed)?;
        Ok((Self { path: path.to_owned(), file }, erased))
    }

    /// Adds these people, on disk when this returns. Blocks.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, people: &[PersonId]) -> Result<(), LedgerError> {
        let lines: String = people.iter().map(|person| format!("{person}\n")).collect();
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(|source| LedgerError::File { path: self.path.clone(), source })
    }
}

fn read(path: &Path) -> io::Result<(File, String)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    // The file's name is on disk before the first id is.
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((file, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANA: PersonId = PersonId::of(1);
    const BEN: PersonId = PersonId::of(2);

    #[test]
    fn a_ledger_names_for_ever_whom_it_was_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept").join("erasures");
        let (mut ledger, erased) = Ledger::open(&path).unwrap();
        assert_eq!(erased, []);
        ledger.add(&[ANA]).unwrap();
        ledger.add(&[BEN]).unwrap();
        assert_eq!(Ledger::open(&path).unwrap().1, [ANA, BEN]);
    }

    #[test]
    fn a_line_cut_short_is_dropped_and_the_next_stands_on_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasures");
        std::fs::write(&path, format!("{ANA}\n0000000")).unwrap();
        let (mut ledger, erased) = Ledger::open(&path).unwrap();
        assert_eq!(erased, [ANA]);
        ledger.add(&[BEN]).unwrap();
        assert_eq!(Ledger::open(&path).unwrap().1, [ANA, BEN]);
    }

    #[test]
    fn a_damaged_line_is_named_and_nothing_starts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erasures");
        std::fs::write(&path, format!("{ANA}\nnobody\n{BEN}\n")).unwrap();
        let err = Ledger::open(&path).err().unwrap();
        assert!(matches!(err, LedgerError::Damaged { line: 2, .. }), "{err}");
    }
}
