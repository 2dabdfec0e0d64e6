//! Mugs, handle to the right.

use crate::dice::Dice;
use crate::outline::Outline;
use crate::palette::{Rgb, WHITE};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

use super::{Shape, in_turn};

struct Mug {
    top_half: f32,
    foot_half: f32,
    belly: f32,
    height: f32,
    handle: f32,
    square_handle: bool,
    inside: Option<Rgb>,
    dipped: bool,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let top_half = dice.between(22.0, 29.0);
    Box::new(Mug {
        top_half,
        foot_half: top_half * in_turn(family, [1.0, 0.7, 0.85, 1.0]),
        belly: in_turn(family, [0.0, 0.0, 0.0, 9.0, 5.0]),
        height: in_turn(family, [52.0, 40.0, 64.0]) + dice.between(-3.0, 3.0),
        handle: dice.between(13.0, 19.0),
        square_handle: dice.chance(0.35),
        inside: dice.chance(0.5).then_some(WHITE),
        dipped: dice.chance(0.25),
    })
}

const GROUND: f32 = 40.0;
/// Horizontal position of the mug, left of the middle to leave room for its handle.
const MIDDLE: f32 = -8.0;

impl Mug {
    fn top(&self) -> f32 {
        GROUND - self.height
    }

    fn tilt(&self) -> f32 {
        self.top_half * 0.17
    }

    /// Returns the wall from the rim down, or from a given height down.
    fn wall(&self, from: f32) -> Outline {
        let half_at = |share: f32| {
            self.top_half
                + (self.foot_half - self.top_half) * share
                + self.belly * 4.0 * share * (1.0 - share) * 0.6
        };
        let share = (from - self.top()) / self.height;
        let (upper, bow) = (
            half_at(share),
            half_at((1.0 + share) / 2.0) * 2.0 - (half_at(share) + self.foot_half) / 2.0,
        );
        let (foot, round) = (GROUND - 3.0, self.foot_half * 0.17);
        let sag = self.tilt();
        Outline::at(MIDDLE - upper, from)
            .quad(
                MIDDLE - bow,
                (from + foot) / 2.0,
                MIDDLE - self.foot_half,
                foot,
            )
            .cubic(
                (MIDDLE - self.foot_half, foot + round + 3.0),
                (MIDDLE + self.foot_half, foot + round + 3.0),
                (MIDDLE + self.foot_half, foot),
            )
            .quad(MIDDLE + bow, (from + foot) / 2.0, MIDDLE + upper, from)
            .cubic(
                (MIDDLE + upper, from + sag * 1.33),
                (MIDDLE - upper, from + sag * 1.33),
                (MIDDLE - upper, from),
            )
            .close()
    }

    fn handle(&self, sheet: &mut Sheet, look: &Look) {
        let (x, high, low) = (
            MIDDLE + self.top_half - 3.0,
            self.top() + self.height * 0.17,
            self.top() + self.height * 0.74,
        );
        let out = x + self.handle + self.belly * 0.5;
        let grip = if self.square_handle {
            Outline::at(x, high)
                .line(out - 3.0, high)
                .quad(out, high, out, high + 4.0)
                .line(out, low - 5.0)
                .quad(out, low, out - 5.0, low)
                .line(x - 1.0, low)
        } else {
            Outline::at(x, high).cubic(
                (out + 7.0, high - 5.0),
                (out + 5.0, low + 4.0),
                (x - 2.0, low),
            )
        };
        sheet.rod(grip, look.main.darker(0.06), 5.6);
    }
}

impl Shape for Mug {
    fn style(&self) -> &'static str {
        match (self.height > 58.0, self.height < 46.0, self.belly > 0.0) {
            (true, _, _) => "tall",
            (_, true, _) => "espresso",
            (_, _, true) => "round",
            _ => "coffee",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        self.handle(sheet, look);
        let top = self.top();
        sheet.part(self.wall(top), look.patterned(Finish::Gloss));
        if self.dipped {
            sheet.part(
                self.wall(top + self.height * 0.62),
                Surface::plain(look.accent, Finish::Gloss),
            );
        }
        sheet.fade(
            self.wall(top),
            Rgb(0, 0, 0),
            0.25,
            GROUND + 3.0,
            GROUND - 14.0,
        );
        let inside = self.inside.unwrap_or(look.main).darker(0.2);
        sheet.part(
            Outline::ellipse(MIDDLE, top, self.top_half, self.tilt()),
            Surface::plain(inside.lighter(0.5), Finish::Flat),
        );
        sheet.part(
            Outline::ellipse(MIDDLE, top + 0.7, self.top_half - 1.8, self.tilt() - 1.0),
            Surface::plain(inside, Finish::Cloth),
        );
    }
}
