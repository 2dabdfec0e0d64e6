//! Any number of embeddings, made from those of real images.

mod nearest;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use lookalike_core::ports::ImageEncoder;
use lookalike_core::{Area, Fingerprint, ImageError, ImageFormat, ImageInfo};
use lookalike_encoder::Encoder;
use lookalike_test_support::dot;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use walkdir::WalkDir;

pub use self::nearest::keep;
use self::nearest::{NEIGHBORS, length, nearest};

/// The error of a benchmark, as it is told.
pub type AnyError = Box<dyn std::error::Error>;

/// Number of best images of a query that count for recall.
const K: usize = 10;
/// Noise of a made vector, as a share of the distance between the two real ones that it lies
/// between.
const NOISE: f32 = 1.0 / 3.0;
/// Distance of the images of a product from its first one: their cosine with it is 0.98.
const VIEWS_APART: f32 = 0.2;
/// One in this many real images is reserved for queries, which are not in the index.
const HELD_OUT: usize = 10;

/// An encoder that takes numbers instead of images and returns the vector of each number: first
/// those of real images, then vectors at a random position between a real one and one of its
/// nearest, with random noise. So they are distributed like real images, and everything except
/// embedding is measured.
pub struct Numbered {
    real: Vec<Vec<f32>>,
    /// Number of consecutive images that show one product.
    images_per_product: u64,
    nearest: Vec<Vec<usize>>,
    queries: Vec<Vec<f32>>,
    fingerprint: Fingerprint,
}

/// Scores this close are equal: sums of `f32` in another order differ by as much.
pub const SCORE_TOLERANCE: f32 = 1e-6;

/// Numbers from here on stand for queries.
const FIRST_QUERY: u64 = 1 << 40;

/// Returns the bytes that stand for image `number`.
pub fn image_bytes(number: usize) -> Bytes {
    Bytes::copy_from_slice(&(number as u64).to_le_bytes())
}

/// Returns the bytes that stand for query `number`.
pub fn query_bytes(number: usize) -> Bytes {
    Bytes::copy_from_slice(&(FIRST_QUERY + number as u64).to_le_bytes())
}

impl Numbered {
    /// Embeds the images below a folder.
    ///
    /// # Errors
    /// A sentence if a file cannot be read or embedded, or there are too few.
    pub fn of_images(folder: &Path) -> Result<Self, AnyError> {
        let encoder = Encoder::embedded()?;
        let mut files = Vec::new();
        for entry in WalkDir::new(folder).sort_by_file_name() {
            let path = entry?.into_path();
            if path.extension().is_some_and(|extension| extension == "jpg") {
                files.push(path);
            }
        }
        // Index and queries have images of every folder.
        files.shuffle(&mut StdRng::seed_from_u64(1));
        let embed = |path: &PathBuf| -> Result<Vec<f32>, String> {
            let about = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
            let bytes = std::fs::read(path).map_err(|error| about(&error))?;
            encoder.embed(&bytes).map_err(|error| about(&error))
        };
        let mut real: Vec<Vec<f32>> = files.par_iter().map(embed).collect::<Result<_, _>>()?;
        let queries = real.split_off(real.len() - real.len() / HELD_OUT);
        if queries.is_empty() || real.len() <= NEIGHBORS {
            let (folder, found, least) = (folder.display(), files.len(), NEIGHBORS + 2);
            return Err(format!("{folder} has {found} *.jpg, at least {least} are needed").into());
        }
        Ok(Self {
            nearest: real.par_iter().map(|v| nearest(v, &real)).collect(),
            real,
            images_per_product: 1,
            queries,
            fingerprint: Fingerprint(encoder.fingerprint()),
        })
    }

    /// Makes so many consecutive images show one product. They are nearer to each other than to those of other
    /// products: the most difficult case for a search that gets a limited number of images from which to choose products.
    #[must_use]
    pub fn grouped(self, images_per_product: usize) -> Self {
        Self {
            images_per_product: images_per_product.max(1) as u64,
            ..self
        }
    }

    /// Returns the vectors of the queries, of unit length, `[dimensions]` each.
    pub fn queries(&self) -> &[Vec<f32>] {
        &self.queries
    }

    /// Returns the recall of a search: the share of the ten nearest of the first `images` images
    /// that were found, or others as near.
    pub fn recall(&self, images: usize, found: &[Vec<usize>]) -> f64 {
        let asked = &self.queries[..found.len()];
        let nearest = (0..images).into_par_iter().fold(
            || vec![Vec::new(); asked.len()],
            |mut best, number| {
                let vector = self.vector(number as u64);
                for (best, query) in best.iter_mut().zip(asked) {
                    keep(best, K, dot(&vector, query));
                }
                best
            },
        );
        let nearest = nearest.reduce(
            || vec![Vec::new(); asked.len()],
            |mut one, other| {
                for (one, other) in one.iter_mut().zip(other) {
                    other.into_iter().for_each(|score| keep(one, K, score));
                }
                one
            },
        );
        let (mut met, mut expected) = (0, 0);
        for ((query, nearest), found) in asked.iter().zip(nearest).zip(found) {
            let least = nearest.last().copied().unwrap_or_default() - SCORE_TOLERANCE;
            let score = |number: &usize| dot(&self.vector(*number as u64), query);
            met += found.iter().filter(|number| score(number) >= least).count();
            expected += nearest.len();
        }
        met as f64 / expected.max(1) as f64
    }

