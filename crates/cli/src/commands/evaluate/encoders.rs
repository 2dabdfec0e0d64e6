use anyhow::{Context, Result};
use lookalike_encoder::Encoder;
use lookalike_training::encoder_choice::EncoderChoice;
use lookalike_training::evaluation::Subject;

use crate::args::EvaluateArguments;

/// The encoder to evaluate and the one to compare it with, each with its name.
pub(super) struct Encoders(Vec<(String, Encoder)>);

impl Encoders {
    pub(super) fn load(arguments: &EvaluateArguments) -> Result<Self> {
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

    pub(super) fn networks(&self) -> Vec<&Encoder> {
        self.0.iter().map(|(_, encoder)| encoder).collect()
    }

    pub(super) fn subjects(&self) -> Vec<Subject<'_>> {
        let encoders = self.0.iter();
        encoders
            .map(|(name, encoder)| Subject { name, encoder })
            .collect()
    }
}
