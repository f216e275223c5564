//! Rules about Rust sources: what a domain may name, what no code may leave undone.

use crate::{
    File, Finding,
    code::{code, followed, looping, numbered, paths, tests_from},
    holds, repository,
};

/// What domain code may name besides its own modules: all of it values.
const DOMAIN_USES: [&str; 7] = ["std", "core", "alloc", "kernel", "jiff", "uuid", "thiserror"];

/// The modules of a service around its domain.
const AROUND: [&str; 5] = ["wire", "api", "policy", "view", "query"];

fn is_rust(file: &File) -> bool {
    file.path.ends_with(".rs")
}

fn is_domain(file: &File) -> bool {
    is_rust(file) && (file.path.contains("/src/domain/") || file.path.ends_with("/src/domain.rs"))
}

/// The crates that the workspace's manifest names, as code spells them.
fn crates(manifest: &str) -> Vec<String> {
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| Some(line.split_once([' ', '='])?.0.replace('-', "_")))
        .filter(|name| name != "#")
        .collect()
}

fn domain_knows_the_kernel_alone(file: &File, crates: &[String]) -> Vec<Finding> {
    if !is_domain(file) {
        return Vec::new();
    }
    let code = code(&file.text);
    let tests = tests_from(&file.path, &code).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    for path in paths(&code) {
        let (first, second) = (path.first.as_str(), path.second.as_deref());
        if first == "proptest" && path.line >= tests {
            continue;
        }
        if crates.iter().any(|name| name == first) && !DOMAIN_USES.contains(&first) {
            found.push(Finding::new(path.line, format!("the domain may not name {first}")));
        } else if first == "crate" && second != Some("domain") {
            let outside = second.unwrap_or("{");
            found.push(Finding::new(
                path.line,
                format!("the domain may not name crate::{outside}; its own is crate::domain"),
            ));
        } else if first == "super" && second.is_some_and(|name| AROUND.contains(&name)) {
            found.push(Finding::new(
                path.line,
                format!("the domain may not name {}", second.unwrap_or_default()),
            ));
        }
    }
    found
}

fn domain_asks_neither_time_nor_chance(file: &File) -> Vec<Finding> {
    if !is_domain(file) && !file.path.starts_with("services/kernel/src/") {
        return Vec::new();
    }
    let code = code(&file.text);
    let end = tests_from(&file.path, &code).unwrap_or(usize::MAX);
    let asks = ["now", "now_v7", "new_v4", "random"].into_iter().flat_map(|name| followed(&code, name, "("));
    let mut lines: Vec<usize> = asks.filter(|line| *line < end).collect();
    lines.sort_unstable();
    lines.into_iter().map(|line| Finding::new(line, "take the time or the id as an argument")).collect()
}

/// The name of the failure point that a line passes.
fn point(line: &str) -> Option<&str> {
    line.split_once("fault::point(\"")?.1.split_once('"').map(|(name, _)| name)
}

/// `deaths` is the text of the tests that end processes.
fn every_failure_point_is_died_at(file: &File, deaths: &str) -> Vec<Finding> {
    if !is_rust(file) || !file.path.starts_with("services/") {
        return Vec::new();
    }
    let died_at =
        |name: &str| ['"', ':', '='].into_iter().any(|end| deaths.contains(&format!("\"{name}{end}")));
    let points = numbered(&file.text).filter_map(|(line, text)| Some((line, point(text)?)));
    points
        .filter(|(_, name)| !died_at(name))
        .map(|(line, name)| Finding::new(line, format!("no test of tests/tests kills a process at {name}")))
        .collect()
}

fn opens_with_its_purpose(file: &File) -> Vec<Finding> {
    let opens = file.text.starts_with("//! ");
    if !is_rust(file) || opens {
        Vec::new()
    } else {
        vec![Finding::new(1, "open the file with //! and its purpose")]
    }
}

