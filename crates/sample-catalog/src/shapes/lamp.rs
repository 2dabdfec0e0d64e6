//! Table and floor lamps.

use crate::dice::Dice;
use crate::outline::{Half, Outline};
use crate::palette::{BLACK, BRASS, Rgb, STEEL, TAN};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

use super::{Shape, in_turn};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Ball,
    Vase,
    Column,
    Pole,
    Tripod,
}

struct Lamp {
    base: Base,
    base_color: Rgb,
    shade_top: f32,
    shade_foot: f32,
    shade_height: f32,
    top: f32,
    alight: bool,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let base = in_turn(
        family,
        [
            Base::Ball,
            Base::Pole,
            Base::Vase,
            Base::Tripod,
            Base::Column,
        ],
    );
    let tall = matches!(base, Base::Pole | Base::Tripod);
    let shade_foot = if tall {
        dice.between(18.0, 24.0)
    } else {
        dice.between(25.0, 33.0)
    };
    Box::new(Lamp {
        base,
        base_color: match base {
            Base::Tripod => dice.pick([TAN, Rgb(112, 72, 44), BLACK]),
            _ => dice.pick([
                BRASS,
                STEEL,
                BLACK,
                Rgb(240, 238, 232),
                Rgb(90, 128, 140),
                Rgb(176, 98, 70),
            ]),
        },
        shade_top: shade_foot * dice.pick([0.42, 0.6, 0.92]),
        shade_foot,
        shade_height: if tall {
            dice.between(24.0, 30.0)
        } else {
            dice.between(28.0, 38.0)
        },
        top: if tall {
            -60.0
        } else {
            dice.between(-52.0, -44.0)
        },
        alight: dice.chance(0.5),
    })
}

const GROUND: f32 = 57.0;

impl Lamp {
    fn foot_of_shade(&self) -> f32 {
        self.top + self.shade_height
    }

    fn shade(&self, sheet: &mut Sheet, look: &Look) {
        let foot = self.foot_of_shade();
        let outline = || {
            Half::at(0.0, self.top - 1.2)
                .quad(
                    self.shade_top * 0.7,
                    self.top - 1.2,
                    self.shade_top,
                    self.top,
                )
                .line(self.shade_foot, foot)
                .quad(self.shade_foot * 0.6, foot + 3.6, 0.0, foot + 3.6)
                .mirrored()
        };
        sheet.part(outline(), look.patterned(Finish::Round));
        if self.alight {
            sheet.fade(outline(), Rgb(255, 236, 180), 0.6, foot, self.top);
        }
        let trim = look.main.darker(0.3);
        sheet.line(
            Outline::at(-self.shade_foot, foot).quad(0.0, foot + 7.0, self.shade_foot, foot),
            trim,
            1.2,
        );
        sheet.line(
            Outline::at(-self.shade_top, self.top).quad(
                0.0,
                self.top - 2.6,
                self.shade_top,
                self.top,
            ),
            trim,
            1.0,
        );
    }

    fn stand(&self, sheet: &mut Sheet) {
        let (from, color) = (self.foot_of_shade(), self.base_color);
        let surface = Surface::plain(
            color,
            if color == BRASS || color == STEEL {
                Finish::Metal
            } else {
                Finish::Gloss
            },
        );
        match self.base {
            Base::Ball => {
                sheet.rod(Outline::at(0.0, from).line(0.0, GROUND - 34.0), BRASS, 2.6);
                sheet.part(Outline::ellipse(0.0, GROUND - 20.0, 20.0, 18.0), surface);
                sheet.part(
                    Outline::rounded(-11.0, GROUND - 4.0, 11.0, GROUND, 1.5),
                    surface,
                );
            }
            Base::Vase => {
                sheet.rod(Outline::at(0.0, from).line(0.0, GROUND - 46.0), BRASS, 2.6);
                let vase = Half::at(0.0, GROUND - 48.0)
                    .line(4.0, GROUND - 48.0)
                    .quad(4.0, GROUND - 40.0, 13.0, GROUND - 34.0)
                    .quad(21.0, GROUND - 24.0, 9.0, GROUND - 3.0)
                    .line(11.0, GROUND)
                    .line(0.0, GROUND);
                sheet.part(vase.mirrored(), surface);
            }
            Base::Column => {
                sheet.part(
                    Outline::rounded(-4.0, from - 2.0, 4.0, GROUND - 5.0, 1.0),
                    surface,
                );
                sheet.part(
                    Outline::rounded(-16.0, GROUND - 6.0, 16.0, GROUND, 2.0),
                    surface,
                );
            }
            Base::Pole => {
                sheet.rod(Outline::at(0.0, from).line(0.0, GROUND - 3.0), color, 2.4);
                sheet.part(Outline::ellipse(0.0, GROUND - 2.0, 17.0, 3.4), surface);
            }
            Base::Tripod => {
                for foot in [-20.0, 3.0, 20.0] {
                    sheet.rod(
                        Outline::at(foot * 0.06, from + 3.0)
                            .line(foot, if foot == 3.0 { GROUND - 7.0 } else { GROUND }),
                        color,
                        3.0,
                    );
                }
                sheet.part(
                    Outline::rounded(-4.0, from, 4.0, from + 7.0, 1.0),
                    Surface::plain(BRASS, Finish::Metal),
                );
            }
        }
    }
}

impl Shape for Lamp {
    fn style(&self) -> &'static str {
        match self.base {
            Base::Ball | Base::Vase | Base::Column => "table",
            Base::Pole => "floor",
            Base::Tripod => "tripod",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        self.stand(sheet);
        sheet.part(
            Outline::ellipse(0.0, self.foot_of_shade() + 0.4, self.shade_foot - 1.0, 3.0),
            Surface::plain(look.main.darker(0.55), Finish::Flat),
        );
        self.shade(sheet, look);
    }
}
