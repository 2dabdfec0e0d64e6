//! Sneakers, from the side, toe to the right.

use crate::dice::Dice;
use crate::outline::Outline;
use crate::palette::{BLACK, Rgb, TAN, WHITE};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

use super::{Shape, in_turn};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    Bars,
    Wave,
    Disc,
}

struct Sneaker {
    high: bool,
    sole: f32,
    sole_color: Rgb,
    toe_cap: bool,
    mark: Mark,
    heel_tab: bool,
    lace_rows: usize,
    toe_lift: f32,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let high = in_turn(family, [false, true]);
    Box::new(Sneaker {
        high,
        sole: dice.between(6.0, 10.5),
        sole_color: dice.pick([WHITE, WHITE, Rgb(236, 228, 208), TAN, BLACK]),
        toe_cap: dice.chance(0.5),
        mark: in_turn(family, [Mark::Bars, Mark::Disc, Mark::Wave, Mark::None]),
        heel_tab: dice.chance(0.6),
        lace_rows: if high { 6 } else { 4 },
        toe_lift: dice.between(0.0, 3.0),
    })
}

/// Height at which the upper meets the sole.
const FOOT: f32 = 18.0;

impl Sneaker {
    fn collar(&self) -> f32 {
        if self.high { -34.0 } else { -14.0 }
    }

    fn upper(&self) -> Outline {
        let collar = self.collar();
        let tongue = if self.high {
            (-13.0, collar - 4.0)
        } else {
            (-7.0, collar - 4.0)
        };
        Outline::at(-45.0, FOOT + 2.0)
            .quad(-49.0, FOOT - 12.0, -43.0, FOOT - 24.0)
            .quad(-40.5, collar + 4.0, -40.0, collar - 2.0)
            .quad(-29.0, collar + 8.0, tongue.0 - 5.0, collar + 1.0)
            .line(tongue.0, tongue.1)
            .quad(
                tongue.0 + 4.0,
                tongue.1 + 1.0,
                tongue.0 + 6.0,
                tongue.1 + 7.0,
            )
            .quad(2.0, -6.0, 18.0, -1.0)
            .quad(28.0, 2.5, 38.0, 3.0)
            .quad(49.5, 5.0, 48.5, FOOT - 1.0)
            .line(47.0, FOOT + 2.0)
            .close()
    }

    fn sole(&self, sheet: &mut Sheet, look: &Look) {
        let (top, foot) = (FOOT - 1.0, FOOT + self.sole);
        let tip = top - 3.0 - self.toe_lift;
        let outline = Outline::at(-47.0, top)
            .quad(-49.5, foot - 2.0, -45.0, foot)
            .line(32.0, foot)
            .quad(48.0, foot, 51.0, tip + 3.0)
            .quad(51.5, tip, 48.5, tip)
            .quad(40.0, top + 1.0, 20.0, top)
            .line(-47.0, top)
            .close();
        sheet.part(outline, Surface::plain(self.sole_color, Finish::Cloth));
        let stripe = Outline::at(-48.0, foot - self.sole * 0.42)
            .line(32.0, foot - self.sole * 0.42)
            .quad(44.0, foot - self.sole * 0.5, 49.5, tip + 3.0);
        sheet.line(stripe, look.accent.mix(self.sole_color, 0.25), 0.9);
        sheet.line(
            Outline::at(-45.0, foot).line(35.0, foot),
            self.sole_color.darker(0.45),
            1.2,
        );
    }