fn leaves_nothing_undone(file: &File) -> Vec<Finding> {
    if !is_rust(file) {
        return Vec::new();
    }
    let code = code(&file.text);
    let undone = |(line, text): (usize, &str)| {
        text.contains("#[ignore").then(|| Finding::new(line, "a test runs or is not there"))
    };
    let mut found: Vec<Finding> = numbered(&code).filter_map(undone).collect();
    for name in ["todo", "unimplemented", "dbg"] {
        found.extend(
            followed(&code, name, "!")
                .into_iter()
                .map(|line| Finding::new(line, format!("{name}! is left over"))),
        );
    }
    found
}

fn tests_wait_for_conditions(file: &File) -> Vec<Finding> {
    if !is_rust(file) {
        return Vec::new();
    }
    let code = code(&file.text);
    let Some(from) = tests_from(&file.path, &code) else { return Vec::new() };
    let raw: Vec<&str> = file.text.lines().collect();
    // A loop that sleeps between two looks waits for a condition.
    let polling = looping(&code);
    let meant =
        |line: usize| raw[line.saturating_sub(2)..line].iter().any(|text| text.contains("// Sleeps: "));
    let blind = |line: &usize| *line >= from && !polling.contains(line) && !meant(*line);
    let why = "wait for a condition; where the time itself is the point, say `// Sleeps: why` above";
    followed(&code, "sleep", "(").into_iter().filter(blind).map(|line| Finding::new(line, why)).collect()
}

fn queries_are_made_at_run_time(file: &File) -> Vec<Finding> {
    if !is_rust(file) {
        return Vec::new();
    }
    let code = code(&file.text);
    let macros = ["query", "query_as", "query_scalar", "query_file", "query_file_as", "migrate"];
    let made = macros.into_iter().flat_map(|name| followed(&code, name, "!("));
    let driver =
        ["AnyPool", "AnyConnection", "AnyPoolOptions"].into_iter().flat_map(|name| followed(&code, name, ""));
    made.chain(driver)
        .map(|line| Finding::new(line, "no compile-time macros of sqlx, and never its Any driver"))
        .collect()
}

fn services_speak_through_tracing(file: &File) -> Vec<Finding> {
    // A fault point has its last word before it aborts, when no log would be flushed any more.
    let may_print = ["services/throughline/", "services/platform/src/fault.rs"];
    let prints =
        file.path.starts_with("services/") && !may_print.iter().any(|path| file.path.starts_with(path));
    if !is_rust(file) || !prints {
        return Vec::new();
    }
    let code = code(&file.text);
    let end = tests_from(&file.path, &code).unwrap_or(usize::MAX);
    let macros =
        ["println", "eprintln", "print", "eprint"].into_iter().flat_map(|name| followed(&code, name, "!"));
    macros
        .filter(|line| *line < end)
        .map(|line| Finding::new(line, "log through tracing; only the binary prints"))
        .collect()
}

#[test]
fn the_crates_of_the_workspace_are_read_from_its_manifest() {
    let manifest = "[workspace]\n[workspace.dependencies]\n# Why.\ntonic-prost = \"1\"\nkernel = { path = \"k\" }\n\n[profile.dev]\nx = 1\n";
    assert_eq!(crates(manifest), ["tonic_prost", "kernel"]);
}

#[test]
fn a_domain_names_the_kernel_and_values_alone() {
    let manifest = std::fs::read_to_string(tests::tools::root().join("Cargo.toml"))
        .expect("the workspace has a manifest");
    let crates = crates(&manifest);
    holds(
        |file| domain_knows_the_kernel_alone(file, &crates),
        &[
            (
                "services/housing/src/domain/unit.rs",
                "use kernel::Day;\nuse tokio::sync::watch;\nfn f() { proto::g(); }\n",
                &[2, 3],
            ),
            (
                "services/housing/src/domain/unit.rs",
                "use proptest::prelude::*;\n#[cfg(test)]\nmod tests;\n",
                &[1],
            ),
            (
                "services/housing/src/domain.rs",
                "use crate::wire::Ask;\nuse super::view;\nuse crate::{api};\n",
                &[1, 2, 3],
            ),
        ],
        &[
            (
                "services/housing/src/domain/unit.rs",
                "use crate::domain::ids::Unit;\nuse super::*;\nuse uuid::Uuid;\n// tokio::spawn\n",
            ),
            ("services/housing/src/domain/tests/model.rs", "use proptest::prelude::*;\n"),
            ("services/housing/src/wire.rs", "use proto::pb;\n"),
        ],
    );
}

