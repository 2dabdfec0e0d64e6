//! Wrist watches, face up.

use crate::dice::Dice;
use crate::outline::Outline;
use crate::palette::{BLACK, BRASS, Rgb, STEEL, WHITE};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

use super::{Shape, in_turn};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Strap {
    Leather,
    Links,
}

struct Watch {
    strap: Strap,
    square: bool,
    radius: f32,
    metal: Rgb,
    dial: Rgb,
    chronograph: bool,
    strap_half: f32,
    time: (f32, f32),
    bezel: bool,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let radius = dice.between(21.0, 26.0);
    let square = in_turn(family, [false, false, true, false]);
    Box::new(Watch {
        strap: in_turn(family, [Strap::Leather, Strap::Links, Strap::Leather]),
        square,
        radius,
        metal: dice.pick([STEEL, BRASS, Rgb(214, 160, 134), Rgb(66, 68, 72)]),
        dial: dice.pick([
            WHITE,
            Rgb(240, 232, 214),
            BLACK,
            Rgb(28, 46, 92),
            Rgb(32, 82, 66),
        ]),
        chronograph: !square && dice.chance(0.4),
        strap_half: radius * dice.between(0.5, 0.62),
        time: (dice.between(0.0, 12.0), dice.between(0.0, 60.0)),
        bezel: !square && dice.chance(0.4),
    })
}

/// Distance of the strap's ends from the middle.
const END: f32 = 62.0;

fn on_dial(turns: f32, reach: f32) -> (f32, f32) {
    let (sine, cosine) = (turns * std::f32::consts::TAU).sin_cos();
    (sine * reach, -cosine * reach)
}

impl Watch {
    fn strap(&self, side: f32, sheet: &mut Sheet, look: &Look) {
        let (half, end) = (self.strap_half, self.strap_half * 0.8);
        let lugs = self.radius * 0.8;
        if self.strap == Strap::Links {
            let rows = 9;
            for row in 0..rows {
                let share = row as f32 / rows as f32;
                let (y, next) = (
                    lugs + (END - lugs) * share,
                    lugs + (END - lugs) * (share + 0.94 / rows as f32),
                );
                let wide = half + (end - half) * share;
                let link = Outline::rounded(
                    -wide,
                    (side * y).min(side * next),
                    wide,
                    (side * y).max(side * next),
                    0.8,
                );
                sheet.part(link, Surface::plain(self.metal, Finish::Metal));
                let middle = Outline::rounded(
                    -wide * 0.42,
                    (side * y).min(side * next),
                    wide * 0.42,
                    (side * y).max(side * next),
                    0.6,
                );
                sheet.part(
                    middle,
                    Surface::plain(self.metal.lighter(0.2), Finish::Metal),
                );
            }
            return;
        }
        let strap = Outline::at(-half, side * lugs)
            .line(half, side * lugs)
            .line(end, side * (END - 4.0))
            .quad(end * 0.9, side * END, 0.0, side * END)
            .quad(-end * 0.9, side * END, -end, side * (END - 4.0))
            .close();
        sheet.part(strap, look.patterned(Finish::Round));
        for edge in [-1.0, 1.0] {
            sheet.dashes(
                Outline::at(edge * (half - 1.6), side * (lugs + 3.0))
                    .line(edge * (end - 1.6), side * (END - 5.0)),
                look.main.lighter(0.45),
                0.6,
                1.4,
            );
        }
        if side > 0.0 {
            for hole in 0..4 {
                sheet.part(
                    Outline::ellipse(0.0, 34.0 + hole as f32 * 6.0, 0.9, 1.2),
                    Surface::plain(BLACK, Finish::Flat),
                );
            }
        } else {
            sheet.line(
                Outline::rounded(-end - 1.5, -END - 1.0, end + 1.5, -END + 5.0, 1.4),
                self.metal,
                1.8,
            );
            sheet.part(
                Outline::rounded(-half - 0.6, -44.0, half + 0.6, -39.0, 1.0),
                Surface::plain(look.main.darker(0.2), Finish::Round),
            );
        }
    }

    fn case(&self, half: f32) -> Outline {
        if self.square {
            Outline::rounded(-half, -half * 1.08, half, half * 1.08, half * 0.22)
        } else {
            Outline::ellipse(0.0, 0.0, half, half)
        }
    }

