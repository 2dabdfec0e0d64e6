//! Images of goods that an encoder is not trained on, but has to find as well as its backbone does.

use crate::error::TrainingError;
use crate::features::{Dropped, Features, Pooling};
use crate::labeled::LabeledFolder;
use crate::progress::{Progress, Stop};
use lookalike_encoder::Augmentation;

/// The features of one folder of other goods. Their categories are not used.
#[derive(Debug, Clone)]
pub struct OtherGoods {
    /// A name for the card.
    pub name: String,
    /// Features, one row for each image.
    pub features: Features,
}

impl OtherGoods {
    /// Pools the images of a folder; returns those that cannot be used with the reason.
    ///
    /// # Errors
    /// If no image can be used, the cache cannot be written, or it was stopped.
    pub fn pool(
        name: String,
        folder: &LabeledFolder,
        pooling: &Pooling<'_>,
        watched: (&dyn Progress, &Stop),
    ) -> Result<(Self, Vec<Dropped>), TrainingError> {
        // They are never searched for, so there is nothing to compare.
        let pooling = Pooling {
            baseline: None,
            ..pooling.clone()
        };
        let (mut images, dropped) = pooling.pool(&folder.images, &[Augmentation::NONE], watched)?;
        match (images.as_slice(), dropped.as_slice()) {
            ([], [(image, reason), ..]) => Err(TrainingError::NothingUsable {
                found: dropped.len(),
                first: format!("{}: {reason}", image.name),
            }),
            _ => {
                let features = pooling.rows(&mut images, 1);
                Ok((Self { name, features }, dropped))
            }
        }
    }

    /// Returns the number of images.
    pub fn images(&self) -> usize {
        self.features.plain().len() / self.features.dimensions.max(1)
    }
}
