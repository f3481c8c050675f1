//! Themes: what every ink of a chart looks like on light and on dark paper.
//!
//! The placements keep apart for every kind of colour vision and in print; a test simulates those kinds. Colour never stands
//! alone all the same: the order of a bar's parts is always the same, and every figure is also a table.

use crate::domain::finding::Placement;

/// The paper that a chart is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Dark ink on white.
    Light,
    /// Light ink on near black.
    Dark,
}

impl Theme {
    /// Both, the light one first.
    pub(crate) const ALL: [Self; 2] = [Self::Light, Self::Dark];
}

/// What an ink means; the theme says how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// The background.
    Paper,
    /// Words and lines that matter.
    Text,
    /// Words beside them.
    Quiet,
    /// Lines that guide the eye.
    Faint,
    /// A part of a bar.
    Placed(Placement),
    /// The inbox where it recedes, so that trouble stands out.
    Receding,
    /// A figure that reaches its threshold.
    Good,
    /// One that does not.
    Short,
    /// One that lies beyond the critical threshold.
    Bad,
    /// The ground of a notice.
    Notice,
    /// Words of a notice.
    NoticeText,
}

impl Paint {
    /// Every paint.
    pub(crate) const ALL: [Self; 15] = [
        Self::Paper,
        Self::Text,
        Self::Quiet,
        Self::Faint,
        Self::Placed(Placement::Inbox),
        Self::Placed(Placement::Promotions),
        Self::Placed(Placement::Elsewhere),
        Self::Placed(Placement::Missing),
        Self::Placed(Placement::Spam),
        Self::Receding,
        Self::Good,
        Self::Short,
        Self::Bad,
        Self::Notice,
        Self::NoticeText,
    ];

