//! `lookalike serve`: runs the complete system on one machine.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use lookalike_product_table::ProductTable;
use serde_json::json;

use super::{import, upload};
use crate::args::{ProductIdSource, ServeArguments};
use crate::catalog_folder::{CatalogFolder, UploadOptions};
use crate::import_report;
use crate::local::{ListenOptions, LocalSystem};
use crate::output::{self, CommandOutcome};
use crate::product_file;
use crate::sam_variables;
use crate::stop_signal::StopSignal;

pub(crate) async fn run(arguments: ServeArguments) -> Result<CommandOutcome> {
    let table = match &arguments.metadata {
        Some(path) => product_file::read(path, &arguments.columns.options())?,
        None => ProductTable::default(),
    };
    let listen = ListenOptions {
        address: arguments.bind,
        http: arguments.port,
        s3: arguments.s3_port,
        dynamodb: arguments.dynamodb_port,
        sqs: arguments.sqs_port,
        aws: arguments.aws_port,
    };
    let cache = arguments.cache_seconds.map(u64::from);
    let cache = cache.map(Duration::from_secs);
    let stop = StopSignal::listen()?;
    let system = LocalSystem::start(&arguments.data, listen, &arguments.filterable, cache).await?;
    let prepare = async {
        if arguments.start_over {
            system.start_over().await?;
        }
        let catalog = arguments.catalog.as_deref();
        prepare(&system, catalog, &table, arguments.product_id).await
    };
    let done = match stop.or(prepare).await {
        Some(prepared) => {
            prepared?;
            announce(&system, &arguments.data, arguments.json);
            stop.came().await;
            CommandOutcome::Complete
        }
        None => {
            eprintln!("stopped before everything was indexed; the next start continues");
            CommandOutcome::Partial
        }
    };
    system.stop().await?;
    Ok(done)
}

/// Imports, uploads and indexes everything, and reports failures.
pub(crate) async fn prepare(
    system: &LocalSystem,
    catalog: Option<&Path>,
    table: &ProductTable,
    product_id: Option<ProductIdSource>,
) -> Result<()> {
    import_report::warn(table, &system.target.settings.filterable);
    if !table.products.is_empty() {
        let changed = import::store(&system.target, table).await?;
        eprintln!("{}", import::summary(table, changed));
    }
    system.catch_up().await?;
    system.follow_events();
    if let Some(folder) = catalog {
        let folder = CatalogFolder::new(folder)?;
        let options = UploadOptions {
            entries: (!table.products.is_empty()).then(|| product_file::matcher(table)),
            product_id,
            force: false,
        };
        let report = folder.upload(&system.target.cloud, options).await?;
        upload::print(&report);
    }
    let spinner = output::spinner("indexing");
    system.settled().await;
    spinner.finish_and_clear();
    if system.dead_letters() > 0 {
        eprintln!(
            "warning: {} changes could not be indexed; `lookalike index verify --repair --data DIR` \
             tries again",
            system.dead_letters()
        );
    }
    Ok(())
}

/// Prints that the system is ready, and how to use it.
fn announce(system: &LocalSystem, data: &Path, as_json: bool) {
    let connection = &system.connection;
    let environment = connection.environment();
    if as_json {
        let environment: serde_json::Map<_, _> = environment
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let line = json!({
            "ready": true,
            "url": connection.url,
            "s3_url": connection.s3_url,
            "dynamodb_url": connection.dynamodb_url,
            "sqs_url": connection.sqs_url,
            "aws_url": connection.aws_url,
            "environment": environment,
        });
        println!("{line}");
        return;
    }
    println!("ready");
    println!("  page and API  {}", connection.url);
    println!("  S3            {}", connection.s3_url);
    println!("  DynamoDB      {}", connection.dynamodb_url);
    println!("  SQS           {}", connection.sqs_url);
    println!("  all of AWS    {}", connection.aws_url);
    println!("\nFor the AWS CLI, boto3 and lookalike in another terminal:\n");
    for (name, value) in environment {
        // The one for all services is enough.
        if !name.starts_with("AWS_ENDPOINT_URL_") {
            println!("  export {name}={value}");
        }
    }
    println!(
        "\nFor `sam local`, in that terminal: --env-vars {}",
        sam_variables::path(data).display()
    );
    println!("\nCtrl-C stops.");
}
