//! `lookalike search`: look-alikes of a picture file.

use anyhow::{Context, Result};
use lookalike_http::SearchReply;
use lookalike_service::{Answer, FoundProduct, SearchOptions};
use serde_json::Value;

use crate::args::SearchArguments;
use crate::output::Done;
use crate::target::Target;

pub(crate) async fn run(arguments: SearchArguments) -> Result<Done> {
    let picture = std::fs::read(&arguments.image)
        .with_context(|| format!("cannot read {}", arguments.image.display()))?;
    let target = Target::connect(&arguments.target).await?;
    let searcher = target.searcher(target.encoders());
    let options = SearchOptions {
        k: arguments.k,
        min_score: arguments.min_score,
    };
    let answer = searcher.search_picture(picture.into(), options).await?;
    if arguments.json {
        println!("{}", serde_json::to_string(&SearchReply::from(answer))?);
    } else {
        print(&answer);
    }
    Ok(Done::All)
}

fn print(answer: &Answer) {
    for found in &answer.results {
        println!(
            "{:>6.3}  {:<24}  {}  {}",
            found.score,
            found.product_id,
            summary(found),
            found.image_key
        );
    }
    if answer.results.is_empty() {
        println!("nothing found among {} pictures", answer.index.images);
    }
}

/// Name, category and price, as far as they are known.
fn summary(found: &FoundProduct) -> String {
    let known = ["name", "category", "price"].iter();
    let texts = known.filter_map(|name| match found.metadata.get(*name)? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    });
    texts.collect::<Vec<_>>().join(", ")
}