#[test]
fn a_domain_takes_time_and_ids_as_arguments() {
    holds(
        domain_asks_neither_time_nor_chance,
        &[(
            "services/housing/src/domain/unit.rs",
            "let at = Timestamp::now();\nlet id = Uuid::now_v7();\n",
            &[1, 2],
        )],
        &[
            (
                "services/housing/src/domain/unit.rs",
                "fn f(now: Timestamp) {}\n#[cfg(test)]\nmod tests {\n let id = Uuid::new_v4();\n}\n",
            ),
            ("services/platform/src/clock.rs", "let at = Timestamp::now();\n"),
        ],
    );
}

#[test]
fn every_source_opens_with_its_purpose() {
    holds(
        opens_with_its_purpose,
        &[("proto/build.rs", "use std::fs;\n", &[1])],
        &[("proto/build.rs", "//! Generates.\n"), ("a.md", "x")],
    );
}

#[test]
fn nothing_is_ignored_or_left_to_do() {
    holds(
        leaves_nothing_undone,
        &[(
            "a.rs",
            "#[ignore = \"slow\"]\nfn f() { todo!() }\nlet x = dbg!(y);\nunimplemented!();\n",
            &[1, 2, 4, 3],
        )],
        &[("a.rs", "// todo!\nlet todo = \"#[ignore]\";\n")],
    );
}

#[test]
fn tests_do_not_sleep_in_place_of_a_condition() {
    holds(
        tests_wait_for_conditions,
        &[
            ("tests/tests/a.rs", "fn f() {\n    tokio::time::sleep(TICK).await;\n}\n", &[2]),
            ("tests/tests/a.rs", "while x {\n    fn f() {\n        sleep(TICK);\n    }\n}\n", &[3]),
            (
                "services/x/src/a.rs",
                "fn f() { sleep(A); }\n#[cfg(test)]\nmod tests {\n    fn g() { thread::sleep(B); }\n}\n",
                &[4],
            ),
        ],
        &[
            ("tests/src/a.rs", "loop {\n    if there() {\n        sleep(TICK).await;\n    }\n}\n"),
            ("tests/src/a.rs", "// Sleeps: an outage has a length.\nsleep(OUTAGE).await;\n"),
            ("services/x/src/a.rs", "#[cfg(test)]\nuse x;\nfn f() { sleep(A); }\n"),
        ],
    );
}

#[test]
fn no_query_is_checked_at_compile_time() {
    holds(
        queries_are_made_at_run_time,
        &[(
            "a.rs",
            "let x = sqlx::query!(\"SELECT 1\");\nsqlx::query_as!(A, \"\");\nlet p: AnyPool = q;\n",
            &[1, 2, 3],
        )],
        &[("a.rs", "let x = sqlx::query(\"SELECT 1\");\n// query!(\n")],
    );
}

#[test]
fn only_the_binary_prints() {
    holds(
        services_speak_through_tracing,
        &[(
            "services/registry/src/api.rs",
            "println!(\"x\");\n#[cfg(test)]\nmod tests {\n    println!();\n}\n",
            &[1],
        )],
        &[("services/throughline/src/main.rs", "println!(\"listening\");\n")],
    );
}

#[test]
fn at_every_failure_point_some_test_kills_a_process() {
    let tests = |file: &File| {
        ["tests/tests/faults/", "tests/tests/system/"].iter().any(|of| file.path.starts_with(of))
    };
    let deaths: String = repository().into_iter().filter(tests).map(|file| file.text).collect();
    holds(
        |file| every_failure_point_is_died_at(file, &deaths),
        &[(
            "services/platform/src/log.rs",
            "//! A log.\n\nfn f() {\n    fault::point(\"log.unheard\");\n}\n",
            &[4],
        )],
        &[(
            "services/platform/src/log.rs",
            "//! A log.\n\nfn f() {\n    fault::point(\"append.committed\");\n}\n",
        )],
    );
}
