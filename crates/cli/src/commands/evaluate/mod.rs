//! `lookalike evaluate`: measures how well an encoder finds neighbors of the right category.

mod tables;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lookalike_encoder::Encoder;
use lookalike_training::bootstrap::Bootstrap;
use lookalike_training::embedded_images::EmbeddedImages;
use lookalike_training::encoder_choice::EncoderChoice;
use lookalike_training::evaluation::{self, Evaluation, Setting, Subject, html};
use lookalike_training::labeled::{LabeledFolder, LabeledImage, Skipped};
use serde_json::json;

use crate::args::EvaluateArguments;
use crate::output::{self, CommandOutcome};
use crate::report_file::ReportFile;

/// Maximum number of problems that are listed for people; programs get all of them.
const MAX_LISTED_PROBLEMS: usize = 20;

pub(crate) async fn run(arguments: EvaluateArguments) -> Result<CommandOutcome> {
    tokio::task::spawn_blocking(move || evaluate(&arguments)).await?
}

fn evaluate(arguments: &EvaluateArguments) -> Result<CommandOutcome> {
    // Everything that can be checked is checked before embedding takes minutes.
    let report = arguments
        .html
        .as_deref()
        .map(ReportFile::create)
        .transpose()?;
    let inputs = Inputs::read(arguments)?;
    let encoders = Encoders::load(arguments)?;
    let (setting, mut skipped, embedding) = inputs.embed(arguments, &encoders)?;
    let begun = Instant::now();
    let evaluation = Evaluation::run(setting, &encoders.subjects())?;
    let measuring = begun.elapsed();
    skipped.extend(inputs.skipped);

    if let Some(report) = report {
        let page = html::page(&evaluation, arguments.queries_shown, &skipped);
        let (path, bytes) = report.write(&page)?;
        let size = output::bytes(bytes);
        eprintln!("wrote {} ({size})", path.display());
    }
    if arguments.json {
        let mut document = evaluation.to_json();
        document["skipped"] = json!(skipped);
        document["seconds"] = json!({
            "embedding": embedding.as_secs_f64(),
            "measuring": measuring.as_secs_f64(),
        });
        println!("{document}");
    } else {
        output::print_text(&tables::all(&evaluation));
        println!("\nembedding took {embedding:.1?}, measuring {measuring:.1?}");
    }
    Ok(CommandOutcome::partial_if(report_problems(
        &evaluation,
        &skipped,
    )))
}

/// Labeled images, checked as far as is possible without embedding them.
struct Inputs {
    catalog: LabeledFolder,
    /// `None` if the catalog is searched with its own images.
    queries: Option<LabeledFolder>,
    skipped: Vec<Skipped>,
}

impl Inputs {
    fn read(arguments: &EvaluateArguments) -> Result<Self> {
        let table = arguments.labels.table()?;
        let mut catalog = LabeledFolder::read(&arguments.catalog, table.as_ref())?;
        let mut queries = LabeledFolder::read(&arguments.queries, table.as_ref())?;
        let mut skipped = Vec::new();
        if let Some(table) = &table {
            skipped.extend(table.bad_lines().to_vec());
            skipped.extend(table.missing(&[&catalog, &queries]));
        }
        skipped.append(&mut catalog.skipped);
        let queries = (catalog.root != queries.root).then(|| {
            skipped.append(&mut queries.skipped);
            queries
        });
        let pictures = queries.as_ref().map(|queries| queries.images.as_slice());
        evaluation::check(&catalog.images, pictures, arguments.k as usize)?;
        Ok(Self {
            catalog,
            queries,
            skipped,
        })
    }

    /// Embeds everything; also returns what could not be embedded, and the time that it took.
    fn embed(
        &self,
        arguments: &EvaluateArguments,
        encoders: &Encoders,
    ) -> Result<(Setting, Vec<Skipped>, Duration)> {
        let begun = Instant::now();
        let queries = self.queries.as_ref().map(|queries| &queries.images);
        let count = self.catalog.images.len() + queries.map_or(0, Vec::len);
        let bar = output::progress("embedding", count as u64);
        let networks = encoders.networks();
        let embed = |pictures: &Vec<LabeledImage>| {
            let embedded = EmbeddedImages::embed(&networks, pictures, || bar.inc(1));
            match embedded.skipped.first() {
                Some(first) if embedded.images.is_empty() => {
                    bail!(
                        "none of {} images can be embedded, such as {}: {}",
                        pictures.len(),
                        first.what,
                        first.reason
                    )
                }
                _ => Ok(embedded),
            }
        };
        let mut catalog = embed(&self.catalog.images)?;
        let mut queries = queries.map(embed).transpose()?;
        bar.finish_and_clear();
        let mut skipped = std::mem::take(&mut catalog.skipped);
        if let Some(queries) = &mut queries {
            skipped.append(&mut queries.skipped);
        }
        let bootstrap = Bootstrap {
            seed: arguments.seed,
            ..Bootstrap::default()
        };
        let setting = Setting {
            catalog,
            queries,
            k: arguments.k as usize,
            bootstrap,
        };
        Ok((setting, skipped, begun.elapsed()))
    }
}

/// The encoder to evaluate and the one to compare it with, each with its name.
struct Encoders(Vec<(String, Encoder)>);

impl Encoders {
    fn load(arguments: &EvaluateArguments) -> Result<Self> {
        let choices: Vec<&EncoderChoice> = std::iter::once(&arguments.encoder)
            .chain(&arguments.compare)
            .collect();
        let mut encoders = Vec::new();
        for choice in &choices {
            let encoder = choice
                .load()
                .with_context(|| format!("encoder {choice} cannot be loaded"))?;
            encoders.push((encoder.name().to_owned(), encoder));
        }
        let same = encoders.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if same {
            for ((name, _), choice) in encoders.iter_mut().zip(choices) {
                *name = choice.to_string();
            }
        }
        Ok(Self(encoders))
    }

    fn networks(&self) -> Vec<&Encoder> {
        self.0.iter().map(|(_, encoder)| encoder).collect()
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        let encoders = self.0.iter();
        encoders
            .map(|(name, encoder)| Subject { name, encoder })
            .collect()
    }
}

/// Prints what does not count on standard error, and returns true if there is anything.
fn report_problems(evaluation: &Evaluation, skipped: &[Skipped]) -> bool {
    let copies = evaluation.setting.queries_in_catalog();
    if copies > 0 {
        eprintln!(
            "note: {copies} queries are also in the catalog, byte for byte; they find themselves"
        );
    }
    let unanswerable = evaluation.unanswerable();
    for (category, queries) in &unanswerable {
        eprintln!(
            "{queries} queries of {category:?} do not count: there is nothing of their category \
             to find"
        );
    }
    for Skipped { what, reason } in skipped.iter().take(MAX_LISTED_PROBLEMS) {
        eprintln!("left out: {what}: {reason}");
    }
    if skipped.len() > MAX_LISTED_PROBLEMS {
        let rest = skipped.len() - MAX_LISTED_PROBLEMS;
        eprintln!("left out: {rest} more, which --json lists");
    }
    !unanswerable.is_empty() || !skipped.is_empty()
}
