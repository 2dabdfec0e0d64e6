//! Open umbrellas, from the side.

use crate::dice::Dice;
use crate::outline::Outline;
use crate::palette::{BLACK, Rgb, STEEL, TAN};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

use super::{Shape, in_turn};

struct Umbrella {
    half_width: f32,
    dome: f32,
    panels: usize,
    hooked: bool,
    handle: Rgb,
    alternating: bool,
    border: bool,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    Box::new(Umbrella {
        half_width: dice.between(42.0, 49.0),
        dome: dice.between(34.0, 50.0),
        panels: dice.pick([4, 6, 6, 8]),
        hooked: in_turn(family, [true, true, false]),
        handle: dice.pick([TAN, BLACK, Rgb(110, 68, 40), Rgb(224, 220, 210)]),
        alternating: dice.chance(0.25),
        border: dice.chance(0.3),
    })
}

/// Height at which the ribs end.
const RIM: f32 = 0.0;
const FOOT: f32 = 56.0;

impl Umbrella {
    /// Returns the position at which rib `number` ends, from the left.
    fn rib(&self, number: usize) -> f32 {
        let turn = number as f32 / self.panels as f32 * std::f32::consts::PI;
        -turn.cos() * self.half_width
    }

    fn panel(&self, number: usize) -> Outline {
        let (left, right, top) = (self.rib(number), self.rib(number + 1), RIM - self.dome);
        Outline::at(0.0, top)
            .quad(left * 0.95, top + self.dome * 0.12, left, RIM)
            .quad(
                (left + right) / 2.0,
                RIM - 0.28 * (right - left),
                right,
                RIM,
            )
            .quad(right * 0.95, top + self.dome * 0.12, 0.0, top)
            .close()
    }

    fn stick(&self, sheet: &mut Sheet) {
        sheet.rod(
            Outline::at(0.0, RIM - self.dome - 7.0).line(0.0, FOOT - 10.0),
            STEEL,
            2.0,
        );
        let grip = if self.hooked {
            Outline::at(0.0, FOOT - 24.0).line(0.0, FOOT - 7.0).cubic(
                (0.0, FOOT + 3.0),
                (13.0, FOOT + 3.0),
                (13.0, FOOT - 8.0),
            )
        } else {
            Outline::at(0.0, FOOT - 22.0).line(0.0, FOOT)
        };
        sheet.rod(grip, self.handle, if self.hooked { 4.2 } else { 5.6 });
    }
}

impl Shape for Umbrella {
    fn style(&self) -> &'static str {
        match (self.hooked, self.dome > 43.0) {
            (true, true) => "dome",
            (true, false) => "walking",
            (false, _) => "folding",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        let under = Outline::at(-self.half_width, RIM)
            .quad(0.0, RIM - self.dome * 0.7, self.half_width, RIM)
            .quad(0.0, RIM - 14.0, -self.half_width, RIM)
            .close();
        sheet.part(under, Surface::plain(look.main.darker(0.55), Finish::Flat));
        self.stick(sheet);
        for number in 0..self.panels {
            let middle = (self.rib(number) + self.rib(number + 1)) / 2.0 / self.half_width;
            let surface = if self.alternating && number % 2 == 1 {
                Surface::plain(look.accent, Finish::Cloth)
            } else {
                look.patterned(Finish::Cloth).turned(middle * -28.0)
            };
            sheet.part(self.panel(number), surface);
            if self.border {
                let (left, right) = (self.rib(number), self.rib(number + 1));
                sheet.line(
                    Outline::at(left, RIM).quad(
                        (left + right) / 2.0,
                        RIM - 0.28 * (right - left),
                        right,
                        RIM,
                    ),
                    look.accent,
                    2.0,
                );
            }
        }
        for number in 1..self.panels {
            let x = self.rib(number);
            let top = RIM - self.dome;
            sheet.fold(
                Outline::at(0.0, top).quad(x * 0.95, top + self.dome * 0.12, x, RIM),
                2.4,
                0.3,
            );
        }
    }
}
