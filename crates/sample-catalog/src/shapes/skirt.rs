//! Skirts, laid flat.

use super::{Shape, in_turn};
use crate::dice::Dice;
use crate::outline::{Half, Outline};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Pencil,
    ALine,
    Pleated,
    Wrap,
}

struct Skirt {
    cut: Cut,
    waist: f32,
    hem: f32,
    hem_y: f32,
    contrast_band: bool,
    pleats: usize,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let cut = in_turn(family, [Cut::ALine, Cut::Pleated, Cut::Pencil, Cut::Wrap]);
    Box::new(Skirt {
        cut,
        waist: dice.between(16.0, 20.0),
        hem: match cut {
            Cut::Pencil => dice.between(18.0, 22.0),
            Cut::ALine | Cut::Wrap => dice.between(30.0, 38.0),
            Cut::Pleated => dice.between(36.0, 46.0),
        },
        hem_y: in_turn(family, [26.0, 12.0, 20.0, 44.0, 34.0]) + dice.between(-3.0, 3.0),
        contrast_band: dice.chance(0.3),
        pleats: 7 + 2 * dice.below(4),
    })
}

const TOP: f32 = -38.0;

impl Skirt {
    fn outline(&self) -> Outline {
        let drop = self.hem_y - TOP;
        let dip = (self.hem - self.waist).max(0.0) * 0.16 + 1.0;
        let hip = if self.cut == Cut::Pencil {
            self.waist + 7.0
        } else {
            self.waist + (self.hem - self.waist) * 0.5
        };
        let side = Half::at(0.0, TOP).line(self.waist, TOP).quad(
            hip,
            TOP + drop * 0.35,
            self.hem,
            self.hem_y,
        );
        side.quad(self.hem * 0.55, self.hem_y + dip, 0.0, self.hem_y + dip)
            .mirrored()
    }

    fn pleats(&self, sheet: &mut Sheet) {
        for pleat in 1..self.pleats {
            let share = pleat as f32 / self.pleats as f32 * 2.0 - 1.0;
            let foot = self.hem_y + (self.hem - self.waist) * 0.1 * (1.0 - share * share);
            let line =
                || Outline::at(share * self.waist, TOP + 4.0).line(share * self.hem, foot + 2.0);
            sheet.fold(line(), 3.0, 0.34);
        }
    }
}

impl Shape for Skirt {
    fn style(&self) -> &'static str {
        match self.cut {
            Cut::Pencil => "pencil",
            Cut::ALine => "A-line",
            Cut::Pleated => "pleated",
            Cut::Wrap => "wrap",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        let back = Outline::ellipse(0.0, TOP - 4.0, self.waist - 0.5, 2.2);
        sheet.part(back, Surface::plain(look.main.darker(0.5), Finish::Flat));
        sheet.part(self.outline(), look.patterned(Finish::Cloth));
        match self.cut {
            Cut::Pleated => self.pleats(sheet),
            Cut::ALine => {
                for share in [-0.6, -0.15, 0.3, 0.7] {
                    let (top, foot) = (share * self.waist, share * self.hem);
                    sheet.fold(
                        Outline::at(top, TOP + 12.0).quad(top, 0.0, foot, self.hem_y),
                        5.0,
                        0.2,
                    );
                }
            }
            Cut::Pencil => {
                sheet.fold(
                    Outline::at(0.0, self.hem_y - 14.0).line(0.0, self.hem_y + 2.0),
                    1.0,
                    0.6,
                );
                for side in [-1.0, 1.0] {
                    sheet.fold(
                        Outline::at(side * self.waist * 0.5, TOP + 4.0)
                            .line(side * self.waist * 0.45, TOP + 16.0),
                        1.0,
                        0.4,
                    );
                }
            }
            Cut::Wrap => {
                let edge = || {
                    Outline::at(-self.waist * 0.3, TOP).quad(
                        self.hem * 0.7,
                        TOP + 20.0,
                        self.hem * 0.45,
                        self.hem_y + 3.0,
                    )
                };
                sheet.fold(edge(), 4.0, 0.4);
                sheet.line(edge(), look.main.darker(0.4), 0.6);
            }
        }
        let band = Half::at(0.0, TOP - 3.0)
            .quad(self.waist * 0.7, TOP - 3.4, self.waist - 0.4, TOP - 5.0)
            .line(self.waist + 0.4, TOP + 2.6)
            .quad(self.waist * 0.6, TOP + 4.4, 0.0, TOP + 4.4)
            .mirrored();
        let surface = if self.contrast_band {
            Surface::plain(look.accent, Finish::Cloth)
        } else {
            look.plain(Finish::Cloth)
        };
        sheet.part(band, surface);
        if self.cut == Cut::Wrap {
            let (x, y) = (self.waist * 0.55, TOP + 1.0);
            for (dx, dy) in [(-7.0, 14.0), (3.0, 17.0)] {
                sheet.part(
                    Outline::at(x, y)
                        .line(x + dx, y + dy)
                        .line(x + dx + 3.5, y + dy - 1.0)
                        .close(),
                    look.plain(Finish::Cloth),
                );
            }
            sheet.part(Outline::ellipse(x, y, 2.2, 2.2), look.plain(Finish::Round));
        }
    }
}
