//! Prepares the embedded model: hashes it, so that a cold start does not have to hash 15 MB, and
//! compiles its network, so that a cold start does not have to parse and optimize it.

use std::error::Error;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// Shape of the embedded network's input; loading compares it with the preprocessing.
const SHAPE: [usize; 4] = [1, 3, 224, 224];

fn main() -> Result<(), Box<dyn Error>> {
    let root = std::env::var("CARGO_MANIFEST_DIR")?;
    let model = Path::new(&root).join("../../models/lite0-general/model.onnx");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", model.display());
    let onnx = std::fs::read(&model)
        .map_err(|error| format!("{}: {error}; `make model` makes it", model.display()))?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let digest: [u8; 32] = Sha256::digest(&onnx).into();
    std::fs::write(out.join("model.sha256"), digest)?;
    if std::env::var("CARGO_CFG_TARGET_ENDIAN")? != "little" {
        return Err("the compiled network is written for little-endian targets only".into());
    }
    let network = lookalike_inference::Network::compile(&onnx, SHAPE)?;
    std::fs::write(out.join("network.bin"), network)?;
    Ok(())
}