    /// Returns the vector of image `number`, of unit length, `[dimensions]`.
    pub fn vector(&self, number: u64) -> Vec<f32> {
        let (product, view) = (
            number / self.images_per_product,
            number % self.images_per_product,
        );
        let first = self.real.get(product as usize);
        let first = first.map_or_else(|| self.made(product), Clone::clone);
        match view {
            0 => first,
            _ => self.another_view(first, number),
        }
    }

    /// Returns the vector of another image of the product whose first image has this vector.
    fn another_view(&self, mut first: Vec<f32>, number: u64) -> Vec<f32> {
        let mut dice = StdRng::seed_from_u64(number | 1 << 63);
        let noise: Vec<f32> = first.iter().map(|_| dice.random_range(-1.0..1.0)).collect();
        let noise_by = VIEWS_APART / length(noise.iter().copied());
        for (x, noise) in first.iter_mut().zip(noise) {
            *x += noise_by * noise;
        }
        let long = length(first.iter().copied());
        first.iter_mut().for_each(|x| *x /= long);
        first
    }

    fn made(&self, number: u64) -> Vec<f32> {
        let mut dice = StdRng::seed_from_u64(number);
        let one = dice.random_range(0..self.real.len());
        let other = self.nearest[one][dice.random_range(0..NEIGHBORS)];
        let (one, other) = (&self.real[one], &self.real[other]);
        let share: f32 = dice.random();
        let noise: Vec<f32> = one.iter().map(|_| dice.random_range(-1.0..1.0)).collect();
        let apart = length(one.iter().zip(other).map(|(a, b)| a - b));
        let noise_by = NOISE * apart / length(noise.iter().copied());
        let steps = one.iter().zip(other).zip(noise);
        let mut made: Vec<f32> = steps
            .map(|((a, b), n)| a + share * (b - a) + noise_by * n)
            .collect();
        let long = length(made.iter().copied());
        made.iter_mut().for_each(|x| *x /= long);
        made
    }
}

impl ImageEncoder for Numbered {
    fn name(&self) -> &str {
        "numbered"
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    fn dimensions(&self) -> usize {
        self.real[0].len()
    }

    /// A number takes the memory of its vector.
    fn inspect(&self, _: &[u8]) -> Result<ImageInfo, ImageError> {
        Ok(ImageInfo {
            format: ImageFormat::Png,
            width: 1,
            height: 1,
            memory: size_of_val(&self.real[0][..]) as u64,
        })
    }

    fn embed(&self, image: &[u8], _: &Area) -> Result<Vec<f32>, ImageError> {
        let number = image.first_chunk().map_or(0, |n| u64::from_le_bytes(*n));
        if let Some(query) = number.checked_sub(FIRST_QUERY) {
            return Ok(self.queries[query as usize % self.queries.len()].clone());
        }
        Ok(self.vector(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recall_is_the_share_of_the_nearest() {
        let mut dice = StdRng::seed_from_u64(5);
        let mut unit = || {
            let v: Vec<f32> = (0..8).map(|_| dice.random_range(-1.0..1.0)).collect();
            let long = length(v.iter().copied());
            v.into_iter().map(|x| x / long).collect::<Vec<f32>>()
        };
        let real: Vec<Vec<f32>> = (0..40).map(|_| unit()).collect();
        let numbered = Numbered {
            nearest: real.iter().map(|v| nearest(v, &real)).collect(),
            images_per_product: 1,
            queries: vec![unit(), unit()],
            real,
            fingerprint: Fingerprint([0; 32]),
        };
        let exact = |query: &[f32]| {
            let mut all: Vec<usize> = (0..100).collect();
            all.sort_by(|a, b| {
                let score = |i: &usize| dot(&numbered.vector(*i as u64), query);
                score(b).total_cmp(&score(a))
            });
            all
        };
        let all: Vec<Vec<usize>> = numbered.queries.iter().map(|q| exact(q)).collect();
        let best = |skip: usize| {
            all.iter()
                .map(|all| all[skip..skip + 10].to_vec())
                .collect::<Vec<_>>()
        };
        assert_eq!(numbered.recall(100, &best(0)), 1.0);
        assert_eq!(numbered.recall(100, &best(3)), 0.7);
        assert_eq!(numbered.recall(100, &best(20)), 0.0);
        assert_eq!(numbered.recall(100, &[]), 0.0);
    }
}
