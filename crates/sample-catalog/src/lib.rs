//! A catalog drawn by code, for demonstrations, tests and benchmarks without photos.
//!
//! [`draw`] plans some hundred products in [families](plan) (one design in several colors and
//! patterns, so that look-alikes exist), draws each from vector outlines, lights and shades it like
//! a studio photo, and writes JPEG images and a CSV. [`DrawError`] describes what could not be
//! written.
//!
//! ```text
//! DIR/products.csv                      product_id,name,category,color,price,in_stock,pattern,image
//! DIR/images/t-shirt/t-shirt-001.jpg    the main image of product t-shirt-001
//! DIR/images/t-shirt/t-shirt-001-2.jpg  a second image of it
//! ```

#![forbid(unsafe_code)]

mod camera;
mod canvas;
mod dice;
mod haze;
mod outline;
mod palette;
mod pattern;
mod plan;
mod shapes;
mod sheet;
mod studio;
mod surface;
mod table;
#[cfg(test)]
mod tests;
mod tile;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageError, RgbaImage};
use rayon::prelude::*;
use thiserror::Error;

use self::camera::{Framing, View};
use self::dice::Dice;
use self::plan::Product;
use self::studio::Studio;

const IMAGES: &str = "pictures";
const TABLE: &str = "products.csv";
const JPEG_QUALITY: u8 = 85;

/// The amount to draw.
#[derive(Debug, Clone, Copy)]
pub struct DrawOptions {
    /// Number of products; about one in three has further images.
    pub products: usize,
    /// The same seed draws the same catalog.
    pub seed: u64,
}

impl Default for DrawOptions {
    fn default() -> DrawOptions {
        DrawOptions {
            products: 300,
            seed: 1,
        }
    }
}

/// A drawn catalog and its location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnCatalog {
    /// The folder of images, one folder per category.
    pub folder: PathBuf,
    /// The CSV of product metadata.
    pub table: PathBuf,
    /// Every image, product by product, each product's main image first.
    pub images: Vec<DrawnImage>,
}

/// One image of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnImage {
    /// The JPEG file.
    pub path: PathBuf,
    /// The product it shows; for a further image this is not the file's stem.
    pub product_id: String,
}

/// The reason why a catalog could not be drawn.
#[derive(Debug, Error)]
pub enum DrawError {
    /// A folder could not be made.
    #[error("could not make the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// An image could not be written.
    #[error("could not write the image {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// An image could not be encoded.
    #[error("could not encode the image {}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// The error of the encoder.
        source: ImageError,
    },
    /// The CSV could not be written.
    #[error("could not write the product table {}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// The error of the CSV writer.
        source: csv::Error,
    },
    /// The rasterizer has no canvas of this size.
    #[error(
        "could not make a canvas of {} x {} pixels",
        canvas::WIDTH,
        canvas::HEIGHT
    )]
    Canvas,
}

/// Draws a catalog into `dir`, on all cores. `progress` is called with the number of finished
/// products, from any thread.
pub fn draw(
    dir: &Path,
    options: DrawOptions,
    progress: impl Fn(usize) + Sync,
) -> Result<DrawnCatalog, DrawError> {
    let products = plan::plan(options.products, options.seed);
    let folder = dir.join(IMAGES);
    for category in &shapes::CATEGORIES {
        let path = folder.join(category.name);
        fs::create_dir_all(&path).map_err(|source| DrawError::Folder { path, source })?;
    }
    let studio = Studio::open(options.seed).ok_or(DrawError::Canvas)?;
    let done = AtomicUsize::new(0);
    let drawn: Result<Vec<Vec<DrawnImage>>, DrawError> = products
        .par_iter()
        .map(|product| {
            let images = draw_product(&studio, product, &folder.join(product.category.name))?;
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
            Ok(images)
        })
        .collect();
    let images = drawn?.into_iter().flatten().collect();
    let table = dir.join(TABLE);
    table::write(&table, &products).map_err(|source| DrawError::Table {
        path: table.clone(),
        source,
    })?;
    Ok(DrawnCatalog {
        folder,
        table,
        images,
    })
}

fn draw_product(
    studio: &Studio,
    product: &Product,
    folder: &Path,
) -> Result<Vec<DrawnImage>, DrawError> {
    let look = product.look();
    let mut dice = Dice::new(product.view_seed);
    let framing =
        Framing::of(|sheet| product.design.draw(sheet, &look)).ok_or(DrawError::Canvas)?;
    let main = View::main(product.category.pose, framing, &mut dice);
    (0..product.images)
        .map(|number| {
            let further;
            let view = if number == 0 {
                &main
            } else {
                further = View::further(&main, &mut dice);
                &further
            };
            let image = studio
                .photograph(view, |sheet| product.design.draw(sheet, &look))
                .ok_or(DrawError::Canvas)?;
            let image = RgbaImage::from_raw(image.width(), image.height(), image.take())
                .ok_or(DrawError::Canvas)?;
            let path = folder.join(product.file(number));
            save(&path, image)?;
            Ok(DrawnImage {
                path,
                product_id: product.id.clone(),
            })
        })
        .collect()
}

fn save(path: &Path, image: RgbaImage) -> Result<(), DrawError> {
    // The image is opaque, so premultiplied and straight pixels are the same.
    let rgb = DynamicImage::ImageRgba8(image).into_rgb8();
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)
        .encode_image(&rgb)
        .map_err(|source| DrawError::Encode {
            path: path.to_owned(),
            source,
        })?;
    fs::write(path, jpeg).map_err(|source| DrawError::Write {
        path: path.to_owned(),
        source,
    })
}
