//! Sunglasses, from the front.

use crate::dice::Dice;
use crate::outline::Outline;
use crate::palette::{BRASS, Rgb, STEEL};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

use super::{Shape, in_turn};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Square,
    Round,
    CatEye,
    Aviator,
}

struct Sunglasses {
    frame: Frame,
    thick: f32,
    lens: Rgb,
    darkness: f32,
    size: f32,
    metal: Rgb,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let frame = in_turn(
        family,
        [Frame::Square, Frame::Round, Frame::CatEye, Frame::Aviator],
    );
    Box::new(Sunglasses {
        frame,
        thick: match frame {
            Frame::Aviator => dice.between(1.3, 1.9),
            Frame::Round => dice.between(1.8, 4.0),
            _ => dice.between(3.4, 5.0),
        },
        lens: dice.pick([
            Rgb(30, 32, 36),
            Rgb(30, 32, 36),
            Rgb(74, 50, 36),
            Rgb(34, 62, 50),
            Rgb(36, 52, 96),
            Rgb(150, 74, 66),
        ]),
        darkness: dice.between(0.78, 0.94),
        size: dice.between(0.94, 1.06),
        metal: dice.pick([BRASS, STEEL]),
    })
}

impl Sunglasses {
    /// Returns the outline of a lens, right of the nose, before growing by the rim.
    fn lens(&self, side: f32, grow: f32) -> Outline {
        let points: &[(f32, f32)] = match self.frame {
            Frame::Square => &[
                (-17.0, -10.0),
                (0.0, -12.5),
                (17.0, -11.5),
                (18.5, -4.0),
                (15.0, 10.0),
                (0.0, 13.0),
                (-13.0, 10.5),
                (-17.5, -2.0),
            ],
            Frame::Round => &[
                (-16.0, 0.0),
                (-11.3, -11.3),
                (0.0, -16.0),
                (11.3, -11.3),
                (16.0, 0.0),
                (11.3, 11.3),
                (0.0, 16.0),
                (-11.3, 11.3),
            ],
            Frame::CatEye => &[
                (-16.0, -7.0),
                (0.0, -10.5),
                (14.0, -13.5),
                (21.5, -17.0),
                (19.0, -4.0),
                (10.0, 10.0),
                (-5.0, 11.5),
                (-15.0, 5.0),
            ],
            Frame::Aviator => &[
                (-14.0, -12.0),
                (0.0, -13.5),
                (16.0, -12.0),
                (19.0, -4.0),
                (15.0, 11.0),
                (3.0, 18.0),
                (-9.0, 11.0),
                (-15.5, -2.0),
            ],
        };
        let placed: Vec<(f32, f32)> = points
            .iter()
            .map(|&(x, y)| {
                let length = x.hypot(y).max(1.0);
                let share = self.size * (length + grow) / length;
                (side * (23.5 + x * share), y * share)
            })
            .collect();
        Outline::through(&placed)
    }

    fn rim<'a>(&self, look: &'a Look) -> Surface<'a> {
        if self.frame == Frame::Aviator {
            Surface::plain(self.metal.mix(look.main, 0.65), Finish::Metal)
        } else {
            look.patterned(Finish::Gloss)
        }
    }

    /// Draws arms folded behind the lenses, visible through them.
    fn arms(&self, sheet: &mut Sheet, look: &Look) {
        for side in [-1.0, 1.0] {
            let arm = Outline::at(side * 45.5, -9.0)
                .quad(side * 48.5, -13.0, side * 46.0, -17.0)
                .line(side * 18.0, -24.0)
                .line(side * 14.0, -21.5)
                .line(side * 41.0, -12.0)
                .close();
            sheet.part(
                arm,
                Surface::plain(self.rim(look).color.darker(0.2), Finish::Flat),
            );
        }
    }

    fn bridge(&self, sheet: &mut Sheet, look: &Look) {
        let color = self.rim(look).color;
        match self.frame {
            Frame::Aviator => {
                sheet.rod(
                    Outline::at(-10.0, -11.0).quad(0.0, -13.0, 10.0, -11.0),
                    color,
                    1.8,
                );
                sheet.rod(
                    Outline::at(-8.0, -4.0).quad(0.0, -8.5, 8.0, -4.0),
                    color,
                    1.8,
                );
            }
            Frame::Round => sheet.rod(
                Outline::at(-8.5, -2.0).quad(0.0, -9.0, 8.5, -2.0),
                color,
                self.thick.max(2.4),
            ),
            Frame::Square | Frame::CatEye => {
                let bridge = Outline::at(-9.0, -10.0)
                    .quad(0.0, -9.0, 9.0, -10.0)
                    .line(7.0, -1.0)
                    .quad(0.0, -8.0, -7.0, -1.0)
                    .close();
                sheet.part(bridge, look.patterned(Finish::Flat));
            }
        }
    }
}

impl Shape for Sunglasses {
    fn style(&self) -> &'static str {
        match self.frame {
            Frame::Square => "square",
            Frame::Round => "round",
            Frame::CatEye => "cat-eye",
            Frame::Aviator => "aviator",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        self.arms(sheet, look);
        self.bridge(sheet, look);
        for side in [-1.0, 1.0] {
            sheet.part(self.lens(side, self.thick), self.rim(look));
            sheet.part(
                self.lens(side, 0.0),
                Surface::glass(Rgb(214, 218, 222), 1.0),
            );
            sheet.part(
                self.lens(side, 0.0),
                Surface::glass(self.lens, self.darkness),
            );
            sheet.fade(self.lens(side, -0.6), Rgb(255, 255, 255), 0.3, 16.0, -6.0);
            let x = side * 23.5;
            let glint = Outline::at(x - 10.0, 2.0)
                .line(x - 3.0, -9.0)
                .line(x + 1.0, -9.0)
                .line(x - 7.0, 4.0)
                .close();
            sheet.part(glint, Surface::glass(Rgb(255, 255, 255), 0.22));
        }
    }
}
