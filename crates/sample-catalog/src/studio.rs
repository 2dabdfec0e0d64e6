//! The studio where a drawn product is photographed: backdrop, light, shadow, grain.

use tiny_skia::{
    BlendMode, Color, FilterQuality, GradientStop, LinearGradient, Paint, Pattern, Pixmap,
    PixmapRef, Point, RadialGradient, Rect, Shader, SpreadMode, Transform,
};

use super::camera::{Pose, View};
use super::canvas::{BACKDROPS, HEIGHT, WIDTH};
use super::dice::Dice;
use super::haze::Haze;
use super::sheet::Sheet;

/// Shadows and soft light are computed on an image this many times smaller.
const COARSE: u32 = 4;
const GRAIN_SIDE: u32 = 96;

/// Data shared by all images.
pub(super) struct Studio {
    /// Effects of the lens over the whole image, with the lamp on the left and on the right:
    /// brightness falling off from the lamp, and grain.
    veils: [Pixmap; 2],
}

impl Studio {
    /// Prepares the studio; `None` only if a canvas of an image's size is impossible.
    pub(super) fn open(seed: u64) -> Option<Studio> {
        let grain = grain(seed)?;
        Some(Studio {
            veils: [veil(0.36, &grain)?, veil(0.64, &grain)?],
        })
    }

    /// Returns the finished image, opaque RGBA, of the drawing of `product`.
    pub(super) fn photograph(
        &self,
        view: &View,
        product: impl FnOnce(&mut Sheet),
    ) -> Option<Pixmap> {
        let lit_in_units = view.lit_from_left != view.mirrored;
        let mut sheet = Sheet::new(Pixmap::new(WIDTH, HEIGHT)?, view.transform(), lit_in_units);
        product(&mut sheet);
        let mut layer = sheet.into_layer();

        let coarse = COARSE as f32;
        let haze = Haze::of(layer.as_ref(), COARSE)?;
        let bounds = haze.bounds()?;
        let enlarged = Transform::from_scale(coarse, coarse);
        let light = haze.relief(if view.lit_from_left { -1 } else { 1 })?;
        lay_over(
            &mut layer,
            light.as_ref(),
            bounds,
            enlarged,
            BlendMode::SourceAtop,
        );

        let mut image = Pixmap::new(WIDTH, HEIGHT)?;
        backdrop(&mut image, view, haze.foot() * coarse / HEIGHT as f32)?;
        let shadow = haze.shadow()?;
        for placed in shadow_places(view, haze.foot()) {
            lay_over(
                &mut image,
                shadow.as_ref(),
                bounds,
                placed,
                BlendMode::SourceOver,
            );
        }
        let bounds = bounds.transform(enlarged)?;
        lay_over(
            &mut image,
            layer.as_ref(),
            bounds,
            Transform::identity(),
            BlendMode::SourceOver,
        );
        let veil = &self.veils[usize::from(!view.lit_from_left)];
        lay_over(
            &mut image,
            veil.as_ref(),
            whole()?,
            Transform::identity(),
            BlendMode::SourceOver,
        );
        Some(image)
    }
}

fn grain(seed: u64) -> Option<Pixmap> {
    let mut dice = Dice::new(seed);
    let mut grain = Pixmap::new(GRAIN_SIDE, GRAIN_SIDE)?;
    for pixel in grain.data_mut().chunks_exact_mut(4) {
        let noise = dice.between(-1.0, 1.0);
        let alpha = (noise.abs() * 11.0) as u8;
        let tone = if noise > 0.0 { alpha } else { 0 };
        pixel.copy_from_slice(&[tone, tone, tone, alpha]);
    }
    Some(grain)
}

