//! Hashes the embedded model at build time, so that no cold start pays for hashing 13 MB.

use std::path::Path;

use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = std::env::var("CARGO_MANIFEST_DIR")?;
    let model = Path::new(&root).join("../../models/lite0-clothing/model.onnx");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", model.display());
    let bytes = std::fs::read(&model)
        .map_err(|error| format!("{}: {error}; `make model` makes it", model.display()))?;
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let target = Path::new(&std::env::var("OUT_DIR")?).join("model.sha256");
    std::fs::write(target, digest)?;
    Ok(())
}
