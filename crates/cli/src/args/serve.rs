//! The arguments of commands that run a system on this machine.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::{Args, value_parser};
use lookalike_core::Filterable;

use super::catalog::{ColumnArguments, ProductIdSource};

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Port of the page and the search API; 0 for a free one.
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,

    /// Port of the S3 endpoint; 0 for a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) s3_port: u16,

    /// Port of the DynamoDB endpoint; 0 for a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) dynamodb_port: u16,

    /// Port of the SQS endpoint; 0 for a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) sqs_port: u16,

    /// Port of S3, DynamoDB and SQS together, for `AWS_ENDPOINT_URL`; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub(crate) aws_port: u16,

    /// Number of products to draw.
    #[arg(long, default_value_t = 300, value_parser = value_parser!(u32).range(1..=100_000))]
    pub(crate) products: u32,

    /// Columns that searches can be filtered by, separated by commas; `category` is always
    /// included.
    #[arg(
        long,
        value_name = "NAMES",
        default_value = "category,colour,in_stock,pattern,price"
    )]
    pub(crate) filterable: Filterable,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Folder that keeps everything; the same folder continues where it stopped.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,

    /// Upload each new or changed image of this folder tree before the system is ready.
    #[arg(long, value_name = "DIR")]
    pub(crate) catalog: Option<PathBuf>,

    /// Import this table of product metadata before the system is ready.
    #[arg(long, value_name = "FILE")]
    pub(crate) metadata: Option<PathBuf>,

    /// What the product id of an image is, if no table names it: `stem`, `path` or `folder`, as for `upload`.
    #[arg(long, value_name = "SOURCE")]
    pub(crate) product_id: Option<ProductIdSource>,

    /// Port of the page and the search API; 0 for a free one.
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,

    /// Port of the S3 endpoint; 0 for a free one.
    #[arg(long, default_value_t = 9000)]
    pub(crate) s3_port: u16,

    /// Port of the DynamoDB endpoint; 0 for a free one.
    #[arg(long, default_value_t = 8000)]
    pub(crate) dynamodb_port: u16,

    /// Port of the SQS endpoint; 0 for a free one.
    #[arg(long, default_value_t = 9324)]
    pub(crate) sqs_port: u16,

    /// Port of S3, DynamoDB and SQS together, for `AWS_ENDPOINT_URL`; 0 takes a free one.
    #[arg(long, default_value_t = 4566)]
    pub(crate) aws_port: u16,

    /// Address to listen on. Any other than a loopback address opens everything to the network without credentials;
    /// functions in containers need the address of the container engine's bridge, such as 172.17.0.1.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::from(Ipv4Addr::LOCALHOST))]
    pub(crate) bind: IpAddr,

    /// Columns that searches can be filtered by, separated by commas; `category` is always
    /// included.
    #[arg(
        long,
        env = "LOOKALIKE_FILTERABLE",
        value_name = "NAMES",
        default_value = "category"
    )]
    pub(crate) filterable: Filterable,

    /// Seconds for which browsers and a content delivery network may keep look-alikes of a product;
    /// 0 for none. The default is `LOOKALIKE_CACHE_SECONDS`, or 60.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub(crate) cache_seconds: Option<u32>,

    /// Drop the index and index every image again: after a change of the encoder, or damage.
    #[arg(long)]
    pub(crate) start_over: bool,

    /// Print the ready line as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) columns: ColumnArguments,
}
