//! Rules about any file: nothing of a machine, nothing huge, nothing without its licence.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::{File, Finding, code::numbered, holds, paths};

/// No file in the repository is larger than this.
const BYTES_MAX: u64 = 1_000_000;

/// Where the names of machines' own folders begin. In two parts, so that this file keeps the rule.
const MACHINE_FOLDERS: [(&str, &str); 4] = [("/ro", "ot/"), ("/wo", "rk/"), ("/ho", "me/"), ("/Us", "ers/")];

/// Where packages come from is the business of each client's settings.
const PACKAGE_HOSTS: [(&str, &str); 7] = [
    ("crates", ".io"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("npmjs", ".org"),
    ("npmjs", ".com"),
    ("debian", ".org"),
    ("golang", ".org"),
];

fn joined(parts: &[(&str, &str)]) -> Vec<String> {
    parts.iter().map(|(head, tail)| format!("{head}{tail}")).collect()
}

fn no_path_of_a_machine(file: &File) -> Vec<Finding> {
    let folders = joined(&MACHINE_FOLDERS);
    let starts_a_path =
        |text: &str, at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || "._-/*}".contains(c));
    let names = |text: &str| {
        folders
            .iter()
            .any(|folder| text.match_indices(folder.as_str()).any(|(at, _)| starts_a_path(text, at)))
    };
    let finding = |(line, _)| Finding::new(line, "a path of one machine");
    numbered(&file.text).filter(|(_, text)| names(text)).map(finding).collect()
}

fn no_package_host(file: &File) -> Vec<Finding> {
    // Cargo writes the name of its registry into the lock file itself.
    if file.path == "Cargo.lock" {
        return Vec::new();
    }
    let hosts = joined(&PACKAGE_HOSTS);
    let names = |text: &str| hosts.iter().any(|host| text.contains(host.as_str()));
    let finding = |(line, _)| Finding::new(line, "name no host that packages come from");
    numbered(&file.text).filter(|(_, text)| names(text)).map(finding).collect()
}

fn vendored_protos_carry_their_licence(file: &File) -> Vec<Finding> {
    let vendored = file.path.starts_with("proto/google/") && file.path.ends_with(".proto");
    let licensed = file
        .text
        .lines()
        .take(20)
        .any(|line| line.contains("Licensed under the Apache License, Version 2.0"));
    if vendored && !licensed {
        vec![Finding::new(1, "keep the licence header of the file this was taken from")]
    } else {
        Vec::new()
    }
}

/// A protection that is taken out by a patch which does not fit any more is taken out no more.
fn mutants_fit(file: &File) -> Vec<Finding> {
    if !file.path.starts_with("tools/mutants.d/") {
        return Vec::new();
    }
    let mut git = Command::new("git")
        .args(["apply", "--check", "-"])
        .current_dir(tests::tools::root())
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("git can be run");
    git.stdin.take().expect("piped").write_all(file.text.as_bytes()).expect("git reads the patch");
    if git.wait().expect("git ends").success() {
        Vec::new()
    } else {
        vec![Finding::new(1, "does not fit the tree: it stands applied, or has to be made anew")]
    }
}

fn too_large(sizes: impl IntoIterator<Item = (String, u64)>) -> Vec<String> {
    sizes
        .into_iter()
        .filter(|(_, bytes)| *bytes > BYTES_MAX)
        .map(|(path, bytes)| format!("{path}: {bytes} bytes"))
        .collect()
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    let [first, .., last] = &joined(&MACHINE_FOLDERS)[..] else { unreachable!() };
    holds(
        no_path_of_a_machine,
        &[("a.md", &format!("see {first}notes\nand \"{last}x\"\n"), &[1, 2])],
        &[("a.md", &format!("health{first}, ${{DIR}}{first}, ../shared{last}\n"))],
    );
}

#[test]
fn no_file_names_a_host_of_packages() {
    let host = &joined(&PACKAGE_HOSTS)[0];
    holds(no_package_host, &[("README.md", &format!("from {host}\n"), &[1])], &[("Cargo.lock", host)]);
}

#[test]
fn vendored_files_keep_their_licence() {
    let header = "// Copyright.\n// Licensed under the Apache License, Version 2.0 (the \"License\");\n";
    holds(
        vendored_protos_carry_their_licence,
        &[("proto/google/type/date.proto", "syntax = \"proto3\";\n", &[1])],
        &[("proto/google/type/date.proto", header), ("proto/throughline/a.proto", "syntax = \"proto3\";\n")],
    );
    for licence in ["LICENSE", "proto/google/LICENSE"] {
        let text = fs::read_to_string(tests::tools::root().join(licence))
            .unwrap_or_else(|error| panic!("{licence}: {error}"));
        assert!(
            text.contains("Apache License") && text.contains("Version 2.0, January 2004"),
            "{licence} is not the Apache License 2.0"
        );
        assert!(text.contains("END OF TERMS AND CONDITIONS"), "{licence} is cut short");
    }
}

#[test]
fn no_file_is_over_a_megabyte() {
    assert_eq!(too_large([("a".into(), BYTES_MAX), ("b".into(), BYTES_MAX + 1)]), ["b: 1000001 bytes"]);
    let size = |path: String| Some((path.clone(), fs::metadata(tests::tools::root().join(path)).ok()?.len()));
    assert_eq!(too_large(paths().into_iter().filter_map(size)), [""; 0]);
}

#[test]
fn every_mutant_fits_the_tree() {
    let broken = "Takes out: nothing\n\n--- a/rustfmt.toml\n+++ b/rustfmt.toml\n@@ -1 +1 @@\n-no line of that\n+another\n";
    let name = "tools/mutants.d/invented.patch";
    holds(mutants_fit, &[(name, broken, &[1])], &[("README.md", broken)]);
}
