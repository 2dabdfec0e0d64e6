//! Chairs, from the front and a little above.

use crate::dice::Dice;
use crate::outline::{Half, Outline};
use crate::palette::{BLACK, Rgb, STEEL};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

use super::{Shape, in_turn};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Slatted,
    Dining,
    Shell,
    Armchair,
}

struct Chair {
    kind: Kind,
    half_width: f32,
    seat: f32,
    back: f32,
    splay: f32,
    wood: Rgb,
    slats: usize,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let kind = in_turn(
        family,
        [Kind::Slatted, Kind::Dining, Kind::Shell, Kind::Armchair],
    );
    Box::new(Chair {
        kind,
        half_width: if kind == Kind::Armchair {
            dice.between(25.0, 29.0)
        } else {
            dice.between(20.0, 24.0)
        },
        seat: if kind == Kind::Armchair {
            22.0
        } else {
            dice.between(8.0, 14.0)
        },
        back: dice.between(-54.0, -44.0),
        splay: dice.between(1.0, 6.0),
        wood: dice.pick([
            Rgb(200, 152, 98),
            Rgb(150, 98, 56),
            Rgb(92, 60, 40),
            BLACK,
            STEEL,
        ]),
        slats: 3 + dice.below(4),
    })
}

const GROUND: f32 = 57.0;

impl Chair {
    /// Returns the color of legs and frame.
    fn frame(&self, look: &Look) -> Rgb {
        // A slatted chair is mostly frame, so its color is that of the frame.
        if self.kind == Kind::Slatted {
            look.main
        } else {
            self.wood
        }
    }

    fn legs(&self, sheet: &mut Sheet, look: &Look) {
        let wood = self.frame(look);
        let (wide, thick) = (self.half_width, if wood == STEEL { 2.6 } else { 4.0 });
        for side in [-1.0, 1.0] {
            let back = Outline::at(side * wide * 0.72, self.seat)
                .line(side * (wide * 0.72 + self.splay * 0.6), GROUND - 8.0);
            sheet.rod(back, wood.darker(0.3), thick * 0.85);
        }
        if self.kind == Kind::Slatted || self.kind == Kind::Dining {
            let y = self.seat + (GROUND - self.seat) * 0.55;
            sheet.rod(
                Outline::at(-wide * 0.95, y).line(wide * 0.95, y),
                wood.darker(0.15),
                thick * 0.6,
            );
        }
        for side in [-1.0, 1.0] {
            let front = Outline::at(side * (wide - 1.5), self.seat + 4.0)
                .line(side * (wide - 1.5 + self.splay), GROUND);
            sheet.rod(front, wood, thick);
        }
    }

    fn seat(&self, sheet: &mut Sheet, surface: Surface<'_>, thick: f32) {
        let (wide, y) = (self.half_width, self.seat);
        let top = Outline::at(-wide * 0.82, y - 9.0)
            .line(wide * 0.82, y - 9.0)
            .quad(wide + 2.0, y - 2.0, wide + 1.0, y + 2.0)
            .quad(0.0, y + 5.0, -wide - 1.0, y + 2.0)
            .quad(-wide - 2.0, y - 2.0, -wide * 0.82, y - 9.0)
            .close();
        let edge = Outline::at(-wide - 1.0, y + 1.0)
            .quad(0.0, y + 4.0, wide + 1.0, y + 1.0)
            .line(wide, y + 1.0 + thick)
            .quad(0.0, y + 4.0 + thick, -wide, y + 1.0 + thick)
            .close();
        sheet.part(
            edge,
            Surface {
                color: surface.color.darker(0.3),
                tile: None,
                ..surface
            },
        );
        sheet.part(top, surface);
    }

    fn slatted(&self, sheet: &mut Sheet, look: &Look) {
        let wood = self.frame(look);
        let wide = self.half_width * 0.82;
        for slat in 0..self.slats {
            let x = ((slat as f32 + 0.5) / self.slats as f32 * 2.0 - 1.0) * wide * 0.86;
            sheet.rod(
                Outline::at(x * 1.04, self.back + 5.0).line(x * 0.94, self.seat - 8.0),
                wood.darker(0.08),
                2.6,
            );
        }
        for side in [-1.0, 1.0] {
            sheet.rod(
                Outline::at(side * (wide + 2.0), self.back + 1.0).line(side * wide, self.seat),
                wood,
                3.8,
            );
        }
        let rail = Outline::at(-wide - 3.5, self.back + 8.0)
            .quad(0.0, self.back + 4.0, wide + 3.5, self.back + 8.0)
            .line(wide + 3.0, self.back)
            .quad(0.0, self.back - 6.0, -wide - 3.0, self.back)
            .close();
        sheet.part(rail, Surface::plain(wood, Finish::Cloth));
    }

