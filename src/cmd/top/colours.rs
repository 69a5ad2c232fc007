//! Which colours the terminal has, as far as its variables say.

use std::env;

use crate::top::config::Colouring;
use crate::top::theme::{Depth, Ground, Theme};

/// The colours to be used.
pub(super) fn theme(asked: Colouring) -> Theme {
    let variable = |name| env::var(name).unwrap_or_default();
    let (depth, ground) = (depth(&variable), ground(&variable("COLORFGBG")));
    // Whoever asks for colours on the command line or in the file wants some.
    let some = depth.max(Depth::Sixteen);
    let (depth, ground) = match asked {
        Colouring::Auto => (depth, ground),
        Colouring::Dark => (some, Ground::Dark),
        Colouring::Light => (some, Ground::Light),
        Colouring::Sixteen => (Depth::Sixteen, ground),
        Colouring::None => (Depth::None, ground),
    };
    Theme { depth, ground }
}

fn depth(variable: &dyn Fn(&'static str) -> String) -> Depth {
    let (term, colours) = (variable("TERM"), variable("COLORTERM"));
    if !variable("NO_COLOR").is_empty() || term == "dumb" {
        return Depth::None;
    }
    match &*colours {
        "truecolor" | "24bit" => Depth::True,
        _ if term.contains("256color") || term.contains("direct") => Depth::Indexed,
        _ => Depth::Sixteen,
    }
}

/// Some terminals say which of 16 colours text and ground have: `15;0`.
fn ground(variable: &str) -> Ground {
    match variable.rsplit(';').next() {
        Some("7" | "9" | "10" | "11" | "12" | "13" | "14" | "15") => Ground::Light,
        _ => Ground::Dark,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_say_how_many_colours_there_are() {
        let rows = [
            (("xterm-256color", "", ""), Depth::Indexed),
            (("tmux-256color", "truecolor", ""), Depth::True),
            (("xterm-256color", "24bit", "1"), Depth::None),
            (("screen", "", ""), Depth::Sixteen),
            (("dumb", "", ""), Depth::None),
            (("", "", ""), Depth::Sixteen),
        ];
        for ((term, colours, no), expected) in rows {
            let variable = |name: &'static str| {
                match name {
                    "TERM" => term,
                    "COLORTERM" => colours,
                    _ => no,
                }
                .to_owned()
            };
            assert_eq!(depth(&variable), expected, "{term} {colours} {no}");
        }
        assert_eq!(ground("0;15"), Ground::Light);
        assert_eq!(ground("15;default;0"), Ground::Dark);
        assert_eq!(ground(""), Ground::Dark);
    }
}
