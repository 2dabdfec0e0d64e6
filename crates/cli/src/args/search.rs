//! The arguments of `search`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use lookalike_core::{Crop, Match};

use crate::args::query_arg::QueryArg;
use crate::args::target::TargetArguments;

/// Arguments of `search`.
///
/// Several subjects are added: an image, others that results should be like, and others that they
/// should be unlike.
#[derive(Debug, Args)]
pub(crate) struct SearchArguments {
    /// An image file.
    #[arg(required_unless_present = "like")]
    pub(crate) image: Option<PathBuf>,

    /// Use only this box of the image: pixels such as 10,20,300,400, or shares such as
    /// 0.1,0.2,0.5,0.5 or 10%,20%,50%,50%.
    #[arg(long, value_name = "X,Y,W,H", requires = "image")]
    pub(crate) crop: Option<Crop>,

    /// Keep uniform margins of images.
    #[arg(long)]
    pub(crate) no_trim: bool,

    /// A subject that results should be like: an image file, product:ID or key:KEY, and its weight, by default 1.
    #[arg(long, value_name = "WHAT[@WEIGHT]")]
    pub(crate) like: Vec<QueryArg>,

    /// A subject that results should be unlike, and its weight, by default 0.5.
    #[arg(long, value_name = "WHAT[@WEIGHT]")]
    pub(crate) unlike: Vec<QueryArg>,

    /// Number of results.
    #[arg(long, short, default_value_t = 10)]
    pub(crate) k: usize,

    /// Minimum cosine similarity of a result, -1 to 1.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) min_score: f32,

    /// Weakest match that is a result.
    #[arg(long, value_name = "MATCH", value_parser = match_parser())]
    pub(crate) min_match: Option<Match>,

    /// Only products that match, such as category=shoes or price<50; if repeated, all filters must match.
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Vec<String>,

    /// Unit of results.
    #[arg(long, value_name = "WHAT", default_value = "product")]
    pub(crate) group_by: GroupByArgument,

    /// Show every image of a product that is similar enough, not only the best one.
    #[arg(long)]
    pub(crate) all_images: bool,

    /// Degree to which results should differ from each other, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub(crate) diversity: f32,

    /// Show nearly identical images of several products once.
    #[arg(long)]
    pub(crate) collapse: bool,

    /// Metadata to show, names separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) fields: Option<Vec<String>>,

    /// Attributes whose values to count, names separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) facets: Vec<String>,

    /// End of the previous page: `next_cursor` in its JSON.
    #[arg(long)]
    pub(crate) cursor: Option<String>,

    /// Print the API's JSON.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) target: TargetArguments,
}

/// The unit of results of `search`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GroupByArgument {
    /// A product, with its most similar image.
    Product,
    /// An image.
    Image,
}

/// Parses a match by its name in responses.
fn match_parser() -> impl TypedValueParser<Value = Match> {
    let names = PossibleValuesParser::new(Match::ALL.map(Match::name));
    names.try_map(|name| {
        let mut all = Match::ALL.into_iter();
        all.find(|class| class.name() == name)
            .ok_or("there is no such match")
    })
}
