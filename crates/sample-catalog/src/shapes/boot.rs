//! Leather boots, from the side, toe to the right.

use crate::dice::Dice;
use crate::outline::Outline;
use crate::palette::{BLACK, BRASS, Rgb, STEEL};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

use super::{Shape, in_turn};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heel {
    Flat,
    Block,
    Stiletto,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    Laces,
    Elastic,
    Zip,
    Buckle,
}

struct Boot {
    top: f32,
    heel: Heel,
    closing: Closing,
    shaft: f32,
    pointed: f32,
    sole_color: Rgb,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let heel = in_turn(
        family,
        [Heel::Flat, Heel::Block, Heel::Flat, Heel::Stiletto],
    );
    let top = in_turn(family, [-22.0, -16.0, -14.0, -56.0, -36.0, -56.0]) + dice.between(-2.0, 2.0);
    let closing = match (heel, top > -40.0) {
        (_, false) => dice.pick([Closing::Zip, Closing::Buckle]),
        (Heel::Flat, true) => in_turn(
            family,
            [
                Closing::Laces,
                Closing::Laces,
                Closing::Elastic,
                Closing::Elastic,
            ],
        ),
        (_, true) => dice.pick([Closing::Elastic, Closing::Zip, Closing::Buckle]),
    };
    Box::new(Boot {
        top,
        heel,
        closing,
        shaft: dice.between(12.5, 15.0),
        pointed: dice.between(0.0, 4.0),
        sole_color: dice.pick([BLACK, Rgb(70, 44, 30), Rgb(170, 122, 76)]),
    })
}

const GROUND: f32 = 52.0;
/// Horizontal position of the middle of the shaft.
const ANKLE_X: f32 = -16.0;

impl Boot {
    /// Returns the height by which the heel lifts the foot.
    fn lift(&self) -> f32 {
        match self.heel {
            Heel::Flat => 4.0,
            Heel::Block => 12.0,
            Heel::Stiletto => 18.0,
        }
    }

    fn upper(&self) -> Outline {
        let (back, front) = (ANKLE_X - self.shaft, ANKLE_X + self.shaft);
        let heel_y = GROUND - self.lift();
        let toe = (36.0 + self.pointed, GROUND - 6.0);
        Outline::at(back - 0.5, self.top + 1.0)
            .quad(ANKLE_X, self.top + 3.5, front + 0.5, self.top)
            .quad(front - 1.0, 4.0, front + 1.0, heel_y - 24.0)
            .quad(
                front + 8.0,
                GROUND - 23.0,
                toe.0 - 10.0,
                GROUND - 18.0 + self.pointed,
            )
            .quad(toe.0, GROUND - 15.0 + self.pointed, toe.0, toe.1 + 2.0)
            .line(2.0, GROUND - 3.0)
            .quad(-8.0, heel_y + 1.0, back - 1.0, heel_y)
            .quad(back - 4.5, heel_y - 12.0, back + 0.6, heel_y - 24.0)
            .quad(back + 2.0, 4.0, back - 0.5, self.top + 1.0)
            .close()
    }

    fn sole(&self, sheet: &mut Sheet) {
        let heel_y = GROUND - self.lift();
        let (back, toe) = (ANKLE_X - self.shaft - 2.0, 36.8 + self.pointed);
        let heel = match self.heel {
            Heel::Flat => Outline::polygon(&[
                (back, heel_y),
                (back + 20.0, heel_y),
                (back + 19.0, GROUND + 1.0),
                (back, GROUND + 1.0),
            ]),
            Heel::Block => Outline::at(back, heel_y - 0.5)
                .line(back + 17.0, heel_y + 0.5)
                .quad(back + 14.0, GROUND - 6.0, back + 14.0, GROUND)
                .line(back + 1.5, GROUND)
                .close(),
            Heel::Stiletto => Outline::at(back, heel_y - 1.0)
                .line(back + 14.0, heel_y + 1.0)
                .quad(back + 5.0, heel_y + 6.0, back + 4.6, GROUND)
                .line(back + 2.2, GROUND)
                .close(),
        };
        sheet.part(heel, Surface::plain(self.sole_color, Finish::Round));
        let thick = if self.heel == Heel::Flat { 4.5 } else { 2.2 };
        let sole = Outline::at(back, heel_y)
            .quad(-8.0, heel_y + 1.0, 2.0, GROUND - thick)
            .line(toe, GROUND - thick - 1.0)
            .quad(toe + 1.0, GROUND, toe - 4.0, GROUND + 1.0)
            .line(4.0, GROUND + 1.0)
            .quad(-4.0, heel_y + thick, back, heel_y + thick)
            .close();
        sheet.part(sole, Surface::plain(self.sole_color, Finish::Cloth));
    }

