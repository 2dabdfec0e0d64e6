//! What can be said to `lookalike search`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use lookalike_service::{Crop, Match};

use crate::args::query_arg::QueryArg;
use crate::args::target::TargetArguments;

/// Arguments of `search`.
///
/// Several things are added up: a picture, what results are to be like beside it, and what they are to be unlike.
#[derive(Debug, Args)]
pub(crate) struct SearchArguments {
    /// A picture file.
    #[arg(required_unless_present = "like")]
    pub(crate) image: Option<PathBuf>,

    /// Look at this box of the picture alone: pixels such as 10,20,300,400, or shares such as 0.1,0.2,0.5,0.5
    /// or 10%,20%,50%,50%.
    #[arg(long, value_name = "X,Y,W,H", requires = "image")]
    pub(crate) crop: Option<Crop>,

    /// Leave uniform margins of pictures on.
    #[arg(long)]
    pub(crate) no_trim: bool,

    /// Something that results are to be like: a picture file, product:ID or key:KEY, and how much, which is 1
    /// without.
    #[arg(long, value_name = "WHAT[@WEIGHT]")]
    pub(crate) like: Vec<QueryArg>,

    /// Something that results are to be unlike, and how much, which is 0.5 without.
    #[arg(long, value_name = "WHAT[@WEIGHT]")]
    pub(crate) unlike: Vec<QueryArg>,

    /// How many results.
    #[arg(long, short, default_value_t = 10)]
    pub(crate) k: usize,

    /// Least cosine similarity of a result, -1 to 1.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) min_score: f32,

    /// The weakest match that is a result.
    #[arg(long, value_name = "MATCH", value_parser = match_parser())]
    pub(crate) min_match: Option<Match>,

    /// Only products that this allows, such as category=shoes or price<50; all of them when repeated.
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Vec<String>,

    /// What a result is.
    #[arg(long, value_name = "WHAT", default_value = "product")]
    pub(crate) group_by: GroupByArgument,

    /// Show every picture of a product that is similar enough, rather than the best one.
    #[arg(long)]
    pub(crate) all_images: bool,

    /// How much results are to differ from each other, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub(crate) diversity: f32,

    /// Show nearly the same picture of several products once.
    #[arg(long)]
    pub(crate) collapse: bool,

    /// Metadata to show, names between commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) fields: Option<Vec<String>>,

    /// Attributes whose values to count, names between commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) facets: Vec<String>,

    /// Where the page before ended: `next_cursor` in its JSON.
    #[arg(long)]
    pub(crate) cursor: Option<String>,

    /// Print the API's JSON.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) target: TargetArguments,
}

/// What a result of `search` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GroupByArgument {
    /// A product, through its most similar picture.
    Product,
    /// A picture.
    Image,
}

/// Matches by the names that replies give them.
fn match_parser() -> impl TypedValueParser<Value = Match> {
    let names = PossibleValuesParser::new(Match::ALL.map(Match::name));
    names.try_map(|name| {
        let mut all = Match::ALL.into_iter();
        all.find(|class| class.name() == name)
            .ok_or("there is no such match")
    })
}
