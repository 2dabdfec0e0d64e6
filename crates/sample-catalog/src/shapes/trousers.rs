//! Trousers and shorts, laid flat.

use super::{Shape, in_turn};
use crate::dice::Dice;
use crate::outline::Outline;
use crate::palette::{BRASS, TAN};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Leg {
    Skinny,
    Straight,
    Wide,
    Flared,
    Short,
}

struct Trousers {
    leg: Leg,
    waist: f32,
    hip: f32,
    hem_y: f32,
    stance: f32,
    seams: bool,
    crease: bool,
    turn_up: bool,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let leg = in_turn(
        family,
        [
            Leg::Straight,
            Leg::Skinny,
            Leg::Wide,
            Leg::Short,
            Leg::Flared,
        ],
    );
    let seams = dice.chance(0.5);
    Box::new(Trousers {
        leg,
        waist: dice.between(15.0, 17.5),
        hip: dice.between(19.5, 22.0),
        hem_y: if leg == Leg::Short {
            dice.between(0.0, 10.0)
        } else {
            dice.between(50.0, 58.0)
        },
        stance: dice.between(2.0, 5.0),
        seams,
        crease: !seams && leg != Leg::Short && dice.chance(0.6),
        turn_up: dice.chance(0.3),
    })
}

const WAIST: f32 = -57.0;
const HIP: f32 = -34.0;
const CROTCH: f32 = -23.0;

impl Trousers {
    /// Returns the half width of a leg at the knee and at the hem.
    fn leg_widths(&self) -> (f32, f32) {
        match self.leg {
            Leg::Skinny => (6.8, 4.8),
            Leg::Straight => (8.6, 7.6),
            Leg::Wide => (11.0, 12.5),
            Leg::Flared => (7.4, 12.0),
            Leg::Short => (9.6, 10.2),
        }
    }

    fn leg(&self, side: f32, sheet: &mut Sheet, look: &Look) {
        let (knee, hem) = self.leg_widths();
        let knee_y = CROTCH + (self.hem_y - CROTCH) * 0.5;
        let middle = self.stance + hem.max(knee) * 0.95;
        let (outer_knee, inner_knee) = (middle + knee, (middle - knee).max(0.6));
        let outline = Outline::at(0.0, WAIST)
            .line(side * self.waist, WAIST)
            .quad(
                side * (self.waist + 2.0),
                WAIST + 12.0,
                side * self.hip,
                HIP,
            )
            .quad(
                side * ((self.hip + outer_knee) / 2.0 + 0.8),
                CROTCH + 4.0,
                side * outer_knee,
                knee_y,
            )
            .quad(
                side * (middle + (knee + hem) / 2.0),
                knee_y + 14.0,
                side * (middle + hem),
                self.hem_y,
            )
            .line(side * (middle - hem), self.hem_y + 0.8)
            .quad(side * inner_knee, knee_y + 10.0, side * inner_knee, knee_y)
            .quad(side * (inner_knee - 0.4), CROTCH + 10.0, 0.0, CROTCH)
            .close();
        sheet.part(outline, look.patterned(Finish::Cloth).turned(side * -2.0));
        if self.crease {
            sheet.fold(
                Outline::at(side * middle * 0.85, HIP).quad(
                    side * middle,
                    knee_y,
                    side * middle,
                    self.hem_y,
                ),
                1.4,
                0.4,
            );
        }
        if self.turn_up {
            let cuff = Outline::polygon(&[
                (side * (middle - hem - 0.6), self.hem_y - 5.0),
                (side * (middle + hem + 0.6), self.hem_y - 5.6),
                (side * (middle + hem + 0.4), self.hem_y + 0.6),
                (side * (middle - hem - 0.4), self.hem_y + 1.2),
            ]);
            sheet.part(cuff, Surface::plain(look.main.lighter(0.16), Finish::Cloth));
        }
        self.pocket(side, sheet, look);
        for (y, reach) in [(CROTCH + 4.0, 7.0), (CROTCH + 1.0, 9.0)] {
            sheet.fold(
                Outline::at(side * 1.5, y - 3.0).quad(
                    side * reach * 0.5,
                    y - 2.0,
                    side * reach,
                    y - 4.0,
                ),
                1.8,
                0.12,
            );
        }
    }

    fn pocket(&self, side: f32, sheet: &mut Sheet, look: &Look) {
        let edge = || {
            Outline::at(side * self.waist * 0.58, WAIST + 5.0).quad(
                side * self.waist * 0.72,
                WAIST + 14.0,
                side * (self.hip - 1.6),
                WAIST + 15.0,
            )
        };
        sheet.fold(edge(), 1.6, 0.5);
        if self.seams {
            sheet.dashes(edge(), TAN.lighter(0.15), 0.5, 1.1);
        } else {
            sheet.line(edge(), look.main.darker(0.4), 0.5);
        }
    }
}

impl Shape for Trousers {
    fn style(&self) -> &'static str {
        match self.leg {
            Leg::Skinny => "slim",
            Leg::Straight => "straight",
            Leg::Wide => "wide-leg",
            Leg::Flared => "flared",
            Leg::Short => "knee-length",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        for side in [-1.0, 1.0] {
            self.leg(side, sheet, look);
        }
        sheet.line(
            Outline::at(0.0, WAIST + 5.0).line(0.0, CROTCH),
            look.main.darker(0.45),
            0.7,
        );
        sheet.fold(
            Outline::at(0.6, WAIST + 5.0).quad(5.5, CROTCH - 6.0, 0.2, CROTCH - 3.0),
            0.9,
            0.5,
        );
        let band = Outline::rounded(
            -self.waist - 0.4,
            WAIST - 0.8,
            self.waist + 0.4,
            WAIST + 5.0,
            1.0,
        );
        sheet.part(band, look.patterned(Finish::Cloth));
        for place in [-0.72, -0.3, 0.3, 0.72] {
            let x = place * self.waist;
            sheet.part(
                Outline::rounded(x - 0.8, WAIST - 1.2, x + 0.8, WAIST + 5.6, 0.4),
                look.plain(Finish::Flat),
            );
        }
        sheet.part(
            Outline::ellipse(0.0, WAIST + 2.2, 1.3, 1.3),
            Surface::plain(BRASS, Finish::Metal),
        );
    }
}
