//! Hats: fedoras, sun hats, caps, beanies and bucket hats.

use crate::dice::Dice;
use crate::outline::Outline;
use crate::sheet::Sheet;
use crate::surface::{Finish, Look, Surface};

use super::{Shape, in_turn};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Fedora,
    Sun,
    Cap,
    Beanie,
    Bucket,
}

struct Hat {
    kind: Kind,
    crown: f32,
    half_width: f32,
    brim: f32,
    bobble: bool,
}

pub(super) fn design(family: usize, dice: &mut Dice) -> Box<dyn Shape> {
    let kind = in_turn(
        family,
        [
            Kind::Fedora,
            Kind::Sun,
            Kind::Cap,
            Kind::Beanie,
            Kind::Bucket,
        ],
    );
    Box::new(Hat {
        kind,
        crown: dice.between(27.0, 34.0),
        half_width: dice.between(24.0, 28.0),
        brim: if kind == Kind::Sun {
            dice.between(22.0, 27.0)
        } else {
            dice.between(13.0, 18.0)
        },
        bobble: dice.chance(0.6),
    })
}

/// Height at which the crown meets the brim.
const BAND: f32 = 8.0;

impl Hat {
    fn brimmed(&self, sheet: &mut Sheet, look: &Look) {
        let (wide, top) = (self.half_width, BAND - self.crown);
        let reach = wide + self.brim;
        let drop = if self.kind == Kind::Sun { 9.0 } else { 4.0 };
        let brim = Outline::at(-reach, BAND + drop - 3.0)
            .quad(-wide, BAND - 7.0, 0.0, BAND - 6.0)
            .quad(wide, BAND - 7.0, reach, BAND + drop - 3.0)
            .quad(wide, BAND + drop + 7.0, 0.0, BAND + drop + 8.0)
            .quad(-wide, BAND + drop + 7.0, -reach, BAND + drop - 3.0)
            .close();
        sheet.part(brim, look.patterned(Finish::Cloth));
        let crown =
            Outline::at(-wide, BAND + 2.0).quad(-wide + 1.0, top + 12.0, -wide * 0.72, top + 4.0);
        let crown = if self.kind == Kind::Fedora {
            crown.quad(-wide * 0.45, top - 4.0, 0.0, top + 3.5).quad(
                wide * 0.45,
                top - 4.0,
                wide * 0.72,
                top + 4.0,
            )
        } else {
            crown.quad(-wide * 0.5, top - 3.0, 0.0, top - 3.0).quad(
                wide * 0.5,
                top - 3.0,
                wide * 0.72,
                top + 4.0,
            )
        };
        sheet.part(
            crown
                .quad(wide - 1.0, top + 12.0, wide, BAND + 2.0)
                .quad(0.0, BAND + 9.0, -wide, BAND + 2.0)
                .close(),
            look.patterned(Finish::Round),
        );
        if self.kind == Kind::Fedora {
            sheet.fold(
                Outline::at(0.0, top + 4.0).quad(-3.0, top + 12.0, 0.0, top + 18.0),
                5.0,
                0.35,
            );
        }
        let band = Outline::at(-wide + 0.2, BAND - 6.0)
            .quad(0.0, BAND + 1.5, wide - 0.2, BAND - 6.0)
            .line(wide, BAND + 2.0)
            .quad(0.0, BAND + 9.0, -wide, BAND + 2.0)
            .close();
        sheet.part(band, Surface::plain(look.accent, Finish::Round));
        sheet.fold(
            Outline::at(-wide, BAND + 3.0).quad(0.0, BAND + 10.0, wide, BAND + 3.0),
            2.4,
            0.4,
        );
        if self.kind == Kind::Sun {
            for ring in 1..4 {
                let share = ring as f32 / 4.0;
                let (rx, y) = (wide + self.brim * share, BAND + drop * share);
                sheet.fold(
                    Outline::at(-rx, y - 1.0).quad(0.0, y + 8.0 + share * 5.0, rx, y - 1.0),
                    0.8,
                    0.25,
                );
            }
        }
    }