    /// Its name in a style sheet.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Text => "text",
            Self::Quiet => "quiet",
            Self::Faint => "faint",
            Self::Placed(placement) => placement.word(),
            Self::Receding => "receding",
            Self::Good => "good",
            Self::Short => "short",
            Self::Bad => "bad",
            Self::Notice => "notice",
            Self::NoticeText => "notice-text",
        }
    }

    /// How it looks: `0xRRGGBB`.
    pub(crate) fn rgb(self, theme: Theme) -> u32 {
        let (light, dark) = match self {
            Self::Paper => (0x00FF_FFFF, 0x0012_161C),
            Self::Text => (0x001B_1F27, 0x00E8_EBF0),
            Self::Quiet => (0x0057_5F6B, 0x00A9_B1BD),
            Self::Faint => (0x00DD_E1E6, 0x0034_3B46),
            Self::Placed(Placement::Inbox) => (0x001F_6FA8, 0x004F_A4E8),
            Self::Placed(Placement::Promotions) => (0x0098_95A8, 0x005A_608C),
            Self::Placed(Placement::Elsewhere) => (0x00F3_C452, 0x0066_4C1A),
            Self::Placed(Placement::Spam) => (0x00D2_461B, 0x00FB_742F),
            Self::Placed(Placement::Missing) => (0x003F_434C, 0x00C0_C6CF),
            Self::Receding => (0x00D7_E5EF, 0x001F_2F40),
            Self::Good => (0x0017_5E93, 0x006D_B3E8),
            Self::Short => (0x008F_5A00, 0x00E9_B44C),
            Self::Bad => (0x00B3_370A, 0x00FF_8A5C),
            Self::Notice => (0x00FF_F1CF, 0x003A_2E12),
            Self::NoticeText => (0x0085_5400, 0x00F2_C879),
        };
        match theme {
            Theme::Light => light,
            Theme::Dark => dark,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Vision = [[f64; 3]; 3];

    /// Machado, Oliveira & Fernandes 2009, severity 1.0, for linear RGB.
    const VISIONS: [(&str, Vision); 4] = [
        ("ordinary", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    /// Light of each primary, 0…1 (IEC 61966-2-1).
    fn linear(rgb: u32) -> [f64; 3] {
        let [_, r, g, b] = rgb.to_be_bytes();
        [r, g, b].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn times(matrix: &Vision, colour: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(colour).map(|(factor, part)| factor * part).sum::<f64>().clamp(0.0, 1.0))
    }

    /// CIE 1976 L*a*b* under D65.
    fn lab(colour: [f64; 3]) -> [f64; 3] {
        let xyz: Vision = [
            [0.412_456_4, 0.357_576_1, 0.180_437_5],
            [0.212_672_9, 0.715_152_2, 0.072_175_0],
            [0.019_333_9, 0.119_192_0, 0.950_304_1],
        ];
        let [x, y, z] = xyz.map(|row| row.iter().zip(colour).map(|(factor, part)| factor * part).sum::<f64>());
        let [x, y, z] = [x / 0.950_47, y, z / 1.088_83]
            .map(|part| if part > 216.0 / 24389.0 { part.cbrt() } else { (24389.0 / 27.0 * part + 16.0) / 116.0 });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn distance(one: u32, other: u32, vision: &Vision) -> f64 {
        let (one, other) = (lab(times(vision, linear(one))), lab(times(vision, linear(other))));
        one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    /// WCAG 2.2 §1.4.3.
    fn contrast(one: u32, other: u32) -> f64 {
        let luminance =
            |rgb| linear(rgb).iter().zip([0.2126, 0.7152, 0.0722]).map(|(part, weight)| part * weight).sum();
        let (one, other): (f64, f64) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn the_measure_of_distance_is_known_to_tell_red_from_green_and_to_confuse_them_as_some_eyes_do() {
        let [(_, ordinary), _, (_, deuteranopia), _] = &VISIONS;
        let (red, green) = (0x00C0_3030, 0x0060_7020);
        assert!(distance(red, green, ordinary) > 50.0 && distance(red, green, deuteranopia) < 20.0);
        assert!((contrast(0, 0x00FF_FFFF) - 21.0).abs() < 1e-9);
    }

    #[test]
    fn placements_differ_from_each_other_and_from_the_paper_for_every_kind_of_colour_vision() {
        for theme in Theme::ALL {
            let mut paints = vec![Paint::Paper];
            paints.extend(Placement::ALL.map(Paint::Placed));
            for (name, vision) in &VISIONS {
                for (at, one) in paints.iter().enumerate() {
                    for other in &paints[at + 1..] {
                        let distance = distance(one.rgb(theme), other.rgb(theme), vision);
                        assert!(distance > 28.0, "{theme:?}, {name}: {one:?} and {other:?} are {distance:.1} apart");
                    }
                }
            }
        }
    }

    #[test]
    fn the_worse_a_placement_the_louder_it_is_and_an_inbox_that_recedes_is_still_seen() {
        use Placement::{Elsewhere, Missing, Promotions, Spam};
        let order = [Spam, Missing, Elsewhere, Promotions].map(Paint::Placed).into_iter().chain([Paint::Receding]);
        let order: Vec<Paint> = order.collect();
        for theme in Theme::ALL {
            let paper = Paint::Paper.rgb(theme);
            for (name, vision) in &VISIONS {
                let loud: Vec<f64> = order.iter().map(|paint| distance(paint.rgb(theme), paper, vision)).collect();
                let (first, last) = (loud[0], loud[4]);
                assert!(loud[1..].iter().all(|other| *other < first), "{theme:?}, {name}: {loud:?}");
                assert!(
                    loud[..4].iter().all(|other| *other > last + 15.0) && last > 10.0,
                    "{theme:?}, {name}: {loud:?}"
                );
                let is_ordinary = *name == "ordinary";
                assert!(!is_ordinary || loud.is_sorted_by(|one, next| *one > next + 5.0), "{theme:?}: {loud:?}");
            }
        }
    }

    #[test]
    fn promotions_stand_out_from_an_inbox_that_recedes_in_grey_too() {
        for theme in Theme::ALL {
            let contrast = contrast(Paint::Placed(Placement::Promotions).rgb(theme), Paint::Receding.rgb(theme));
            assert!(contrast >= 2.2, "{theme:?}: {contrast:.2}");
        }
    }

    #[test]
    fn words_can_be_read() {
        for theme in Theme::ALL {
            for (paint, ground) in [
                (Paint::Text, Paint::Paper),
                (Paint::Quiet, Paint::Paper),
                (Paint::Good, Paint::Paper),
                (Paint::Short, Paint::Paper),
                (Paint::Bad, Paint::Paper),
                (Paint::NoticeText, Paint::Notice),
            ] {
                let contrast = contrast(paint.rgb(theme), ground.rgb(theme));
                assert!(contrast >= 4.5, "{theme:?}: {paint:?} on {ground:?} is {contrast:.2}");
            }
        }
    }

    #[test]
    fn every_paint_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Paint::ALL.map(Paint::name).into_iter().collect();
        assert_eq!(names.len(), Paint::ALL.len());
    }
}
