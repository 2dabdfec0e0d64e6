//! T-shirts, laid flat.

use super::{Shape, in_turn};
use crate::dice::Dice;
use crate::outline::{Half, Outline};
use crate::palette::Rgb;
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Neck {
    Crew,
    V,
    Polo,
}

struct TShirt {
    half_width: f32,
    hem: f32,
    sleeve_length: f32,
    /// Slope of the sleeves in degrees below the horizontal.
    sleeve_slope: f32,
    neck: Neck,
    neck_depth: f32,
    pocket: bool,
    contrast_trim: bool,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let (sleeve_length, sleeve_slope) = in_turn(
        family,
        [
            (22.0, 44.0),
            (26.0, 50.0),
            (70.0, 74.0),
            (25.0, 46.0),
            (36.0, 58.0),
        ],
    );
    let neck = in_turn(family, [Neck::Crew, Neck::V, Neck::Crew, Neck::Polo]);
    Box::new(TShirt {
        half_width: dice.between(26.0, 31.0),
        hem: dice.between(27.0, 38.0),
        sleeve_length,
        sleeve_slope: sleeve_slope + dice.between(-3.0, 3.0),
        neck,
        neck_depth: if neck == Neck::V {
            dice.between(14.0, 20.0)
        } else {
            dice.between(5.5, 10.0)
        },
        pocket: neck != Neck::V && dice.chance(0.3),
        contrast_trim: dice.chance(0.25),
    })
}

const COLLAR: f32 = -48.0;
const SHOULDER: f32 = -42.0;

impl TShirt {
    fn neck_half_width(&self) -> f32 {
        self.half_width * 0.38
    }

    fn trim(&self, look: &Look) -> Rgb {
        if self.contrast_trim {
            look.accent
        } else {
            look.main.darker(0.12)
        }
    }

    fn sleeve(&self, side: f32, sheet: &mut Sheet, look: &Look) {
        let (sine, cosine) = self.sleeve_slope.to_radians().sin_cos();
        let (length, cuff) = (
            self.sleeve_length,
            if self.sleeve_length > 50.0 { 9.0 } else { 15.0 },
        );
        let shoulder = (self.half_width - 1.0, SHOULDER);
        let outer = (shoulder.0 + cosine * length, shoulder.1 + sine * length);
        let inner = (outer.0 - sine * cuff, outer.1 + cosine * cuff);
        let armpit = (self.half_width - 1.0, SHOULDER + 21.0);
        let outline = Outline::at(side * (shoulder.0 - 4.0), shoulder.1 - 1.2)
            .line(side * shoulder.0, shoulder.1)
            .quad(
                side * (shoulder.0 + 5.0),
                shoulder.1 + 2.0,
                side * outer.0,
                outer.1,
            )
            .line(side * inner.0, inner.1)
            .quad(
                side * (armpit.0 + 3.0),
                armpit.1 + 1.0,
                side * armpit.0,
                armpit.1,
            )
            .line(side * (armpit.0 - 8.0), armpit.1)
            .close();
        let turn = if length > 50.0 {
            side * -16.0
        } else {
            side * 30.0
        };
        sheet.part(outline, look.patterned(Finish::Cloth).turned(turn));
        let (back_x, back_y) = (-cosine * 2.2, -sine * 2.2);
        let hem = Outline::at(side * (outer.0 + back_x), outer.1 + back_y)
            .line(side * (inner.0 + back_x), inner.1 + back_y);
        if self.contrast_trim {
            sheet.line(hem, look.accent, 3.4);
        } else {
            sheet.line(hem, look.main.darker(0.3), 0.5);
        }
    }

    fn body(&self) -> Half {
        let (wide, neck) = (self.half_width, self.neck_half_width());
        let front = Half::at(0.0, COLLAR + self.neck_depth);
        let front = match self.neck {
            Neck::V => front.line(neck, COLLAR),
            _ => front.quad(neck * 0.95, COLLAR + self.neck_depth, neck, COLLAR),
        };
        front
            .line(wide - 1.0, SHOULDER)
            .quad(wide - 2.5, SHOULDER + 11.0, wide, SHOULDER + 22.0)
            .quad(wide - 1.0, 8.0, wide + 0.5, self.hem)
            .quad(wide * 0.5, self.hem + 2.0, 0.0, self.hem + 2.0)
    }

