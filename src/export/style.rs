//! Colours and attributes as classes and declarations of CSS, and text as it stands in markup.

use std::fmt::Write as _;

use super::line::{Colour, Style, Underline};

/// What the terminal's own colours are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Light text on dark.
    #[default]
    Dark,
    /// Dark text on light.
    Light,
}

/// A theme's colours: text, what is behind it, and the first 16 of the 256.
struct Palette {
    foreground: u32,
    background: u32,
    indexed: [u32; 16],
}

/// As the dashboard's themes of these names.
const DARK: Palette = Palette {
    foreground: 0x00d5_dce6,
    background: 0x000f_141b,
    indexed: [
        0x001d_2430,
        0x00f0_787c,
        0x007f_c98a,
        0x00e2_b45f,
        0x006f_a8f5,
        0x00c6_93ee,
        0x005c_c3c9,
        0x00c9_d1dc,
        0x006d_7a8d,
        0x00ff_9a9d,
        0x00a3_e0ab,
        0x00f5_cf86,
        0x0098_c4ff,
        0x00dc_b3fb,
        0x0086_dfe4,
        0x00f4_f7fb,
    ],
};
const LIGHT: Palette = Palette {
    foreground: 0x001f_2733,
    background: 0x00fb_fcfd,
    indexed: [
        0x001f_2733,
        0x00c0_262d,
        0x001f_7a35,
        0x008a_5b00,
        0x0012_57b8,
        0x0084_31b5,
        0x000b_6f78,
        0x006b_7684,
        0x004a_5563,
        0x00d6_353c,
        0x002b_8f43,
        0x00a5_6e05,
        0x002f_6fd2,
        0x009b_4bcc,
        0x0014_868f,
        0x008b_95a3,
    ],
};

impl Theme {
    fn palette(self) -> &'static Palette {
        match self {
            Self::Dark => &DARK,
            Self::Light => &LIGHT,
        }
    }

    /// The colour of text that has none.
    pub(super) fn foreground(self) -> String {
        hex(self.palette().foreground)
    }

    /// What is behind all text.
    pub(super) fn background(self) -> String {
        hex(self.palette().background)
    }

    /// The colours of characters and of what is behind them; the latter only if it isn't the page's.
    pub(super) fn colours(self, style: Style) -> (String, Option<String>) {
        let foreground = style.foreground.map(|colour| self.colour(colour));
        let background = style.background.map(|colour| self.colour(colour));
        match style.inverse {
            false => (foreground.unwrap_or_else(|| self.foreground()), background),
            true => {
                let behind = foreground.unwrap_or_else(|| self.foreground());
                (
                    background.unwrap_or_else(|| self.background()),
                    Some(behind),
                )
            }
        }
    }

    fn colour(self, colour: Colour) -> String {
        match colour {
            Colour::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
            Colour::Indexed(index) => hex(self.indexed(index)),
        }
    }

    /// The 16 of the theme, a cube of 6 by 6 by 6, and 24 greys.
    fn indexed(self, index: u8) -> u32 {
        if let Some(colour) = self.palette().indexed.get(usize::from(index)) {
            return *colour;
        }
        if index >= 232 {
            return (8 + 10 * u32::from(index - 232)) * 0x01_01_01;
        }
        let level = |part: u8| match u32::from(part % 6) {
            0 => 0,
            part => 55 + 40 * part,
        };
        let index = index - 16;
        (level(index / 36) << 16) | (level(index / 6) << 8) | level(index)
    }

    /// The declarations of CSS for the text of a style, but for what is behind it. Its colour is that of `property`.
    pub(super) fn declarations(self, style: Style, property: &str) -> String {
        let mut css = String::new();
        let (colour, _) = self.colours(style);
        if colour != self.foreground() {
            let _ = write!(css, "{property}:{colour};");
        }
        let switches = [
            (style.bold, "font-weight:bold;"),
            (style.dim, "opacity:.6;"),
            (style.italic, "font-style:italic;"),
            (style.hidden, "visibility:hidden;"),
        ];
        css.extend(switches.iter().filter(|(on, _)| *on).map(|(_, css)| *css));
        if style.underline.is_some() || style.struck {
            self.decoration(style, &mut css);
        }
        css
    }

    fn decoration(self, style: Style, css: &mut String) {
        css.push_str("text-decoration:");
        let underline = style.underline.map(|underline| match underline {
            Underline::Single => "underline",
            Underline::Double => "underline double",
            Underline::Curly => "underline wavy",
            Underline::Dotted => "underline dotted",
            Underline::Dashed => "underline dashed",
        });
        let struck = style.struck.then_some("line-through");
        let lines: Vec<_> = underline.into_iter().chain(struck).collect();
        css.push_str(&lines.join(" "));
        if let Some(colour) = style.underline_colour.filter(|_| underline.is_some()) {
            let _ = write!(css, " {}", self.colour(colour));
        }
        css.push(';');
    }
}

fn hex(colour: u32) -> String {
    format!("#{colour:06x}")
}

/// Adds text so that it is text in HTML and in XML, in elements and in attributes.
pub(super) fn escape(text: &str, out: &mut Vec<u8>) {
    for one in text.chars() {
        match one {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\'' => out.extend_from_slice(b"&#39;"),
            // XML has no such characters.
            '\u{fffe}' | '\u{ffff}' => out.extend_from_slice("\u{fffd}".as_bytes()),
            one => out.extend_from_slice(one.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}