    fn closing(&self, sheet: &mut Sheet, look: &Look) {
        let front = ANKLE_X + self.shaft;
        let low = GROUND - self.lift() - 22.0;
        match self.closing {
            Closing::Laces => {
                let panel = Outline::at(front - 7.0, self.top + 2.0)
                    .line(front + 0.5, self.top + 0.5)
                    .line(front + 1.0, low)
                    .line(front + 12.0, low + 8.0)
                    .line(front + 4.0, low + 12.0)
                    .line(front - 7.0, low + 2.0)
                    .close();
                sheet.part(panel, Surface::plain(look.main.darker(0.22), Finish::Cloth));
                let rows = ((low - self.top) / 5.0) as usize + 1;
                for row in 0..rows {
                    let y = self.top + 4.0 + row as f32 * 5.0;
                    sheet.line(
                        Outline::at(front - 6.0, y + 2.5).line(front + 1.0, y),
                        BLACK.lighter(0.15),
                        1.6,
                    );
                    sheet.part(
                        Outline::ellipse(front - 6.0, y + 2.5, 0.9, 0.9),
                        Surface::plain(BRASS, Finish::Flat),
                    );
                }
            }
            Closing::Elastic => {
                let (left, right) = (ANKLE_X - 6.0, ANKLE_X + 6.5);
                let gore = Outline::at(left, self.top + 2.6)
                    .line(right, self.top + 2.4)
                    .quad(ANKLE_X + 3.0, low, ANKLE_X, low + 4.0)
                    .quad(ANKLE_X - 3.5, low, left, self.top + 2.6)
                    .close();
                sheet.part(gore, Surface::plain(look.main.darker(0.5), Finish::Flat));
                for rib in 1..5 {
                    let x = left + rib as f32 * 2.5;
                    sheet.line(
                        Outline::at(x, self.top + 3.5)
                            .line(ANKLE_X + (x - ANKLE_X) * 0.4, low - 2.0),
                        look.main.darker(0.2),
                        0.4,
                    );
                }
                sheet.line(
                    Outline::at(ANKLE_X - self.shaft, self.top + 3.0).quad(
                        ANKLE_X - self.shaft - 4.0,
                        self.top - 6.0,
                        ANKLE_X - self.shaft + 2.0,
                        self.top + 1.0,
                    ),
                    look.main.darker(0.3),
                    1.4,
                );
            }
            Closing::Zip => {
                let zip = || {
                    Outline::at(ANKLE_X - 2.0, self.top + 3.0).quad(
                        ANKLE_X,
                        6.0,
                        ANKLE_X + 2.0,
                        GROUND - self.lift() - 5.0,
                    )
                };
                sheet.fold(zip(), 2.4, 0.5);
                sheet.dashes(zip(), STEEL, 1.0, 0.7);
            }
            Closing::Buckle => {
                let y = if self.top < -40.0 {
                    self.top + 9.0
                } else {
                    low + 2.0
                };
                let (back, front) = (ANKLE_X - self.shaft - 1.0, ANKLE_X + self.shaft + 1.0);
                let strap = Outline::at(back, y - 2.0)
                    .quad(ANKLE_X, y + 2.0, front, y - 1.0)
                    .line(front, y + 3.5)
                    .quad(ANKLE_X, y + 6.5, back, y + 2.5)
                    .close();
                sheet.part(strap, Surface::plain(look.main.darker(0.3), Finish::Round));
                sheet.line(
                    Outline::rounded(ANKLE_X + 3.0, y - 1.5, ANKLE_X + 9.0, y + 6.0, 1.2),
                    BRASS,
                    1.3,
                );
            }
        }
    }
}

impl Shape for Boot {
    fn style(&self) -> &'static str {
        match (self.top < -40.0, self.top < -26.0, self.closing) {
            (true, _, _) => "knee-high",
            (_, true, _) => "mid-calf",
            (_, _, Closing::Laces) => "lace-up",
            (_, _, Closing::Elastic) => "Chelsea",
            _ => "ankle",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        sheet.part(
            Outline::ellipse(ANKLE_X, self.top + 1.0, self.shaft, 3.0),
            Surface::plain(look.main.darker(0.55), Finish::Flat),
        );
        sheet.part(self.upper(), look.patterned(Finish::Round));
        let (front, heel_y) = (ANKLE_X + self.shaft, GROUND - self.lift());
        for (y, reach) in [
            (heel_y - 26.0, 12.0),
            (heel_y - 21.0, 16.0),
            (heel_y - 16.0, 12.0),
        ] {
            sheet.fold(
                Outline::at(front + 2.0, y + 4.0).quad(
                    front - reach * 0.4,
                    y + 4.0,
                    front - reach,
                    y - 2.0,
                ),
                2.2,
                0.22,
            );
        }
        let vamp =
            || Outline::at(front + 10.0, heel_y - 16.0).quad(4.0, GROUND - 16.0, 2.0, GROUND - 4.0);
        sheet.fold(vamp(), 1.4, 0.35);
        sheet.fade(
            Outline::ellipse(26.0, GROUND - 14.0 + self.pointed, 8.0, 3.0),
            Rgb(255, 255, 255),
            0.3,
            GROUND - 18.0,
            GROUND - 9.0,
        );
        self.closing(sheet, look);
        self.sole(sheet);
    }
}
