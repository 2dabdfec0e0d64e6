//! `lookalike demo`: runs the complete system on a drawn catalog.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result};
use lookalike_product_table::ReadOptions;
use lookalike_sample_catalog::DrawnCatalog;

use super::{draw, serve};
use crate::args::DemoArguments;
use crate::local::{ListenOptions, LocalSystem};
use crate::output::CommandOutcome;
use crate::product_file;
use crate::stop_signal::StopSignal;

pub(crate) async fn run(arguments: DemoArguments) -> Result<CommandOutcome> {
    let stop = StopSignal::listen()?;
    let folder = tempfile::Builder::new()
        .prefix("lookalike-demo-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let drawn = draw::draw(folder.path(), arguments.products as usize, 1).await?;
    if stop.has_come() {
        return Ok(CommandOutcome::Partial);
    }
    let table = product_file::read(&drawn.table, &ReadOptions::default())?;
    let listen = ListenOptions {
        address: Ipv4Addr::LOCALHOST.into(),
        http: arguments.port,
        s3: arguments.s3_port,
        dynamodb: arguments.dynamodb_port,
        sqs: arguments.sqs_port,
        aws: arguments.aws_port,
    };
    let data = folder.path().join("data");
    let system = LocalSystem::start(&data, listen, &arguments.filterable, None).await?;
    eprintln!("indexing {} images", drawn.images.len());
    let prepare = serve::prepare(&system, Some(&drawn.folder), &table, None);
    let done = match stop.or(prepare).await {
        Some(prepared) => {
            prepared?;
            announce(&system, &drawn, &data);
            stop.came().await;
            CommandOutcome::Complete
        }
        None => CommandOutcome::Partial,
    };
    system.stop().await?;
    Ok(done)
}

fn announce(system: &LocalSystem, drawn: &DrawnCatalog, data: &Path) {
    let url = &system.connection.url;
    println!("ready: open {url} in a browser, or try\n");
    if let Some(image) = drawn.images.first() {
        println!(
            "  curl --data-binary @{} '{url}/search?k=5'",
            image.path.display()
        );
        println!("  curl '{url}/products/{}/similar?k=5'", image.product_id);
    }
    println!("  curl {url}/index");
    println!("\nThe images are in {}", drawn.folder.display());
    println!(
        "For other commands, such as `lookalike status`: --data {}",
        data.display()
    );
    println!(
        "For the AWS CLI and boto3: AWS_ENDPOINT_URL={} AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} AWS_REGION={} \
         AWS_DEFAULT_REGION={}",
        system.connection.aws_url,
        system.connection.access_key,
        system.connection.secret_key,
        system.connection.region,
        system.connection.region
    );
    println!("Ctrl-C stops and removes everything.");
}
