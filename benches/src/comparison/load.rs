//! Requests over persistent connections; each sends the next request when it has the reply to the
//! last.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Args;
use futures::future::try_join_all;
use http::Request;
use http::header::{CONTENT_TYPE, HOST};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

use crate::AnyError;
use crate::vectors::at;

/// The requests to send, and for how long.
#[derive(Args)]
pub(crate) struct Load {
    /// Port on loopback; with several, connections are distributed evenly.
    #[arg(long = "port", required = true)]
    ports: Vec<u16>,
    /// File with the path of an image on each line; every image is searched with.
    #[arg(
        long,
        required_unless_present = "products",
        conflicts_with = "products"
    )]
    pictures: Option<PathBuf>,
    /// File with a product id on each line, whose look-alikes are requested.
    #[arg(long)]
    products: Option<PathBuf>,
    /// Number of connections at the same time.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Seconds to measure.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds before the measurement.
    #[arg(long, default_value_t = 1.0)]
    warm_up: f64,
}

/// One request: a path, and the body of a `POST`.
struct LoadRequest {
    path: String,
    body: Option<Bytes>,
}

impl Load {
    /// Prints requests per second and latencies. Any reply except 200 is an error.
    pub(crate) fn run(self) -> Result<(), AnyError> {
        let requests = self.requests()?;
        // One thread, because the other side is measured.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let measured_from = Instant::now() + Duration::from_secs_f64(self.warm_up);
        let until = measured_from + Duration::from_secs_f64(self.seconds);
        let all = (0..self.connections).map(|number| {
            let port = self.ports[number % self.ports.len()];
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let first = number * requests.len() / self.connections;
            let requests = requests.iter().cycle().skip(first);
            ask(address, requests, measured_from, until)
        });
        let latencies = runtime.block_on(try_join_all(all))?;
        let mut latencies: Vec<f64> = latencies.into_iter().flatten().collect();
        latencies.sort_by(f64::total_cmp);
        if latencies.is_empty() {
            return Err("no reply arrived in the measured time".into());
        }
        let at_share = |share: f64| latencies[(share * (latencies.len() - 1) as f64) as usize];
        let report = json!({
            "requests": latencies.len(),
            "per_second": latencies.len() as f64 / self.seconds,
            "p50_ms": at_share(0.50) * 1e3,
            "p99_ms": at_share(0.99) * 1e3,
        });
        println!("{report}");
        Ok(())
    }

    fn requests(&self) -> Result<Vec<LoadRequest>, AnyError> {
        let requests: Vec<LoadRequest> = match (&self.pictures, &self.products) {
            (Some(list), _) => lines(list)?
                .iter()
                .map(|path| {
                    let body = std::fs::read(path).map_err(|error| at(Path::new(path), error))?;
                    Ok(LoadRequest {
                        path: "/search?k=10&trim=false".to_owned(),
                        body: Some(body.into()),
                    })
                })
                .collect::<Result<_, AnyError>>()?,
            (None, Some(list)) => lines(list)?
                .iter()
                .map(|id| LoadRequest {
                    path: format!("/products/{id}/similar?k=10"),
                    body: None,
                })
                .collect(),
            (None, None) => Vec::new(),
        };
        if requests.is_empty() {
            return Err("there is nothing to request: the list is empty".into());
        }
        Ok(requests)
    }
}

/// Sends requests over one connection and returns the seconds of each reply that arrived in time.
async fn ask(
    address: SocketAddr,
    requests: impl Iterator<Item = &LoadRequest>,
    measured_from: Instant,
    until: Instant,
) -> Result<Vec<f64>, AnyError> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let asking = async move {
        let mut latencies = Vec::new();
        for request in requests {
            let begun = Instant::now();
            send(&mut sender, request).await?;
            let ended = Instant::now();
            if ended >= until {
                break;
            }
            if begun >= measured_from {
                latencies.push((ended - begun).as_secs_f64());
            }
        }
        Ok::<_, AnyError>(latencies)
    };
    // The connection ends when the sender is dropped.
    let (latencies, ended) = tokio::join!(asking, connection);
    let latencies = latencies?;
    ended?;
    Ok(latencies)
}

async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    request: &LoadRequest,
) -> Result<(), AnyError> {
    let builder = Request::builder()
        .uri(&request.path)
        .header(HOST, "localhost");
    let message = match &request.body {
        Some(body) => builder
            .method("POST")
            .header(CONTENT_TYPE, "image/jpeg")
            .body(Full::new(body.clone())),
        None => builder.body(Full::default()),
    }?;
    let reply = sender.send_request(message).await?;
    let status = reply.status();
    let body = reply.into_body().collect().await?.to_bytes();
    if status != 200 {
        let body = String::from_utf8_lossy(&body);
        return Err(format!("{} was answered with {status}: {body}", request.path).into());
    }
    Ok(())
}

/// Returns the lines of a file.
fn lines(path: &Path) -> Result<Vec<String>, AnyError> {
    let text = std::fs::read_to_string(path).map_err(|error| at(path, error))?;
    Ok(text.lines().map(str::to_owned).collect())
}
