//! Dresses, on an invisible hanger.

use super::{Shape, in_turn};
use crate::dice::Dice;
use crate::outline::{Half, Outline};
use crate::palette::BRASS;
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Top {
    Straps,
    Sleeveless,
    Short,
    Long,
}

struct Dress {
    top: Top,
    waist: f32,
    waist_y: f32,
    hem: f32,
    hem_y: f32,
    neck_depth: f32,
    belt: bool,
    tiers: usize,
    folds: usize,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let hem_y = in_turn(family, [40.0, 26.0, 57.0, 42.0, 50.0]) + dice.between(-2.0, 2.0);
    let wide = in_turn(family, [true, false, true, false, true]);
    Box::new(Dress {
        top: in_turn(
            family,
            [Top::Short, Top::Long, Top::Straps, Top::Sleeveless],
        ),
        waist: dice.between(11.5, 14.5),
        waist_y: dice.between(-20.0, -12.0),
        hem: if wide {
            dice.between(30.0, 41.0)
        } else {
            dice.between(15.0, 20.0)
        },
        hem_y,
        neck_depth: dice.between(5.0, 14.0),
        belt: dice.chance(0.4),
        tiers: if wide && dice.chance(0.3) { 2 } else { 0 },
        folds: 3 + dice.below(4),
    })
}

const TOP: f32 = -57.0;
const ARMPIT: f32 = -38.0;

impl Dress {
    fn bodice(&self) -> Outline {
        let bust = self.waist + 4.0;
        let neck = Half::at(0.0, TOP + 4.0 + self.neck_depth);
        let shoulders = match self.top {
            Top::Straps => neck.quad(6.0, TOP + 3.0 + self.neck_depth, bust - 4.0, TOP + 10.0),
            Top::Sleeveless => neck
                .quad(7.5, TOP + 4.0 + self.neck_depth, 8.0, TOP)
                .line(13.0, TOP + 2.0)
                .quad(12.0, ARMPIT - 8.0, bust, ARMPIT),
            Top::Short | Top::Long => neck
                .quad(7.5, TOP + 4.0 + self.neck_depth, 8.0, TOP)
                .line(bust, TOP + 4.0)
                .line(bust, ARMPIT),
        };
        shoulders
            .line(bust, ARMPIT)
            .quad(bust - 0.5, ARMPIT + 9.0, self.waist, self.waist_y)
            .line(self.waist, self.waist_y + 1.0)
            .line(0.0, self.waist_y + 1.5)
            .mirrored()
    }

    fn skirt(&self) -> Outline {
        let flare = self.hem - self.waist;
        let bow = if flare > 10.0 {
            self.waist + flare * 0.45
        } else {
            self.hem + 3.0
        };
        Half::at(0.0, self.waist_y)
            .line(self.waist, self.waist_y)
            .quad(
                bow,
                self.waist_y + (self.hem_y - self.waist_y) * 0.35,
                self.hem,
                self.hem_y,
            )
            .quad(
                self.hem * 0.5,
                self.hem_y + flare.max(0.0) * 0.12 + 1.5,
                0.0,
                self.hem_y + flare.max(0.0) * 0.12 + 1.5,
            )
            .mirrored()
    }

    fn sleeves(&self, sheet: &mut Sheet, look: &Look) {
        let bust = self.waist + 4.0;
        for side in [-1.0, 1.0] {
            match self.top {
                Top::Straps => {
                    sheet.line(
                        Outline::at(side * (bust - 4.5), TOP + 11.0).line(side * 8.0, TOP - 1.0),
                        look.main.darker(0.1),
                        1.6,
                    );
                }
                Top::Sleeveless => {}
                Top::Short => {
                    let sleeve = Outline::at(side * (bust - 5.0), TOP + 2.5)
                        .quad(
                            side * (bust + 9.0),
                            TOP + 4.0,
                            side * (bust + 11.0),
                            TOP + 20.0,
                        )
                        .line(side * (bust + 1.0), ARMPIT + 3.0)
                        .line(side * (bust - 6.0), ARMPIT)
                        .close();
                    sheet.part(sleeve, look.patterned(Finish::Cloth).turned(side * 25.0));
                }
                Top::Long => {
                    let sleeve = Outline::at(side * (bust - 5.0), TOP + 2.5)
                        .quad(side * (bust + 7.0), TOP + 4.0, side * (bust + 9.0), ARMPIT)
                        .line(side * (bust + 16.0), 2.0)
                        .line(side * (bust + 8.0), 4.0)
                        .quad(
                            side * (bust + 3.0),
                            ARMPIT + 16.0,
                            side * (bust - 1.0),
                            ARMPIT + 2.0,
                        )
                        .close();
                    sheet.part(sleeve, look.patterned(Finish::Cloth).turned(side * -10.0));
                }
            }
        }
    }
}

impl Shape for Dress {
    fn style(&self) -> &'static str {
        match (self.hem_y < 32.0, self.hem_y < 50.0, self.hem > 25.0) {
            (true, _, _) => "mini",
            (_, true, true) => "flared",
            (_, true, false) => "midi",
            (_, false, _) => "maxi",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        if self.top != Top::Straps {
            let back = Half::at(0.0, TOP)
                .quad(6.0, TOP, 8.0, TOP - 0.5)
                .line(8.5, TOP + 6.0)
                .quad(
                    7.5,
                    TOP + 6.0 + self.neck_depth,
                    0.0,
                    TOP + 6.0 + self.neck_depth,
                )
                .mirrored();
            sheet.part(back, Surface::plain(look.main.darker(0.45), Finish::Flat));
        }
        self.sleeves(sheet, look);
        sheet.part(self.skirt(), look.patterned(Finish::Cloth));
        for fold in 0..self.folds {
            let share = (fold as f32 + 0.5) / self.folds as f32 * 2.0 - 1.0;
            let (top, foot) = (share * self.waist * 0.9, share * self.hem * 0.92);
            let drop = self.hem_y - self.waist_y;
            sheet.fold(
                Outline::at(top, self.waist_y + 3.0).quad(
                    top + (foot - top) * 0.35,
                    self.waist_y + drop * 0.4,
                    foot,
                    self.hem_y,
                ),
                4.0,
                0.2,
            );
        }
        for tier in 1..=self.tiers {
            let share = tier as f32 / (self.tiers + 1) as f32;
            let y = self.waist_y + (self.hem_y - self.waist_y) * share;
            let half = self.waist + (self.hem - self.waist) * share * 0.96;
            sheet.fold(Outline::at(-half, y).quad(0.0, y + 5.0, half, y), 2.6, 0.5);
        }
        sheet.part(self.bodice(), look.patterned(Finish::Cloth));
        sheet.fold(
            Outline::at(-self.waist, self.waist_y).line(self.waist, self.waist_y),
            2.4,
            0.4,
        );
        if self.belt {
            let belt = Outline::rounded(
                -self.waist - 0.6,
                self.waist_y - 2.2,
                self.waist + 0.6,
                self.waist_y + 2.2,
                1.0,
            );
            sheet.part(belt, Surface::plain(look.accent, Finish::Round));
            sheet.part(
                Outline::rounded(-2.2, self.waist_y - 2.8, 2.2, self.waist_y + 2.8, 0.8),
                Surface::plain(BRASS, Finish::Metal),
            );
        }
    }
}
