//! The index of an export, and the files that an earlier run left.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use lookalike_search::Exported;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::destination::Destination;
use super::names::{INDEX, PENDING, UNFINISHED};

const FORMAT: &str = "lookalike similar products";
const VERSION: u32 = 1;

/// `index.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct IndexFile {
    format: String,
    version: u32,
    /// The generation of the index from which all files are, or a newer one.
    pub(super) generation: u64,
    /// Maximum number of results for each product.
    k: u32,
    /// Chosen members of the metadata.
    fields: Vec<String>,
    /// Files by product id.
    pub(super) products: BTreeMap<String, Entry>,
}

/// A product's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Name of the file.
    pub(super) file: String,
    /// SHA-256 of its content without the generation, in hexadecimal.
    pub(super) hash: String,
}

/// The files that existed before a run.
#[derive(Debug, Default)]
pub(super) struct Stored {
    products: BTreeMap<String, Entry>,
    /// The index as it is stored.
    pub(super) index_bytes: Option<Bytes>,
    /// Files whose content is uncertain.
    pub(super) pending: BTreeSet<String>,
    /// Files whose content was uncertain before this run.
    uncertain: BTreeSet<String>,
    /// Existing files.
    present: BTreeSet<String>,
}

/// The members of an index of any version.
#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u32>,
}

impl IndexFile {
    pub(super) fn new(generation: u64, k: u32, fields: Vec<String>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            generation,
            k,
            fields,
            products: BTreeMap::new(),
        }
    }

    pub(super) fn to_bytes(&self) -> Result<Bytes> {
        Ok(serde_json::to_vec(self)?.into())
    }
}

impl Stored {
    /// Reads the files of an earlier run.
    pub(super) async fn read(destination: &Destination) -> Result<Self> {
        let mut stored = Self {
            present: destination.list().await?,
            ..Self::default()
        };
        if stored.present.contains(INDEX)
            && let Some(bytes) = destination.read(INDEX).await?
        {
            stored.products = products_of(&bytes, destination)?;
            stored.index_bytes = Some(bytes);
        }
        if stored.present.contains(PENDING)
            && let Some(bytes) = destination.read(PENDING).await?
        {
            stored.pending = serde_json::from_slice(&bytes).with_context(|| {
                format!(
                    "{PENDING} in {destination} is damaged: remove what is in there, and export again"
                )
            })?;
            stored.uncertain = stored.pending.clone();
        }
        Ok(stored)
    }

    /// True if a product's file exists, and its content has this hash.
    pub(super) fn has(&self, product_id: &str, file: &str, hash: &str) -> bool {
        let entry = self.products.get(product_id);
        entry.is_some_and(|entry| entry.file == file && entry.hash == hash)
            && self.is_present(file)
            && !self.uncertain.contains(file)
    }

    /// Returns every file that earlier runs wrote, or may have written.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        let named = self.products.values().map(|entry| entry.file.as_str());
        named.chain(self.uncertain.iter().map(String::as_str))
    }

    /// Returns half-written files of a run that was interrupted.
    pub(super) fn unfinished(&self, named: &BTreeSet<&str>) -> Vec<String> {
        let known: BTreeSet<&str> = self.files().chain(named.iter().copied()).collect();
        let is_ours = |name: &&String| {
            let of = name.strip_suffix(UNFINISHED);
            of.is_some_and(|of| known.contains(of) || of == INDEX || of == PENDING)
        };
        self.present.iter().filter(is_ours).cloned().collect()
    }

    pub(super) fn is_present(&self, file: &str) -> bool {
        self.present.contains(file)
    }
}

/// Returns the hash that decides if a product's file has to be written.
pub(super) fn hash_of(answer: &Exported) -> Result<String> {
    let digest = Sha256::digest(serde_json::to_vec(answer)?);
    Ok(hex::encode(digest))
}

fn products_of(bytes: &[u8], destination: &Destination) -> Result<BTreeMap<String, Entry>> {
    let head: Option<Head> = serde_json::from_slice(bytes).ok();
    match head {
        Some(head) if head.format.as_deref() == Some(FORMAT) => match head.version {
            Some(VERSION) => {}
            version => bail!(
                "{INDEX} in {destination} has version {}, but this release writes version {VERSION}: export to \
                 another place, or remove what is in there",
                version.unwrap_or_default()
            ),
        },
        _ => bail!(
            "{INDEX} in {destination} was not written by this command and will not be replaced: \
             export to another place"
        ),
    }
    let index: IndexFile = serde_json::from_slice(bytes).with_context(|| {
        format!("{INDEX} in {destination} is damaged: remove what is in there, and export again")
    })?;
    Ok(index.products)
}