    fn laces(&self, sheet: &mut Sheet, look: &Look) {
        let (from, to) = (
            (if self.high { -7.0 } else { 0.0 }, self.collar() + 7.0),
            (17.0, -1.0),
        );
        let panel = Outline::at(from.0 - 7.0, from.1 - 2.0)
            .quad(from.0 + 1.0, -2.0, to.0 - 2.0, to.1 + 5.0)
            .line(to.0 + 2.0, to.1 + 0.5)
            .quad(from.0 + 8.0, -6.0, from.0 + 0.5, from.1 - 3.0)
            .close();
        sheet.part(panel, Surface::plain(look.main.darker(0.18), Finish::Cloth));
        let lace = if self.sole_color == BLACK {
            BLACK
        } else {
            WHITE
        };
        for row in 0..self.lace_rows {
            let share = (row as f32 + 0.5) / self.lace_rows as f32;
            let bend = share * (1.0 - share) * 14.0;
            let (x, y) = (
                from.0 + (to.0 - from.0) * share - bend * 0.25,
                from.1 + (to.1 - from.1) * share + bend * 0.3,
            );
            sheet.line(
                Outline::at(x - 5.2, y + 2.2).line(x + 2.6, y - 1.4),
                lace.darker(0.25),
                2.3,
            );
            sheet.line(
                Outline::at(x - 5.2, y + 2.2).line(x + 2.6, y - 1.4),
                lace,
                1.6,
            );
        }
    }

    fn mark(&self, sheet: &mut Sheet, look: &Look) {
        match self.mark {
            Mark::None => {}
            Mark::Bars => {
                for bar in 0..3 {
                    let x = -16.0 + bar as f32 * 7.0;
                    let bar = Outline::polygon(&[
                        (x, FOOT),
                        (x + 3.6, FOOT),
                        (x + 10.0, FOOT - 17.0),
                        (x + 6.4, FOOT - 17.0),
                    ]);
                    sheet.part(bar, Surface::plain(look.accent, Finish::Flat));
                }
            }
            Mark::Wave => {
                let wave = Outline::at(-38.0, 8.0)
                    .quad(-14.0, 16.0, 12.0, -1.0)
                    .quad(-8.0, 22.0, -32.0, 15.0)
                    .close();
                sheet.part(wave, Surface::plain(look.accent, Finish::Flat));
            }
            Mark::Disc => {
                let y = if self.high { -20.0 } else { 4.0 };
                sheet.part(
                    Outline::ellipse(-25.0, y, 6.5, 6.5),
                    Surface::plain(look.accent, Finish::Flat),
                );
                sheet.part(
                    Outline::ellipse(-25.0, y, 3.2, 3.2),
                    look.plain(Finish::Flat),
                );
            }
        }
    }
}

impl Shape for Sneaker {
    fn style(&self) -> &'static str {
        if self.high { "high-top" } else { "low-top" }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        let collar = self.collar();
        let lining = Outline::at(-40.0, collar)
            .quad(-28.0, collar - 6.0, -14.0, collar - 2.0)
            .line(-15.0, collar + 8.0)
            .line(-38.0, collar + 8.0)
            .close();
        sheet.part(lining, Surface::plain(look.main.darker(0.5), Finish::Flat));
        sheet.part(self.upper(), look.patterned(Finish::Cloth));
        let heel = Outline::at(-26.0, FOOT + 1.0)
            .quad(-32.0, FOOT - 12.0, -44.5, FOOT - 13.0)
            .line(-46.0, FOOT + 1.0)
            .close();
        sheet.part(heel, Surface::plain(look.main.darker(0.22), Finish::Cloth));
        if self.heel_tab {
            let tab = Outline::at(-43.5, collar + 10.0)
                .line(-36.0, collar + 9.0)
                .line(-36.5, collar + 1.5)
                .line(-41.5, collar - 0.5)
                .close();
            sheet.part(tab, Surface::plain(look.accent, Finish::Cloth));
        }
        self.mark(sheet, look);
        let seam = || Outline::at(20.0, -2.0).quad(22.0, 10.0, 10.0, FOOT);
        sheet.fold(seam(), 1.8, 0.3);
        sheet.dashes(seam(), look.main.lighter(0.4), 0.5, 1.0);
        if self.toe_cap {
            let cap = Outline::at(33.0, 2.9)
                .quad(49.0, 2.5, 48.5, FOOT)
                .line(30.0, FOOT)
                .quad(28.0, 8.0, 33.0, 2.9)
                .close();
            sheet.part(
                cap,
                Surface::plain(self.sole_color.lighter(0.1), Finish::Gloss),
            );
        }
        self.laces(sheet, look);
        self.sole(sheet, look);
    }
}
