//! What holds for this repository beyond what compiler and lints can see.
//! Invariant: each rule is shown to fail on a broken example before it is asked of the repository.
//!
//! A rule takes one file and names what is wrong with it by line: [`manifests`], [`sources`], [`files`]. [`code`] reads Rust.

mod code;
mod files;
mod manifests;
mod sources;

use std::{fmt, fs, process::Command};

use tests::tools;

/// A file as a rule sees it.
struct File {
    /// From the root of the repository.
    path: String,
    text: String,
}

/// A line that breaks a rule.
struct Finding {
    line: usize,
    why: String,
}

impl Finding {
    fn new(line: usize, why: impl fmt::Display) -> Self {
        Self { line, why: why.to_string() }
    }
}

/// Shows that the rule finds exactly these lines in the broken examples and none in the sound ones, then asks it of the repository.
fn holds(rule: impl Fn(&File) -> Vec<Finding>, broken: &[(&str, &str, &[usize])], sound: &[(&str, &str)]) {
    let example = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    for (path, text, lines) in broken {
        let found: Vec<usize> = rule(&example(path, text)).iter().map(|finding| finding.line).collect();
        assert_eq!(found, *lines, "the rule misreads this broken example, {path}:\n{text}");
    }
    for (path, text) in sound {
        let found = rule(&example(path, text));
        assert!(found.is_empty(), "the rule finds {} in this sound example, {path}:\n{text}", found[0].why);
    }
    assert!(!broken.is_empty(), "a rule that was never seen to fail proves nothing");
    let files = repository();
    assert!(files.len() > 50, "the repository has more than {} files", files.len());
    let found: Vec<String> = files
        .iter()
        .flat_map(|file| {
            rule(file).into_iter().map(|finding| format!("{}:{}: {}", file.path, finding.line, finding.why))
        })
        .collect();
    assert!(found.is_empty(), "{} lines break this rule:\n{}", found.len(), found.join("\n"));
}

/// Every text file that is, or would be, committed.
fn repository() -> Vec<File> {
    paths()
        .into_iter()
        .filter_map(|path| {
            let text = String::from_utf8(fs::read(tools::root().join(&path)).ok()?).ok()?;
            Some(File { path, text })
        })
        .collect()
}

fn paths() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(tools::root())
        .output()
        .expect("git can be run");
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    let mut paths: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    paths.sort();
    paths.dedup();
    paths
}
