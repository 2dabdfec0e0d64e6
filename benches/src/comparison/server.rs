//! The search function's router on loopback.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use lookalike_http::{HttpSettings, router};
use serde_json::json;

use crate::AnyError;
use crate::folder::Folder;
use crate::shop::Shop;
use crate::vectors::at;

/// The index and the products to serve.
#[derive(Args)]
pub(crate) struct Http {
    /// Index folder.
    folder: PathBuf,
    /// Products with their metadata, one JSON object per line.
    products: PathBuf,
}

impl Http {
    /// Prints `{"port": ...}` once the index and the encoder are loaded, and serves until it is
    /// killed. It has as many threads as cores that the process may use.
    pub(crate) fn run(self) -> Result<(), AnyError> {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            let text = std::fs::read_to_string(&self.products);
            let text = text.map_err(|error| at(&self.products, error))?;
            let products = text.lines().map(serde_json::from_str);
            let shop: Shop = products.collect::<Result<_, _>>()?;
            drop(text);
            let searcher = Arc::new(Folder::at(&self.folder).searcher(shop));
            searcher.warm_up().await;
            let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let mut output = std::io::stdout().lock();
            let port = listener.local_addr()?.port();
            writeln!(output, "{}", json!({"port": port}))?;
            output.flush()?;
            drop(output);
            axum::serve(listener, router(searcher, HttpSettings::default())).await?;
            Ok(())
        })
    }
}
