//! A server of everything on the embedded store, imports into it, and what its logs hold afterwards.
//! Invariant: an import here is the real command against a real process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tests::{Launch, Process};

/// The invented export of that name.
pub fn invented(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hmis").join(name)
}

/// A copy of an export, to be changed.
pub struct Copy(TempDir);

impl Copy {
    /// Of the invented export of that name.
    pub fn of(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(invented(name)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        Self(folder)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Changes a file: the text must be there exactly once.
    pub fn change(&self, file: &str, from: &str, to: &str) {
        replace_once(&self.path().join(file), from, to);
    }
}

/// Changes a file in which the text is exactly once.
pub fn replace_once(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from:?} in {}", path.display());
    fs::write(path, text.replace(from, to)).unwrap();
}

/// What an import came to.
pub struct Outcome {
    /// Its exit code.
    pub code: i32,
    /// What it printed as its answer.
    pub table: String,
    /// Everything it printed.
    pub said: String,
}

impl Outcome {
    /// The number beside a name in the table; nothing where the name is not there.
    pub fn count(&self, name: &str) -> Option<u64> {
        self.table.lines().find_map(|line| line.trim().strip_prefix(name)?.trim().parse().ok())
    }

    /// Asserts the numbers beside these names.
    #[track_caller]
    pub fn counts(&self, expected: &[(&str, u64)]) {
        for (name, count) in expected {
            assert_eq!(self.count(name), Some(*count), "{name} in:\n{}", self.table);
        }
    }

    /// File, line and column of each rejected cell.
    pub fn rejected(&self) -> BTreeMap<String, Vec<String>> {
        let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in self.said.lines() {
            let Some((file, rest)) = line.split_once(" line ") else { continue };
            let (number, reason) = rest.split_once(": ").unwrap();
            let column = reason.split(' ').next().unwrap();
            files.entry(file.to_owned()).or_default().push(format!("{number} {column}"));
        }
        files
    }
}

/// Runs `throughline import hmis`.
pub async fn import(folder: &Path, arguments: &[&str]) -> Outcome {
    let folder = folder.to_str().unwrap();
    let command = ["import", "hmis", folder];
    let mut process = Launch::new(command.iter().chain(arguments).copied()).spawn();
    let code = process.ended().await.code().unwrap();
    Outcome { code, table: process.answer(), said: process.said() }
}

/// A server of everything, with its store.
pub struct Server {
    process: Process,
    _store: TempDir,
}

impl Server {
    /// Serves all on a new embedded store.
    pub async fn start() -> Self {
        let store = tempfile::tempdir().unwrap();
        let at = format!("sqlite:{}", store.path().display());
        let (any, all) = ("127.0.0.1:0", ["serve", "all"]);
        let listen = ["--grpc-listen", any, "--http-listen", any, "--admin-listen", any, "--store", &at];
        let process = Launch::new(all.iter().chain(&listen).copied()).start().await;
        Self { process, _store: store }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.process.grpc())
    }

    /// Imports into it.
    pub async fn import(&self, folder: &Path, more: &[&str]) -> Outcome {
        let url = self.url();
        let to = ["--to", url.as_str()];
        import(folder, &[&to, more].concat()).await
    }

    /// The events of a log, by type without its package.
    pub async fn events(&self, log: &str) -> BTreeMap<String, u64> {
        let mut types = BTreeMap::new();
        for event in self.told(log).await {
            let kind = event["type"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
            *types.entry(kind).or_default() += 1;
        }
        types
    }

    /// The events of a log, in order.
    pub async fn told(&self, log: &str) -> Vec<serde_json::Value> {
        let mut process = Launch::new(["events", log, "--json", "--to", &self.url()]).spawn();
        assert!(process.ended().await.success(), "{}", process.said());
        process.answer().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// How many events all logs that an import writes to hold.
    pub async fn size(&self) -> usize {
        let mut size = 0;
        for log in ["registry", "referrals", "vocational", "housing"] {
            size += self.told(log).await.len();
        }
        size
    }
}
