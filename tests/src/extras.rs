//! Data beside the repository that some tests run on where it is there.
//! Invariant: whether such a test ran is said by name at the end of `make test`; nothing of the project depends on one.

use std::{env, fs, path::PathBuf};

use crate::tools;

/// The path of that file or folder in `../shared`, or `None` where it is not there.
/// `test` is how the closing lines of `make test` name what ran, or was skipped.
///
/// # Panics
/// Where the note for the closing lines cannot be written.
pub fn extra(test: &str, path: &str) -> Option<PathBuf> {
    let there =
        tools::root().parent().map(|outside| outside.join("shared").join(path)).filter(|path| path.exists());
    if let Some(notes) = env::var_os("THROUGHLINE_EXTRAS") {
        let note = if there.is_some() { "ran".to_owned() } else { format!("skipped: no ../shared/{path}") };
        fs::write(PathBuf::from(notes).join(test), note).expect("the note can be written");
    }
    there
}
