//! Embeddings of as many pictures as are wanted, made from those of real pictures.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use lookalike_encoder::Encoder;
use lookalike_service::ports::Embedder;
use lookalike_service::{Area, Fingerprint, ImageInfo, ImageError, ImageFormat};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use walkdir::WalkDir;

use crate::AnyError;

/// A made vector lies on the way from a real one to one of so many nearest.
const NEIGHBOURS: usize = 10;
/// And away from it by so much of the distance of the two.
const NOISE: f32 = 1.0 / 3.0;
/// Of real pictures, one in so many is held out: queries are not in the index.
const HELD_OUT: usize = 10;

/// Instead of pictures it takes their numbers, and gives each the vector that the number stands for: first those
/// of real pictures, then between them, at a random place between one and one of its nearest, with random noise.
/// So they lie where real pictures lie. Everything else than embedding is thus measured without it.
pub(crate) struct Numbered {
    real: Vec<Vec<f32>>,
    nearest: Vec<Vec<usize>>,
    queries: Vec<Vec<f32>>,
    fingerprint: Fingerprint,
}

/// Best pictures of a query that recall is about.
const K: usize = 10;
/// Scores that are this close are the same: what sums of `f32` in another order differ by.
const SAME: f32 = 1e-6;

/// Numbers from here stand for queries.
const QUERIES: u64 = 1 << 40;

/// What stands for picture `number`.
pub(crate) fn picture(number: usize) -> Bytes {
    Bytes::copy_from_slice(&(number as u64).to_le_bytes())
}

/// What stands for query `number`.
pub(crate) fn query(number: usize) -> Bytes {
    Bytes::copy_from_slice(&(QUERIES + number as u64).to_le_bytes())
}

impl Numbered {
    /// Embeds the pictures below a folder.
    pub(crate) fn of_pictures(folder: &Path) -> Result<Self, AnyError> {
        let encoder = Encoder::embedded()?;
        let mut files = Vec::new();
        for entry in WalkDir::new(folder).sort_by_file_name() {
            let path = entry?.into_path();
            if path.extension().is_some_and(|extension| extension == "jpg") {
                files.push(path);
            }
        }
        // Index and queries hold pictures of every folder.
        files.shuffle(&mut StdRng::seed_from_u64(1));
        let embed = |path: &PathBuf| -> Result<Vec<f32>, String> {
            let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
            let bytes = std::fs::read(path).map_err(|error| told(&error))?;
            encoder.embed(&bytes).map_err(|error| told(&error))
        };
        let mut real: Vec<Vec<f32>> = files.par_iter().map(embed).collect::<Result<_, _>>()?;
        let queries = real.split_off(real.len() - real.len() / HELD_OUT);
        if queries.is_empty() || real.len() <= NEIGHBOURS {
            let (folder, found, least) = (folder.display(), files.len(), NEIGHBOURS + 2);
            return Err(format!("{folder} has {found} *.jpg, at least {least} are needed").into());
        }
        Ok(Self {
            nearest: real.par_iter().map(|v| nearest(v, &real)).collect(),
            real,
            queries,
            fingerprint: Fingerprint(encoder.fingerprint()),
        })
    }

    /// How many queries there are.
    pub(crate) fn queries(&self) -> usize {
        self.queries.len()
    }

    /// Which share of the ten nearest of the first `pictures` pictures is among those found for each query, or
    /// as near.
    pub(crate) fn recall(&self, pictures: usize, found: &[Vec<usize>]) -> f64 {
        let asked = &self.queries[..found.len()];
        let nearest = (0..pictures).into_par_iter().fold(
            || vec![Vec::new(); asked.len()],
            |mut best, number| {
                let vector = self.vector(number as u64);
                for (best, query) in best.iter_mut().zip(asked) {
                    keep(best, dot(&vector, query));
                }
                best
            },
        );
        let nearest = nearest.reduce(
            || vec![Vec::new(); asked.len()],
            |mut one, other| {
                for (one, other) in one.iter_mut().zip(other) {
                    other.into_iter().for_each(|score| keep(one, score));
                }
                one
            },
        );
        let (mut met, mut expected) = (0, 0);
        for ((query, nearest), found) in asked.iter().zip(nearest).zip(found) {
            let least = nearest.last().copied().unwrap_or_default() - SAME;
            let score = |number: &usize| dot(&self.vector(*number as u64), query);
            met += found.iter().filter(|number| score(number) >= least).count();
            expected += nearest.len();
        }
        met as f64 / expected.max(1) as f64
    }

