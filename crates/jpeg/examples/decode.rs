//! Decodes JPEG files, for comparisons with other decoders: for each line `EIGHTHS PATH` on
//! standard input, a line `WIDTH HEIGHT MILLISECONDS` or `error: ...` on standard output, and the
//! pixels in `PATH.EIGHTHS.rgb` unless `--time` is given.
#![allow(clippy::unwrap_used, missing_docs)]

use lookalike_jpeg::{Header, Scale};

fn main() {
    let times = std::env::args().any(|argument| argument == "--time");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (eighths, path) = line.split_once(' ').unwrap();
        let scale = match eighths {
            "1" => Scale::Eighth,
            "2" => Scale::Quarter,
            "4" => Scale::Half,
            _ => Scale::Whole,
        };
        let file = std::fs::read(path).unwrap();
        let decode = || Header::read(&file).and_then(|header| header.decode(scale));
        let mut best = f64::INFINITY;
        let mut decoded = None;
        for _ in 0..if times { 15 } else { 1 } {
            let begun = std::time::Instant::now();
            decoded = Some(decode());
            best = best.min(begun.elapsed().as_secs_f64() * 1e3);
        }
        match decoded.unwrap() {
            Ok(image) => {
                println!("{} {} {best:.2}", image.width, image.height);
                if !times {
                    std::fs::write(format!("{path}.{eighths}.rgb"), image.pixels).unwrap();
                }
            }
            Err(error) => println!("error: {error}"),
        }
    }
}
