//! Small images as `data:` URLs.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rayon::prelude::*;

/// Length of the longer side in pixels.
const SIDE: u32 = 112;

/// Images by path, each made once.
#[derive(Debug, Default)]
pub(super) struct Thumbnails<'a> {
    made: HashMap<&'a Path, Option<String>>,
}

impl<'a> Thumbnails<'a> {
    /// Makes the images that are missing, on all cores.
    pub(super) fn make(&mut self, paths: impl Iterator<Item = &'a Path>) {
        let mut new: Vec<&Path> = paths.filter(|path| !self.made.contains_key(path)).collect();
        new.sort_unstable();
        new.dedup();
        let made: Vec<(&Path, Option<String>)> =
            new.into_par_iter().map(|path| (path, url(path))).collect();
        self.made.extend(made);
    }

    /// Returns the image as a URL; `None` if its file was removed after it was embedded, or it was
    /// not made.
    pub(super) fn url(&self, path: &Path) -> Option<&str> {
        self.made.get(path)?.as_deref()
    }

    /// Returns the bytes of the image in the page.
    pub(super) fn bytes(&self, path: &Path) -> usize {
        self.url(path).map_or(0, str::len)
    }
}

fn url(path: &Path) -> Option<String> {
    let image = std::fs::read(path).ok()?;
    let jpeg = lookalike_encoder::thumbnail(&image, SIDE).ok()?;
    Some(format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg)))
}