    fn vector(&self, number: u64) -> Vec<f32> {
        let real = self.real.get(number as usize);
        real.map_or_else(|| self.made(number), Clone::clone)
    }

    fn made(&self, number: u64) -> Vec<f32> {
        let mut dice = StdRng::seed_from_u64(number);
        let one = dice.random_range(0..self.real.len());
        let other = self.nearest[one][dice.random_range(0..NEIGHBOURS)];
        let (one, other) = (&self.real[one], &self.real[other]);
        let place: f32 = dice.random();
        let noise: Vec<f32> = one.iter().map(|_| dice.random_range(-1.0..1.0)).collect();
        let apart = length(one.iter().zip(other).map(|(a, b)| a - b));
        let noise_by = NOISE * apart / length(noise.iter().copied());
        let steps = one.iter().zip(other).zip(noise);
        let mut made: Vec<f32> = steps
            .map(|((a, b), n)| a + place * (b - a) + noise_by * n)
            .collect();
        let long = length(made.iter().copied());
        made.iter_mut().for_each(|x| *x /= long);
        made
    }
}

impl Embedder for Numbered {
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

    fn embed(&self, picture: &[u8], _: &Area) -> Result<Vec<f32>, ImageError> {
        let number = picture.first_chunk().map_or(0, |n| u64::from_le_bytes(*n));
        if let Some(query) = number.checked_sub(QUERIES) {
            return Ok(self.queries[query as usize % self.queries.len()].clone());
        }
        Ok(self.vector(number))
    }
}

/// Adds a score to the best few, best first.
fn keep(best: &mut Vec<f32>, score: f32) {
    if best.len() == K && best[K - 1] >= score {
        return;
    }
    let place = best.partition_point(|&better| better >= score);
    best.insert(place, score);
    best.truncate(K);
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    // Sums side by side, which the compiler makes vectors of.
    let (a, b) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut sums = [0.0; 16];
    for (a, b) in a.0.iter().zip(b.0) {
        for i in 0..16 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest = a.1.iter().zip(b.1).map(|(a, b)| a * b);
    sums.iter().sum::<f32>() + rest.sum::<f32>()
}

/// The real vectors nearest to one of them, itself not among them.
fn nearest(vector: &[f32], real: &[Vec<f32>]) -> Vec<usize> {
    let scored = real
        .iter()
        .enumerate()
        .map(|(i, other)| (dot(vector, other), i));
    let mut scored: Vec<(f32, usize)> = scored.collect();
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    scored
        .iter()
        .skip(1)
        .take(NEIGHBOURS)
        .map(|s| s.1)
        .collect()
}

fn length(vector: impl Iterator<Item = f32>) -> f32 {
    vector.map(|x| x * x).sum::<f32>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_are_kept_in_order() {
        let mut best = Vec::new();
        for i in 0..30 {
            keep(&mut best, ((i * 7) % 30) as f32);
        }
        let expected: Vec<f32> = (20..30).rev().map(|x| x as f32).collect();
        assert_eq!(best, expected);
    }

    #[test]
    fn dots_of_any_length() {
        for n in [0, 1, 15, 16, 17, 40] {
            let a: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let expected = (0..n).map(|i| i * i).sum::<i32>();
            assert_eq!(dot(&a, &a), expected as f32);
        }
    }

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
