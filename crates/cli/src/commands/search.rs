//! `lookalike search`: finds look-alikes of an image file and other subjects.

use anyhow::Result;
use lookalike_core::Match;
use lookalike_search::{Answer, FoundProduct, GroupBy, Images, SearchOptions};
use serde_json::Value;

use crate::args::{GroupByArgument, SearchArguments};
use crate::output::CommandOutcome;
use crate::search_query::query;
use crate::target::Target;

pub(crate) async fn run(arguments: SearchArguments) -> Result<CommandOutcome> {
    let query = query(&arguments)?;
    let options = options(&arguments);
    let target = Target::connect(&arguments.target).await?;
    let searcher = target.searcher(target.encoders());
    let answer = searcher.search(&query, &options).await?;
    if arguments.json {
        println!("{}", serde_json::to_string(&answer)?);
    } else {
        print(&answer, options.fields.as_deref());
    }
    Ok(CommandOutcome::Complete)
}

fn options(arguments: &SearchArguments) -> SearchOptions {
    let filter = &arguments.filter;
    let given = |list: &[String]| !list.is_empty();
    SearchOptions {
        k: arguments.k,
        min_score: arguments.min_score,
        min_match: arguments.min_match,
        filter: given(filter).then(|| Value::from(filter.clone())),
        group_by: match arguments.group_by {
            GroupByArgument::Product => GroupBy::Product,
            GroupByArgument::Image => GroupBy::Image,
        },
        images: if arguments.all_images {
            Images::All
        } else {
            Images::Best
        },
        diversity: arguments.diversity,
        collapse: arguments.collapse,
        fields: arguments.fields.clone(),
        links: true,
        facets: arguments.facets.clone(),
        cursor: arguments.cursor.clone(),
        min_generation: None,
    }
}

fn print(answer: &Answer, fields: Option<&[String]>) {
    for found in &answer.results {
        let more = match found.collapsed {
            Some(more) if more > 0 => format!("  and {more} more with nearly this image"),
            _ => String::new(),
        };
        println!(
            "{:>6.3}  {:<7}  {:<24}  {}  {}{more}",
            found.score,
            found.class.map_or("", Match::name),
            found.product_id,
            summary(found, fields),
            found.image.key
        );
        // The first one was printed above.
        for image in found.images.iter().flatten().skip(1) {
            println!("{:>6.3}  {:<7}  {:<24}  {}", image.score, "", "", image.key);
        }
    }
    if answer.results.is_empty() {
        println!("nothing found among {} images", answer.index.images);
    }
    for (name, values) in answer.facets.iter().flatten() {
        let values = values.iter();
        let counted = values.map(|facet| format!("{} ({})", shown(&facet.value), facet.count));
        println!("{name}: {}", counted.collect::<Vec<_>>().join(", "));
    }
}

/// Returns the requested metadata; by default name, category and price, as far as they are known.
fn summary(found: &FoundProduct, fields: Option<&[String]>) -> String {
    let usual = ["name", "category", "price"].map(str::to_owned);
    let wanted = fields.unwrap_or(&usual).iter();
    let texts = wanted.filter_map(|name| found.metadata.get(name).map(shown));
    texts.collect::<Vec<_>>().join(", ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
