//! Handbags, from the front.

use crate::dice::Dice;
use crate::outline::{Half, Outline};
use crate::palette::{BRASS, Rgb, STEEL};
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

use super::{Shape, in_turn};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tote,
    Satchel,
    Bowling,
    Bucket,
}

struct Handbag {
    kind: Kind,
    half_width: f32,
    height: f32,
    handle: f32,
    chain: bool,
    metal: Rgb,
    contrast: bool,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let kind = in_turn(
        family,
        [Kind::Tote, Kind::Satchel, Kind::Bowling, Kind::Bucket],
    );
    Box::new(Handbag {
        kind,
        half_width: match kind {
            Kind::Bucket => dice.between(23.0, 27.0),
            _ => dice.between(30.0, 38.0),
        },
        height: match kind {
            Kind::Tote | Kind::Bucket => dice.between(46.0, 56.0),
            _ => dice.between(32.0, 42.0),
        },
        handle: dice.between(26.0, 38.0),
        chain: kind == Kind::Satchel && dice.chance(0.5),
        metal: dice.pick([BRASS, BRASS, STEEL]),
        contrast: dice.chance(0.3),
    })
}

const GROUND: f32 = 46.0;

impl Handbag {
    fn top(&self) -> f32 {
        GROUND - self.height
    }

    fn trim(&self, look: &Look) -> Rgb {
        if self.contrast {
            look.accent
        } else {
            look.main.darker(0.25)
        }
    }

    fn body(&self) -> Outline {
        let (wide, top) = (self.half_width, self.top());
        match self.kind {
            Kind::Tote => Half::at(0.0, top + 1.0)
                .quad(wide * 0.6, top + 1.0, wide + 3.0, top - 1.0)
                .line(wide - 4.0, GROUND - 3.0)
                .quad(wide - 5.0, GROUND, wide - 9.0, GROUND)
                .line(0.0, GROUND)
                .mirrored(),
            Kind::Satchel => Outline::rounded(-wide, top, wide, GROUND, 6.0),
            Kind::Bowling => Half::at(0.0, top)
                .quad(wide * 0.8, top, wide * 0.88, top + self.height * 0.35)
                .quad(wide * 1.1, GROUND - 2.0, wide * 0.88, GROUND)
                .line(0.0, GROUND)
                .mirrored(),
            Kind::Bucket => Half::at(0.0, top + 3.0)
                .quad(wide * 0.5, top + 3.0, wide * 0.86, top)
                .quad(wide * 1.15, GROUND - 14.0, wide, GROUND - 3.0)
                .quad(wide * 0.9, GROUND, wide * 0.8, GROUND)
                .line(0.0, GROUND)
                .mirrored(),
        }
    }

    fn handles(&self, sheet: &mut Sheet, look: &Look) {
        let (top, color) = (self.top(), self.trim(look));
        let reach = match self.kind {
            Kind::Tote => 15.0,
            Kind::Satchel => self.half_width - 4.0,
            Kind::Bowling => 16.0,
            Kind::Bucket => self.half_width * 0.75,
        };
        let rise = if self.kind == Kind::Satchel {
            self.handle * 1.7
        } else {
            self.handle * 1.25
        };
        let arc = |drop: f32| {
            Outline::at(-reach, top + 6.0).cubic(
                (-reach, top - rise + drop),
                (reach, top - rise + drop),
                (reach, top + 6.0),
            )
        };
        if self.chain {
            sheet.line(arc(0.0), self.metal.darker(0.25), 2.2);
            sheet.dashes(arc(0.0), self.metal.lighter(0.3), 2.6, 2.4);
        } else {
            sheet.rod(arc(-3.0), color.darker(0.3), 2.6);
            sheet.rod(arc(2.0), color, 3.2);
        }
    }

    fn handle_ends(&self, sheet: &mut Sheet, look: &Look) {
        if self.kind == Kind::Satchel {
            return;
        }
        let reach = if self.kind == Kind::Bucket {
            self.half_width * 0.75
        } else {
            15.5
        };
        for side in [-1.0, 1.0] {
            let x = side * reach;
            sheet.part(
                Outline::rounded(x - 2.4, self.top() + 3.0, x + 2.4, self.top() + 15.0, 1.6),
                Surface::plain(self.trim(look), Finish::Round),
            );
            sheet.part(
                Outline::ellipse(x, self.top() + 5.0, 1.4, 1.4),
                Surface::plain(self.metal, Finish::Metal),
            );
        }
    }