/// Makes a veil with the lamp at this share of the width.
fn veil(lamp: f32, grain: &Pixmap) -> Option<Pixmap> {
    let mut veil = Pixmap::new(WIDTH, HEIGHT)?;
    let lamp = Point::from_xy(WIDTH as f32 * lamp, HEIGHT as f32 * 0.42);
    let stops = vec![
        GradientStop::new(0.0, Color::from_rgba8(255, 255, 255, 26)),
        GradientStop::new(0.45, Color::from_rgba8(255, 255, 255, 0)),
        GradientStop::new(0.5, Color::from_rgba8(0, 0, 0, 0)),
        GradientStop::new(1.0, Color::from_rgba8(0, 0, 0, 34)),
    ];
    let reach = HEIGHT as f32 * 0.75;
    cover(
        &mut veil,
        RadialGradient::new(
            lamp,
            0.0,
            lamp,
            reach,
            stops,
            SpreadMode::Pad,
            Transform::identity(),
        )?,
    )?;
    cover(
        &mut veil,
        Pattern::new(
            grain.as_ref(),
            SpreadMode::Repeat,
            FilterQuality::Nearest,
            1.0,
            Transform::identity(),
        ),
    )?;
    Some(veil)
}

/// Returns the positions of the coarse shadow: behind lying products, and flattened under standing
/// ones.
fn shadow_places(view: &View, foot: f32) -> Vec<Transform> {
    let coarse = COARSE as f32;
    let away = if view.lit_from_left { 1.0 } else { -1.0 };
    match view.pose {
        Pose::Lying => vec![Transform::from_scale(coarse, coarse).post_translate(away * 7.0, 9.0)],
        Pose::Standing => [(0.05, 0.0), (0.09, 9.0)]
            .into_iter()
            .map(|(flat, aside)| {
                let foot = foot * coarse;
                Transform::from_scale(coarse, coarse * flat)
                    .post_translate(away * aside, foot * (1.0 - flat) + 3.0)
            })
            .collect(),
    }
}

/// Paints the backdrop; `foot` is the height at which the product stands, as a share of the image's
/// height.
fn backdrop(image: &mut Pixmap, view: &View, foot: f32) -> Option<()> {
    let (top, bottom) = BACKDROPS[view.backdrop % BACKDROPS.len()];
    let height = HEIGHT as f32;
    let stops = match view.pose {
        Pose::Lying => vec![(0.0, top), (1.0, bottom)],
        // A seamless paper roll: the wall becomes the floor in a soft bend.
        Pose::Standing => {
            let bend = foot.clamp(0.4, 0.98);
            vec![
                (0.0, top.darker(0.04)),
                (bend - 0.2, top),
                (bend - 0.06, bottom),
                (1.0, bottom.lighter(0.3)),
            ]
        }
    };
    let stops = stops
        .into_iter()
        .map(|(place, tone)| GradientStop::new(place, tone.with_alpha(1.0)))
        .collect();
    let wall = LinearGradient::new(
        Point::from_xy(0.0, 0.0),
        Point::from_xy(0.0, height),
        stops,
        SpreadMode::Pad,
        Transform::identity(),
    )?;
    cover(image, wall)
}

fn whole() -> Option<Rect> {
    Rect::from_xywh(0.0, 0.0, WIDTH as f32, HEIGHT as f32)
}

fn cover(image: &mut Pixmap, shader: Shader<'_>) -> Option<()> {
    image.fill_rect(
        whole()?,
        &Paint {
            shader,
            ..Paint::default()
        },
        Transform::identity(),
        None,
    );
    Some(())
}

/// Draws the part `within` of one image over another.
fn lay_over(
    image: &mut Pixmap,
    over: PixmapRef<'_>,
    within: Rect,
    placed: Transform,
    blend_mode: BlendMode,
) {
    let quality = if placed.is_identity() {
        FilterQuality::Nearest
    } else {
        FilterQuality::Bilinear
    };
    let shader = Pattern::new(over, SpreadMode::Pad, quality, 1.0, Transform::identity());
    image.fill_rect(
        within,
        &Paint {
            shader,
            blend_mode,
            ..Paint::default()
        },
        placed,
        None,
    );
}
