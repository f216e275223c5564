//! Generates the contract's code. Compiles every .proto below this folder with protox: no protoc is needed.

use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let mut files = Vec::new();
    protos_below(&root.join("throughline"), &mut files)?;
    files.sort();
    println!("cargo:rerun-if-changed=throughline");
    println!("cargo:rerun-if-changed=google");

    let descriptors = protox::compile(&files, [&root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&descriptors))?;
    let mut names = tonic_prost_build::Config::new();
    names.enable_type_names();
    tonic_prost_build::configure()
        .bytes(".")
        // What is stored must have one encoding, so maps keep an order.
        .btree_map(".")
        .compile_fds_with_config(descriptors, names)?;
    Ok(())
}

fn protos_below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            protos_below(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "proto") {
            found.push(path);
        }
    }
    Ok(())
}