    fn dial(&self, sheet: &mut Sheet, look: &Look) {
        let r = self.radius;
        if self.bezel {
            sheet.part(
                self.case(r - 1.4),
                Surface::plain(look.main.darker(0.1), Finish::Round),
            );
            for tick in 0..12 {
                let (inner, outer) = (
                    on_dial(tick as f32 / 12.0, r - 3.8),
                    on_dial(tick as f32 / 12.0, r - 2.2),
                );
                sheet.line(
                    Outline::at(inner.0, inner.1).line(outer.0, outer.1),
                    WHITE,
                    0.8,
                );
            }
        }
        // A metal bracelet has no color of its own: the dial has it instead.
        let dial = if self.strap == Strap::Links {
            look.main
        } else {
            self.dial
        };
        let face = if self.bezel { r - 4.8 } else { r - 2.6 };
        sheet.part(self.case(face), Surface::plain(dial, Finish::Cloth));
        let ink = if dial.brightness() < 0.5 {
            WHITE
        } else {
            BLACK
        };
        for tick in 0..60 {
            let hour = tick % 5 == 0;
            let (from, to) = (
                on_dial(tick as f32 / 60.0, face * if hour { 0.78 } else { 0.88 }),
                on_dial(tick as f32 / 60.0, face * 0.92),
            );
            sheet.line(
                Outline::at(from.0, from.1).line(to.0, to.1),
                if hour { ink } else { ink.mix(dial, 0.5) },
                if hour { 1.2 } else { 0.35 },
            );
        }
        if self.chronograph {
            for (x, y) in [(-0.42, 0.0), (0.42, 0.0), (0.0, 0.42)] {
                sheet.part(
                    Outline::ellipse(x * face, y * face, face * 0.24, face * 0.24),
                    Surface::plain(dial.mix(ink, 0.16), Finish::Flat),
                );
                sheet.line(
                    Outline::at(x * face, y * face)
                        .line(x * face + face * 0.1, y * face - face * 0.13),
                    ink,
                    0.5,
                );
            }
        }
        let (hours, minutes) = self.time;
        for (turns, reach, width) in [
            (hours / 12.0, 0.5, 1.9),
            (minutes / 60.0, 0.76, 1.3),
            (minutes * 7.0 / 60.0, 0.8, 0.5),
        ] {
            let tip = on_dial(turns, face * reach);
            let color = if width < 1.0 { Rgb(196, 40, 40) } else { ink };
            sheet.line(
                Outline::at(-tip.0 * 0.14, -tip.1 * 0.14).line(tip.0, tip.1),
                color,
                width,
            );
        }
        sheet.part(
            Outline::ellipse(0.0, 0.0, 1.4, 1.4),
            Surface::plain(self.metal, Finish::Flat),
        );
    }
}

impl Shape for Watch {
    fn style(&self) -> &'static str {
        match (self.square, self.chronograph, self.bezel) {
            (true, _, _) => "square",
            (_, true, _) => "chronograph",
            (_, _, true) => "diver's",
            _ => "classic",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        for side in [-1.0, 1.0] {
            self.strap(side, sheet, look);
        }
        let r = self.radius;
        for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)] {
            let lug = Outline::at(x * self.strap_half, y * r * 0.6)
                .line(x * self.strap_half * 1.02, y * r * 1.08);
            sheet.rod(lug, self.metal, 4.0);
        }
        sheet.part(
            Outline::rounded(r - 1.0, -2.4, r + 4.0, 2.4, 1.0),
            Surface::plain(self.metal, Finish::Metal),
        );
        if self.chronograph {
            for y in [-0.5, 0.5] {
                sheet.part(
                    Outline::rounded(r * 0.84, y * r - 1.6, r + 2.4, y * r + 1.6, 0.8),
                    Surface::plain(self.metal, Finish::Metal),
                );
            }
        }
        sheet.part(self.case(r), Surface::plain(self.metal, Finish::Metal));
        self.dial(sheet, look);
        sheet.fade(
            Outline::ellipse(-r * 0.2, -r * 0.4, r * 0.55, r * 0.36),
            Rgb(255, 255, 255),
            0.22,
            -r * 0.8,
            0.0,
        );
    }
}
