//! Colours: those of the monitor, and those of panes as far as the terminal has them.

use ratatui::style::{Color, Modifier, Style};

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: text is bold, dim, underlined or reversed.
    None,
    /// The 16 that every terminal has.
    Sixteen,
    /// 256.
    Indexed,
    /// All.
    True,
}

/// What is behind the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ground {
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
}

/// What a text of the monitor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// What is less important.
    Dim,
    /// Lines between parts.
    Rule,
    /// Heads, keys, what is chosen.
    Accent,
    /// What keeps the keyboard.
    Typing,
    /// An agent waits, or a warning.
    Waiting,
    /// It failed.
    Failed,
    /// It is done and nobody has seen it.
    Done,
    /// It works.
    Busy,
    /// The row that is selected.
    Selected,
    /// What a search found.
    Found,
}

/// The colours in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// How many colours there are.
    pub depth: Depth,
    /// What is behind the text.
    pub ground: Ground,
}

/// For each role: among 256 colours on a dark ground and on a light one, and among 16.
const COLOURS: [(Role, u8, u8, Color); 9] = [
    (Role::Dim, 245, 242, Color::DarkGray),
    (Role::Rule, 239, 250, Color::DarkGray),
    (Role::Accent, 111, 25, Color::Cyan),
    (Role::Typing, 212, 162, Color::Magenta),
    (Role::Waiting, 214, 130, Color::Yellow),
    (Role::Failed, 203, 160, Color::Red),
    (Role::Done, 114, 28, Color::Green),
    (Role::Busy, 110, 24, Color::Blue),
    (Role::Found, 222, 94, Color::Yellow),
];

impl Theme {
    /// How a text looks.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        let style = Style::new();
        let known = COLOURS.iter().find(|(one, ..)| *one == role);
        let Some((_, dark, light, sixteen)) = known else {
            return match role {
                Role::Selected => self.selected(),
                // What it stands on may have a colour.
                _ => style.fg(Color::Reset),
            };
        };
        match (self.depth, role) {
            (Depth::None, Role::Dim | Role::Rule) => style.add_modifier(Modifier::DIM),
            (Depth::None, Role::Typing | Role::Found) => style.add_modifier(Modifier::REVERSED),
            (Depth::None, Role::Busy) => style,
            (Depth::None, _) => style.add_modifier(Modifier::BOLD),
            (Depth::Sixteen, _) => style.fg(*sixteen),
            (_, _) => style.fg(Color::Indexed(match self.ground {
                Ground::Dark => *dark,
                Ground::Light => *light,
            })),
        }
    }

    fn selected(self) -> Style {
        match (self.depth, self.ground) {
            (Depth::None | Depth::Sixteen, _) => Style::new().add_modifier(Modifier::REVERSED),
            (_, Ground::Dark) => Style::new().bg(Color::Indexed(237)),
            (_, Ground::Light) => Style::new().bg(Color::Indexed(254)),
        }
    }

    /// A colour that a pane asks for, as near as the terminal has it.
    #[must_use]
    pub fn nearest(self, colour: Color) -> Color {
        match (self.depth, colour) {
            (Depth::None, _) => Color::Reset,
            (Depth::True, _) | (_, Color::Reset) => colour,
            (Depth::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(cube(r, g, b)),
            (Depth::Sixteen, Color::Rgb(r, g, b)) => sixteen(r, g, b),
            (Depth::Sixteen, Color::Indexed(index @ 16..)) => {
                let (r, g, b) = of_index(index);
                sixteen(r, g, b)
            }
            _ => colour,
        }
    }
}

/// The steps of each part of the 216 colours in the middle of 256.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn cube(r: u8, g: u8, b: u8) -> u8 {
    let step = |part: u8| {
        let steps = (0_u8..).zip(STEPS);
        let nearest = steps.min_by_key(|(_, step)| step.abs_diff(part));
        nearest.map_or(0, |(index, _)| index)
    };
    let in_cube = 16 + 36 * step(r) + 6 * step(g) + step(b);
    let mean = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
    let grey = u8::try_from(mean.saturating_sub(3) / 10)
        .unwrap_or(0)
        .min(23);
    let candidates = [in_cube, 232 + grey];
    let distance = |index: &u8| apart(of_index(*index), (r, g, b));
    candidates
        .into_iter()
        .min_by_key(distance)
        .unwrap_or(in_cube)
}

fn of_index(index: u8) -> (u8, u8, u8) {
    match index {
        0..16 => SIXTEEN[usize::from(index)].1,
        16..232 => {
            let index = index - 16;
            let step = |part: u8| STEPS[usize::from(part)];
            (step(index / 36), step(index / 6 % 6), step(index % 6))
        }
        232.. => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

/// The 16 colours as most terminals show them.
const SIXTEEN: [(Color, (u8, u8, u8)); 16] = [
    (Color::Black, (0, 0, 0)),
    (Color::Red, (205, 49, 49)),
    (Color::Green, (13, 188, 121)),
    (Color::Yellow, (229, 229, 16)),
    (Color::Blue, (36, 114, 200)),
    (Color::Magenta, (188, 63, 188)),
    (Color::Cyan, (17, 168, 205)),
    (Color::Gray, (229, 229, 229)),
    (Color::DarkGray, (102, 102, 102)),
    (Color::LightRed, (241, 76, 76)),
    (Color::LightGreen, (35, 209, 139)),
    (Color::LightYellow, (245, 245, 67)),
    (Color::LightBlue, (59, 142, 234)),
    (Color::LightMagenta, (214, 112, 214)),
    (Color::LightCyan, (41, 184, 219)),
    (Color::White, (255, 255, 255)),
];

fn sixteen(r: u8, g: u8, b: u8) -> Color {
    let nearest = SIXTEEN.iter().min_by_key(|(_, one)| apart(*one, (r, g, b)));
    nearest.map_or(Color::Reset, |(colour, _)| *colour)
}

/// How far two colours are apart; eyes see green best.
fn apart(one: (u8, u8, u8), other: (u8, u8, u8)) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    2 * square(one.0, other.0) + 4 * square(one.1, other.1) + 3 * square(one.2, other.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_shown_as_near_as_there_are_colours() {
        let theme = |depth| Theme {
            depth,
            ground: Ground::Dark,
        };
        let orange = Color::Rgb(255, 135, 0);
        assert_eq!(theme(Depth::True).nearest(orange), orange);
        assert_eq!(theme(Depth::Indexed).nearest(orange), Color::Indexed(208));
        assert_eq!(
            theme(Depth::Indexed).nearest(Color::Rgb(118, 118, 118)),
            Color::Indexed(243)
        );
        assert_eq!(theme(Depth::None).nearest(orange), Color::Reset);
        assert_eq!(
            theme(Depth::Sixteen).nearest(Color::Indexed(196)),
            Color::Red
        );
        assert_eq!(
            theme(Depth::Sixteen).nearest(Color::Indexed(3)),
            Color::Indexed(3)
        );
        for depth in [Depth::None, Depth::Sixteen, Depth::Indexed, Depth::True] {
            assert_eq!(theme(depth).nearest(Color::Reset), Color::Reset);
        }
    }

    #[test]
    fn without_colours_nothing_has_one() {
        let theme = Theme {
            depth: Depth::None,
            ground: Ground::Dark,
        };
        for (role, ..) in COLOURS {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }
}