    fn front(&self, sheet: &mut Sheet, look: &Look) {
        let (wide, top) = (self.half_width, self.top());
        let thread = look.main.lighter(0.35);
        match self.kind {
            Kind::Tote => {
                sheet.dashes(
                    Outline::at(-wide - 1.0, top + 3.0).quad(0.0, top + 6.0, wide + 1.0, top + 3.0),
                    thread,
                    0.6,
                    1.3,
                );
                let foot = Outline::polygon(&[
                    (-wide + 2.4, GROUND - 11.0),
                    (wide - 2.4, GROUND - 11.0),
                    (wide - 5.5, GROUND - 0.4),
                    (-wide + 5.5, GROUND - 0.4),
                ]);
                if self.contrast {
                    sheet.part(foot, Surface::plain(self.trim(look), Finish::Cloth));
                }
            }
            Kind::Satchel => {
                let flap = || {
                    Half::at(0.0, top - 0.5)
                        .line(wide - 3.0, top - 0.5)
                        .quad(wide + 1.0, top, wide + 0.6, top + 7.0)
                        .quad(
                            wide * 0.9,
                            top + self.height * 0.62,
                            0.0,
                            top + self.height * 0.62,
                        )
                        .mirrored()
                };
                sheet.fold(flap(), 5.0, 0.35);
                sheet.part(flap(), look.patterned(Finish::Cloth));
                let y = top + self.height * 0.58;
                sheet.part(
                    Outline::rounded(-5.0, y - 4.0, 5.0, y + 5.0, 1.6),
                    Surface::plain(self.metal, Finish::Metal),
                );
            }
            Kind::Bowling => {
                let zip = || {
                    Outline::at(-wide * 0.72, top + 7.0).quad(
                        0.0,
                        top - 1.0,
                        wide * 0.72,
                        top + 7.0,
                    )
                };
                sheet.fold(zip(), 3.0, 0.4);
                sheet.dashes(zip(), self.metal, 1.1, 0.8);
                for side in [-1.0, 1.0] {
                    let corner = Outline::at(side * wide * 0.99, GROUND - 13.0)
                        .quad(
                            side * wide * 0.62,
                            GROUND - 11.0,
                            side * wide * 0.6,
                            GROUND - 0.4,
                        )
                        .line(side * wide * 0.9, GROUND - 0.4)
                        .close();
                    sheet.part(corner, Surface::plain(self.trim(look), Finish::Cloth));
                }
            }
            Kind::Bucket => {
                let cord = || {
                    Outline::at(-wide * 0.93, top + 10.0).quad(
                        0.0,
                        top + 15.0,
                        wide * 0.93,
                        top + 10.0,
                    )
                };
                sheet.line(cord(), self.trim(look), 1.8);
                for gather in -4..=4_i32 {
                    let x = gather as f32 * wide * 0.2;
                    sheet.fold(
                        Outline::at(x, top + 4.0).quad(x * 1.05, top + 14.0, x * 1.12, top + 28.0),
                        2.4,
                        0.3,
                    );
                }
                for end in [-3.0, 3.0] {
                    sheet.line(
                        Outline::at(0.0, top + 12.6).quad(end * 1.6, top + 20.0, end, top + 28.0),
                        self.trim(look),
                        1.4,
                    );
                }
                sheet.part(
                    Outline::ellipse(0.0, top + 12.8, 2.6, 2.2),
                    Surface::plain(self.trim(look), Finish::Round),
                );
            }
        }
    }
}

impl Shape for Handbag {
    fn style(&self) -> &'static str {
        match (self.kind, self.chain) {
            (Kind::Tote, _) => "tote",
            (Kind::Satchel, true) => "chain",
            (Kind::Satchel, false) => "satchel",
            (Kind::Bowling, _) => "bowling",
            (Kind::Bucket, _) => "bucket",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        self.handles(sheet, look);
        sheet.part(self.body(), look.patterned(Finish::Cloth));
        sheet.fade(self.body(), Rgb(0, 0, 0), 0.28, GROUND, GROUND - 22.0);
        self.front(sheet, look);
        self.handle_ends(sheet, look);
    }
}