    fn cap(&self, sheet: &mut Sheet, look: &Look) {
        let (wide, top) = (self.half_width, BAND - self.crown);
        let crown = Outline::at(-wide - 4.0, BAND + 5.0)
            .quad(-wide - 4.0, top, -4.0, top)
            .quad(wide - 4.0, top, wide - 1.0, BAND + 2.0)
            .quad(0.0, BAND - 1.0, -wide - 4.0, BAND + 5.0)
            .close();
        sheet.part(crown, look.patterned(Finish::Round));
        for bend in [-0.55, 0.1, 0.7] {
            let seam = || {
                Outline::at(-4.0, top).quad(bend * wide * 1.25, top + 8.0, bend * wide, BAND + 1.0)
            };
            sheet.fold(seam(), 1.2, 0.4);
        }
        sheet.part(
            Outline::ellipse(-4.0, top - 0.5, 2.6, 1.7),
            Surface::plain(look.accent, Finish::Round),
        );
        let peak = Outline::at(-1.0, BAND + 0.5)
            .quad(wide * 0.6, BAND - 2.0, wide - 1.0, BAND + 1.5)
            .quad(wide + 20.0, BAND + 4.0, wide + 23.0, BAND + 13.0)
            .quad(wide + 6.0, BAND + 10.0, -1.0, BAND + 0.5)
            .close();
        sheet.part(
            peak,
            Surface::plain(look.accent.mix(look.main, 0.4), Finish::Cloth),
        );
        sheet.part(
            Outline::ellipse(wide * 0.42, BAND - 13.0, 5.0, 5.5),
            Surface::plain(look.accent, Finish::Flat),
        );
    }

    fn beanie(&self, sheet: &mut Sheet, look: &Look) {
        let (wide, top) = (self.half_width, BAND - self.crown - 6.0);
        let crown = Outline::at(-wide, BAND + 8.0)
            .quad(-wide - 1.0, top + 3.0, 0.0, top)
            .quad(wide + 1.0, top + 3.0, wide, BAND + 8.0)
            .close();
        sheet.part(crown, look.patterned(Finish::Round));
        for rib in -5..=5_i32 {
            let share = rib as f32 / 5.6;
            sheet.fold(
                Outline::at(share * wide * 0.25, top + 2.0).quad(
                    share * wide * 1.1,
                    top + 14.0,
                    share * wide,
                    BAND + 6.0,
                ),
                1.2,
                0.32,
            );
        }
        sheet.part(
            Outline::rounded(-wide - 1.5, BAND + 2.0, wide + 1.5, BAND + 19.0, 4.0),
            Surface::plain(look.main.lighter(0.08), Finish::Round),
        );
        for rib in -8..=8_i32 {
            let x = rib as f32 * wide / 8.6;
            sheet.fold(Outline::at(x, BAND + 3.5).line(x, BAND + 17.5), 1.4, 0.42);
        }
        if self.bobble {
            sheet.part(
                Outline::ellipse(0.0, top - 4.0, 9.0, 8.6),
                Surface::plain(look.accent, Finish::Round),
            );
            for strand in 0..22 {
                let (sine, cosine) = (strand as f32 * 0.2856).sin_cos();
                sheet.line(
                    Outline::at(cosine * 5.5, top - 4.0 + sine * 5.2)
                        .line(cosine * 10.4, top - 4.0 + sine * 10.0),
                    look.accent.darker(if strand % 2 == 0 { 0.12 } else { 0.0 }),
                    1.3,
                );
            }
        }
    }

    fn bucket(&self, sheet: &mut Sheet, look: &Look) {
        let (wide, top) = (self.half_width * 0.92, BAND - self.crown);
        let crown = Outline::at(-wide, BAND)
            .line(-wide * 0.78, top + 5.0)
            .quad(-wide * 0.7, top, 0.0, top - 1.0)
            .quad(wide * 0.7, top, wide * 0.78, top + 5.0)
            .line(wide, BAND)
            .quad(0.0, BAND + 6.0, -wide, BAND)
            .close();
        sheet.part(crown, look.patterned(Finish::Round));
        sheet.fold(
            Outline::at(-wide * 0.78, top + 5.0).quad(0.0, top + 9.0, wide * 0.78, top + 5.0),
            1.3,
            0.4,
        );
        let reach = wide + self.brim * 0.75;
        let brim = Outline::at(-wide, BAND - 1.0)
            .quad(0.0, BAND + 5.0, wide, BAND - 1.0)
            .line(reach, BAND + 17.0)
            .quad(0.0, BAND + 28.0, -reach, BAND + 17.0)
            .close();
        sheet.part(brim, look.patterned(Finish::Cloth));
        for ring in 1..5 {
            let share = ring as f32 / 5.0;
            let (half, y) = (wide + (reach - wide) * share, BAND + 18.0 * share);
            sheet.fold(
                Outline::at(-half, y - 1.0).quad(0.0, y + 6.0 + share * 4.0, half, y - 1.0),
                0.8,
                0.35,
            );
        }
    }
}

impl Shape for Hat {
    fn style(&self) -> &'static str {
        match self.kind {
            Kind::Fedora => "fedora",
            Kind::Sun => "sun",
            Kind::Cap => "baseball",
            Kind::Beanie => "knitted",
            Kind::Bucket => "bucket",
        }
    }

    fn draw(&self, sheet: &mut Sheet, look: &Look) {
        match self.kind {
            Kind::Fedora | Kind::Sun => self.brimmed(sheet, look),
            Kind::Cap => self.cap(sheet, look),
            Kind::Beanie => self.beanie(sheet, look),
            Kind::Bucket => self.bucket(sheet, look),
        }
    }
}
