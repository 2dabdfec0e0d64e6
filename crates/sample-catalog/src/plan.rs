//! The plan of the catalog's products, before any is drawn.

use std::collections::HashSet;
use std::sync::Arc;

use super::dice::Dice;
use super::palette::{NamedColor, partner};
use super::pattern::Pattern;
use super::shapes::{CATEGORIES, Category, Shape};
use super::surface::Look;
use super::tile::Tile;

/// A product that can be drawn.
pub(super) struct Product {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) category: &'static Category,
    pub(super) color: NamedColor,
    pub(super) pattern: Pattern,
    pub(super) price_cents: u32,
    pub(super) in_stock: bool,
    pub(super) images: usize,
    /// Decides backdrop, light and angle of its images.
    pub(super) view_seed: u64,
    pub(super) design: Arc<dyn Shape>,
    look_seed: u64,
}

impl Product {
    /// Returns its colors and pattern, ready to draw with.
    pub(super) fn look(&self) -> Look {
        let mut dice = Dice::new(self.look_seed);
        let scale = self.category.pattern_scale * dice.between(0.8, 1.25);
        let accent = partner(self.color.rgb, &mut dice);
        let tile = Tile::new(self.pattern, self.color.rgb, accent, scale, &mut dice);
        Look {
            main: self.color.rgb,
            accent,
            tile,
        }
    }

    /// Returns the file of one of its images, from 0, within its category's folder.
    pub(super) fn file(&self, image: usize) -> String {
        if image == 0 {
            format!("{}.jpg", self.id)
        } else {
            format!("{}-{}.jpg", self.id, image + 1)
        }
    }
}

/// Plans `products` products, spread evenly over the categories.
pub(super) fn plan(products: usize, seed: u64) -> Vec<Product> {
    let mut dice = Dice::new(seed);
    let mut planned = Vec::with_capacity(products);
    for (place, category) in CATEGORIES.iter().enumerate() {
        let share = products / CATEGORIES.len() + usize::from(place < products % CATEGORIES.len());
        let mut shelf = Shelf {
            category,
            dice: Dice::new(dice.seed()),
            names: HashSet::new(),
            families: 0,
            products: Vec::new(),
        };
        while shelf.products.len() < share {
            shelf.add_family(share);
        }
        planned.append(&mut shelf.products);
    }
    planned
}

/// The products of one category.
struct Shelf {
    category: &'static Category,
    dice: Dice,
    names: HashSet<String>,
    families: usize,
    products: Vec<Product>,
}

impl Shelf {
    /// Adds a few products of one design: in other colors, or in the same color with another
    /// pattern.
    fn add_family(&mut self, limit: usize) {
        let design: Arc<dyn Shape> =
            Arc::from((self.category.design)(self.families, &mut self.dice));
        self.families += 1;
        let (low, high) = self.category.prices;
        let price = self.dice.between(low, high);
        let look_seed = self.dice.seed();
        let mut first = None;
        let members = 3 + self.dice.below(2);
        for _ in 0..members.min(limit - self.products.len()) {
            let (name, color, pattern) = self.member(first, design.style());
            first.get_or_insert((color, pattern));
            self.names.insert(name.clone());
            self.add(name, color, pattern, price, look_seed, Arc::clone(&design));
        }
    }

    /// Returns the next member's name, color and pattern, similar to the first member's: a
    /// combination that the shelf does not have yet, if a few tries find one.
    fn member(
        &mut self,
        first: Option<(NamedColor, Pattern)>,
        style: &str,
    ) -> (String, NamedColor, Pattern) {
        let mut tries = 0;
        loop {
            let (color, pattern) = match first {
                None => (self.color(), self.pattern()),
                Some((color, _)) if self.category.patterns.len() > 1 && self.dice.chance(0.4) => {
                    (color, self.pattern())
                }
                Some((_, pattern)) => (self.color(), pattern),
            };
            let name = name(color, pattern, style, self.category.name);
            tries += 1;
            // A large catalog runs out of new combinations; repeated names are acceptable then.
            if tries > 20 || !self.names.contains(&name) {
                return (name, color, pattern);
            }
        }
    }

    fn add(
        &mut self,
        name: String,
        color: NamedColor,
        pattern: Pattern,
        price: f32,
        look_seed: u64,
        design: Arc<dyn Shape>,
    ) {
        let whole = (price * self.dice.between(0.95, 1.05)).max(2.0) as u32;
        let product = Product {
            id: format!("{}-{:03}", self.category.name, self.products.len() + 1),
            name,
            category: self.category,
            color,
            pattern,
            price_cents: whole * 100 - self.dice.pick([1, 5, 10, 10]),
            in_stock: self.dice.chance(0.85),
            images: self.dice.pick([1, 1, 1, 1, 1, 1, 2, 2, 3]),
            view_seed: self.dice.seed(),
            design,
            look_seed,
        };
        self.products.push(product);
    }

    fn color(&mut self) -> NamedColor {
        self.category.colors[self.dice.below(self.category.colors.len())]
    }

    /// Returns a pattern, most often the plain one, as on a shop's shelves.
    fn pattern(&mut self) -> Pattern {
        if self.dice.chance(0.25) {
            return Pattern::Plain;
        }
        self.category.patterns[self.dice.below(self.category.patterns.len())]
    }
}

/// Returns a name such as "Striped navy V-neck t-shirt".
fn name(color: NamedColor, pattern: Pattern, style: &str, category: &str) -> String {
    let pattern = if pattern == Pattern::Plain {
        ""
    } else {
        pattern.name()
    };
    let words: Vec<&str> = [pattern, color.name, style, category]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    let mut name = words.join(" ");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}
