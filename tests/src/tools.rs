//! Where the binaries are that `make tools` and `make build` provide.
//! Invariant: a missing one panics with the command that brings it.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests crate lies in the repository")
        .to_path_buf()
}

/// The directory that cargo builds into, as seen from the running test binary (`<target>/<profile>/deps/<test>`).
pub fn profile_dir() -> PathBuf {
    let test = env::current_exe().expect("a running test has a path");
    let deps = test.parent().expect("a test binary lies in a directory");
    if deps.ends_with("deps") {
        deps.parent().expect("deps lies in a profile").to_path_buf()
    } else {
        deps.to_path_buf()
    }
}

/// The directory with PostgreSQL's `postgres` and `initdb`: in the search path, else Debian's newest.
pub fn postgres_bin() -> PathBuf {
    let search = env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    debian.sort();
    env::split_paths(&search)
        .chain(debian.into_iter().rev().map(|(_, path)| path))
        .find(|dir| dir.join("postgres").is_file() && dir.join("initdb").is_file())
        // A link in the search path leads to the directory where the server finds its own files.
        .and_then(|dir| dir.join("postgres").canonicalize().ok()?.parent().map(Path::to_path_buf))
        .unwrap_or_else(|| {
            panic!("no PostgreSQL server binaries (postgres, initdb) on this machine: run `make tools`")
        })
}

/// The `nats-server` of that version, as `make tools` lays it down.
pub fn nats_server(version: &str) -> PathBuf {
    let path = root().join(".tools").join(format!("nats-{version}")).join("nats-server");
    assert!(path.is_file(), "no nats-server {version} at {}: run `make tools`", path.display());
    path
}

/// Our own binary, with failure points compiled in: `THROUGHLINE_BIN`, else the one beside the running test.
pub fn throughline() -> PathBuf {
    let path =
        env::var_os("THROUGHLINE_BIN").map_or_else(|| profile_dir().join("throughline"), PathBuf::from);
    assert!(path.is_file(), "no throughline binary at {}: run `make build`", path.display());
    path
}

/// A browser of the Chromium family.
pub fn chromium() -> PathBuf {
    let search = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&search)
        .flat_map(|dir| ["chromium", "chromium-browser", "google-chrome"].map(|name| dir.join(name)))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("no Chromium on this machine: run `make tools`"))
}

/// The Python whose packages are those of `docs/clients/python/requirements.txt`.
pub fn python() -> PathBuf {
    laid_down("python/bin/python")
}

/// The folder of packages that `docs/clients/typescript/package.json` names.
pub fn node_modules() -> PathBuf {
    laid_down("typescript/node_modules")
}

/// The compiler of contracts.
pub fn buf() -> PathBuf {
    laid_down("buf")
}

fn laid_down(name: &str) -> PathBuf {
    let path = root().join(".tools").join(name);
    assert!(path.exists(), "no {}: run `make tools`", path.display());
    path
}
