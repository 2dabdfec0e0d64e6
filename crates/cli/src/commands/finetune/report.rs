//! The result of training, for people and programs.

use anyhow::Result;
use lookalike_training::card::Card;
use lookalike_training::dataset::Counts;
use lookalike_training::leave_one_out::LeftOut;
use lookalike_training::metrics::Measures;
use lookalike_training::output_folder::OutputFolder;

use crate::output;
use crate::training::gain_table;

/// Maximum number of pairs of categories that are listed, those confused most often.
const MAX_LISTED_CONFUSIONS: usize = 5;

/// Maximum number of images in a wrong category that are listed.
const MAX_LISTED_SUSPECTS: usize = 10;

/// Prints the card, and what was skipped on standard error.
pub(super) fn print_card(card: &Card, folder: &OutputFolder, json: bool) -> Result<()> {
    for skipped in card.skipped.iter().chain(&card.duplicates) {
        eprintln!("{}: {}", skipped.what, skipped.reason);
    }
    card.notes.iter().for_each(|note| eprintln!("{note}"));
    print_suspects(card);
    if json {
        println!("{}", serde_json::to_string(card)?);
        return Ok(());
    }
    let sum = |pick: fn(&Counts) -> usize| -> usize { card.data.values().map(pick).sum() };
    println!(
        "{} categories: {} images trained, {} validated, {} skipped",
        card.data.len(),
        sum(|counts| counts.training),
        sum(|counts| counts.validation),
        sum(|counts| counts.skipped),
    );
    for (name, images) in &card.others {
        println!("other goods {name}: {images} pictures");
    }
    println!("backbone    {}", line(&card.validation.before));
    println!("fine-tuned  {}", line(&card.validation.after));
    if let Some(gain) = &card.held_out {
        output::print_text(&gain_table(gain));
    }
    if let Some(left_out) = &card.left_out {
        print_left_out(left_out);
    }
    for (category, taken_for, times) in confusions(card) {
        println!("{category} found {taken_for} first, {times} times");
    }
    println!(
        "wrote {}: {} dimensions, {}, epoch {} of {}{}",
        folder.path().display(),
        card.dimensions,
        output::bytes(card.model_bytes as u64),
        card.training_log.best_epoch,
        card.training_log.epochs,
        if card.training_log.interrupted {
            ", stopped early"
        } else {
            ""
        },
    );
    Ok(())
}

fn print_suspects(card: &Card) {
    if card.suspects.is_empty() {
        return;
    }
    eprintln!(
        "{} images may be in the wrong category:",
        card.suspects.len()
    );
    for suspect in card.suspects.iter().take(MAX_LISTED_SUSPECTS) {
        eprintln!(
            "  {}: {}, but {} of its {} nearest images are {}",
            suspect.name, suspect.category, suspect.votes, suspect.neighbors, suspect.suggested
        );
    }
    if card.suspects.len() > MAX_LISTED_SUSPECTS {
        let rest = card.suspects.len() - MAX_LISTED_SUSPECTS;
        eprintln!("  and {rest} more, which card.json lists");
    }
}

fn print_left_out(left_out: &LeftOut) {
    println!("each category left out of training in turn:");
    println!("backbone    {}", line(&left_out.backbone));
    println!("fine-tuned  {}", line(&left_out.fine_tuned));
    for skipped in &left_out.skipped {
        println!("not measured without {}: {}", skipped.what, skipped.reason);
    }
    for (name, gain) in [
        ("P@1", left_out.first_gain),
        ("P@10", left_out.precision_gain),
        ("mAP", left_out.average_precision_gain),
    ] {
        println!(
            "gain in {name:<4} {:+.3}, 95% between {:+.3} and {:+.3}",
            gain.mean, gain.low, gain.high
        );
    }
}

fn line(measures: &Measures) -> String {
    format!(
        "P@1 {:.3}  P@10 {:.3}  mAP {:.3}  ({} queries)",
        measures.first, measures.precision, measures.average_precision, measures.queries
    )
}

/// Returns the categories that are confused, most often first, with counts.
fn confusions(card: &Card) -> Vec<(&str, &str, usize)> {
    let mut wrong: Vec<(&str, &str, usize)> = Vec::new();
    for (category, found) in &card.confusion {
        for (taken_for, &times) in found.iter().filter(|(found, _)| *found != category) {
            wrong.push((category, taken_for, times));
        }
    }
    wrong.sort_by_key(|(.., times)| std::cmp::Reverse(*times));
    wrong.truncate(MAX_LISTED_CONFUSIONS);
    wrong
}
