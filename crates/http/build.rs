//! Gives the crate a name of what it was built from: another build may answer the same request to the same index in
//! another way, and so may not say that its answer is the one that a caller has.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// What answers are made by, and more, from this folder.
const SOURCES: [&str; 7] = [
    "src",
    "../core/src",
    "../encoder/src",
    "../index/src",
    "../inference/src",
    "../search/src",
    "../../Cargo.lock",
];

fn main() -> io::Result<()> {
    let mut files = BTreeSet::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        collect(Path::new(source), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        std::fs::read(&file)?.hash(&mut hasher);
    }
    println!("cargo::rustc-env=LOOKALIKE_BUILD={:016x}", hasher.finish());
    Ok(())
}

/// All files below a path, or itself.
fn collect(path: &Path, files: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.insert(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        // Editors leave such files, even links to nowhere.
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}