    fn padded_back(&self, sheet: &mut Sheet, look: &Look) {
        let wide = self.half_width * 0.86;
        for side in [-1.0, 1.0] {
            sheet.rod(
                Outline::at(side * wide * 0.8, self.back + 20.0).line(side * wide * 0.8, self.seat),
                self.wood,
                3.4,
            );
        }
        let back = Half::at(0.0, self.back)
            .quad(wide, self.back, wide + 1.0, self.back + 12.0)
            .line(wide - 1.0, self.seat - 20.0)
            .quad(wide * 0.9, self.seat - 15.0, 0.0, self.seat - 15.0)
            .mirrored();
        sheet.part(back, look.patterned(Finish::Cloth));
    }

    fn shell(&self, sheet: &mut Sheet, look: &Look) {
        let (wide, seat) = (self.half_width + 3.0, self.seat);
        let back = Half::at(0.0, self.back + 10.0)
            .quad(wide * 0.8, self.back + 10.0, wide * 0.86, self.back + 30.0)
            .quad(wide * 0.84, seat - 16.0, wide + 1.0, seat - 12.0)
            .quad(wide + 4.0, seat - 8.0, wide - 1.0, seat)
            .line(0.0, seat)
            .mirrored();
        sheet.part(back, look.patterned(Finish::Cloth));
        let hollow = Outline::ellipse(0.0, seat - 9.0, wide * 0.86, 11.0);
        sheet.fade(hollow, Rgb(0, 0, 0), 0.5, seat, seat - 20.0);
        let lap = Half::at(0.0, seat - 7.0)
            .quad(wide * 0.7, seat - 7.0, wide * 0.98, seat - 3.0)
            .quad(wide * 1.06, seat + 6.0, wide * 0.8, seat + 8.0)
            .quad(wide * 0.5, seat + 10.5, 0.0, seat + 10.5)
            .mirrored();
        sheet.part(lap, look.patterned(Finish::Cloth));
        sheet.fold(
            Outline::at(-wide * 0.9, seat + 4.0).quad(0.0, seat + 8.5, wide * 0.9, seat + 4.0),
            2.4,
            0.3,
        );
    }

    fn armchair(&self, sheet: &mut Sheet, look: &Look) {
        let (wide, seat) = (self.half_width, self.seat);
        let back = Half::at(0.0, -36.0)
            .quad(wide * 0.95, -38.0, wide, -20.0)
            .line(wide, seat)
            .line(0.0, seat)
            .mirrored();
        sheet.part(back, look.patterned(Finish::Cloth));
        let base = Outline::rounded(-wide, seat - 2.0, wide, seat + 16.0, 3.0);
        sheet.part(base, look.patterned(Finish::Cloth));
        let cushion = Outline::rounded(-wide + 4.0, seat - 12.0, wide - 4.0, seat + 2.0, 5.0);
        sheet.fold(
            Outline::at(-wide + 4.0, seat - 12.0).line(wide - 4.0, seat - 12.0),
            4.0,
            0.4,
        );
        sheet.part(cushion, look.patterned(Finish::Cloth));
        sheet.fold(
            Outline::at(-wide + 4.0, seat + 2.5).line(wide - 4.0, seat + 2.5),
            2.6,
            0.5,
        );
        for side in [-1.0, 1.0] {
            let arm = Outline::at(side * (wide - 6.0), seat + 16.0)
                .line(side * (wide - 6.0), seat - 16.0)
                .quad(
                    side * (wide - 6.0),
                    seat - 22.0,
                    side * (wide + 1.0),
                    seat - 22.0,
                )
                .quad(
                    side * (wide + 8.0),
                    seat - 22.0,
                    side * (wide + 7.0),
                    seat - 14.0,
                )
                .line(side * (wide + 5.0), seat + 16.0)
                .close();
            sheet.part(arm, look.patterned(Finish::Round));
        }
    }
}

impl Shape for Chair {
    fn style(&self) -> &'static str {
        match self.kind {
            Kind::Slatted => "slat-back",
            Kind::Dining => "dining",
            Kind::Shell => "shell",
            Kind::Armchair => "arm",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        self.legs(sheet, look);
        match self.kind {
            Kind::Slatted => {
                self.slatted(sheet, look);
                self.seat(sheet, look.patterned(Finish::Cloth), 3.0);
            }
            Kind::Dining => {
                self.padded_back(sheet, look);
                self.seat(sheet, look.patterned(Finish::Cloth), 5.0);
            }
            Kind::Shell => self.shell(sheet, look),
            Kind::Armchair => self.armchair(sheet, look),
        }
    }
}