    fn neckline(&self, sheet: &mut Sheet, look: &Look) {
        let (neck, deep) = (self.neck_half_width(), COLLAR + self.neck_depth);
        let edge = Outline::at(-neck, COLLAR);
        let edge = match self.neck {
            Neck::V => edge.line(0.0, deep).line(neck, COLLAR),
            _ => edge
                .quad(-neck * 0.95, deep, 0.0, deep)
                .quad(neck * 0.95, deep, neck, COLLAR),
        };
        sheet.line(edge, self.trim(look), 2.6);
        if self.neck != Neck::Polo {
            return;
        }
        sheet.part(
            Outline::rounded(-2.2, deep - 1.0, 2.2, deep + 17.0, 0.5),
            look.plain(Finish::Flat),
        );
        for button in 0..3 {
            sheet.part(
                Outline::ellipse(0.0, deep + 3.0 + button as f32 * 5.5, 0.9, 0.9),
                Surface::plain(look.accent, Finish::Flat),
            );
        }
        for side in [-1.0, 1.0] {
            let collar = Outline::polygon(&[
                (side * neck, COLLAR - 2.5),
                (side * 0.4, deep - 0.5),
                (side * neck * 0.75, deep + 5.0),
                (side * (neck + 3.5), COLLAR + 2.5),
            ]);
            sheet.part(collar, Surface::plain(self.trim(look), Finish::Cloth));
        }
    }
}

impl Shape for TShirt {
    fn style(&self) -> &'static str {
        match (self.neck, self.sleeve_length > 50.0) {
            (Neck::Crew, false) => "crew-neck",
            (Neck::V, false) => "V-neck",
            (Neck::Polo, false) => "polo",
            (_, true) => "long-sleeved",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        let neck = self.neck_half_width();
        let back = Half::at(0.0, COLLAR - 1.5)
            .quad(neck * 0.7, COLLAR - 1.5, neck, COLLAR - 1.0)
            .line(neck, COLLAR + 4.0)
            .line(0.0, COLLAR + self.neck_depth + 3.0)
            .mirrored();
        sheet.part(back, Surface::plain(look.main.darker(0.45), Finish::Flat));
        for side in [-1.0, 1.0] {
            self.sleeve(side, sheet, look);
        }
        sheet.part(self.body().mirrored(), look.patterned(Finish::Cloth));
        for side in [-1.0, 1.0] {
            let wide = self.half_width;
            let armhole = Outline::at(side * (wide - 1.0), SHOULDER).quad(
                side * (wide - 2.5),
                SHOULDER + 11.0,
                side * wide,
                SHOULDER + 21.0,
            );
            sheet.fold(armhole, 2.4, 0.35);
            sheet.fold(
                Outline::at(side * (wide - 2.0), -16.0).quad(
                    side * wide * 0.6,
                    -8.0,
                    side * wide * 0.5,
                    10.0,
                ),
                2.6,
                0.14,
            );
        }
        sheet.line(
            Outline::at(-self.half_width, self.hem - 2.2).quad(
                0.0,
                self.hem + 1.6,
                self.half_width,
                self.hem - 2.2,
            ),
            look.main.darker(0.3),
            0.5,
        );
        self.neckline(sheet, look);
        if self.pocket {
            let (left, top) = (self.half_width * 0.2, -22.0);
            let pocket = Outline::at(left, top)
                .line(left + 12.0, top)
                .line(left + 12.0, top + 11.0)
                .line(left + 6.0, top + 14.0)
                .line(left, top + 11.0)
                .close();
            sheet.part(pocket, look.patterned(Finish::Flat));
            sheet.fold(
                Outline::at(left, top + 1.0).line(left + 12.0, top + 1.0),
                1.6,
                0.3,
            );
        }
    }
}
