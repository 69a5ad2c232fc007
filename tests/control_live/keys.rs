//! Every key with every modifier, in every mode of a pane's keyboard: what a terminal sends arrives, or the key is refused
//! beforehand. What a terminal sends is computed here, by the rules of xterm and of the old terminals before it.

use std::fs;
use std::path::{Path, PathBuf};

use muxwire::control::{InputBytes, KeyError, Keyboard, MAX_STROKES, Stroke};
use muxwire::ids::PaneId;
use muxwire::tmux::Version;

use super::Attached;
use super::input::type_if_ready;
use crate::support::{SOON, TmuxServer, for_each_version, wait_until};

/// Stands behind every key; no key has these bytes.
const MARK: &[u8] = b"\xff\xfe";

/// Names of keys, with the sequence of those that have one: what stands before the modifiers, and the last letter.
const FUNCTION: &str = "Up 1 A,Down 1 B,Right 1 C,Left 1 D,Home 1 H,End 1 F,F1 1 P,F2 1 Q,F3 1 R,F4 1 S,F5 15 ~,F6 17 ~,\
                        F7 18 ~,F8 19 ~,F9 20 ~,F10 21 ~,F11 23 ~,F12 24 ~,IC 2 ~,Insert 2 ~,DC 3 ~,Delete 3 ~,PPage 5 ~,\
                        PageUp 5 ~,PgUp 5 ~,NPage 6 ~,PageDown 6 ~,PgDn 6 ~";
const SINGLE: [(&str, u8); 5] = [
    ("Space", 32),
    ("Enter", 13),
    ("Tab", 9),
    ("Escape", 27),
    ("BSpace", 127),
];
const KEYPAD: &str =
    "KP* j,KP+ k,KP- m,KP. n,KP/ o,KP0 p,KP1 q,KP2 r,KP3 s,KP4 t,KP5 u,KP6 v,KP7 w,KP8 x,KP9 y";
const BEYOND_ASCII: [&str; 6] = ["é", "ß", "日", "😀", "\u{301}", "Ω"];

/// A mode of a pane's keyboard, and how it comes about.
#[derive(Debug, Clone, Copy)]
struct Mode {
    /// The option `extended-keys`.
    option: &'static str,
    /// The option `extended-keys-format`.
    format: &'static str,
    /// What the program asks for: 0, 1 or 2.
    asked: u8,
    application: bool,
}

impl Mode {
    fn all() -> Vec<Self> {
        let rows = [
            ("off", "xterm", 0),
            ("off", "xterm", 1),
            ("off", "xterm", 2),
            ("on", "xterm", 0),
            ("on", "xterm", 1),
            ("on", "xterm", 2),
            ("on", "csi-u", 2),
            ("always", "xterm", 0),
            ("always", "csi-u", 2),
        ];
        let modes = rows.into_iter().flat_map(|(option, format, asked)| {
            [false, true].map(|application| Self {
                option,
                format,
                asked,
                application,
            })
        });
        modes.collect()
    }

    /// Which extended keys the program gets from a tmux that knows of both kinds.
    fn extended(self) -> u8 {
        match (self.option, self.asked) {
            ("off", _) => 0,
            ("always", 0) => 1,
            (_, asked) => asked,
        }
    }
}

/// The modifiers of one key.
#[derive(Debug, Clone, Copy)]
struct Held {
    control: bool,
    meta: bool,
    shift: bool,
}

impl Held {
    fn all() -> impl Iterator<Item = Self> {
        (0..8_u8).map(|bits| Self {
            control: bits & 4 != 0,
            meta: bits & 2 != 0,
            shift: bits & 1 != 0,
        })
    }

    fn number(self) -> u8 {
        1 + u8::from(self.shift) + 2 * u8::from(self.meta) + 4 * u8::from(self.control)
    }

    fn name(self, base: &str) -> String {
        let held = [(self.control, "C-"), (self.meta, "M-"), (self.shift, "S-")];
        let held: String = held
            .iter()
            .filter(|(held, _)| *held)
            .map(|(_, letter)| *letter)
            .collect();
        held + base
    }
}

/// All that a terminal may send for a key, in this mode.
fn a_terminal_sends(base: &str, held: Held, mode: Mode, version: &Version) -> Vec<Vec<u8>> {
    let escape = if held.meta { "\x1b" } else { "" };
    let number = held.number();
    for row in FUNCTION.split(',') {
        let row: Vec<&str> = row.split(' ').collect();
        if row[0] == base {
            return vec![function(&row, number, mode).into_bytes()];
        }
    }
    for row in KEYPAD.split(',') {
        if let Some((name, letter)) = row.split_once(' ')
            && name == base
        {
            let plain = if mode.application {
                format!("\x1bO{letter}")
            } else {
                base[2..].to_owned()
            };
            return vec![format!("{escape}{plain}").into_bytes()];
        }
    }
    if base == "KPEnter" {
        let plain = if mode.application { "\x1bOM" } else { "\r" };
        return vec![format!("{escape}{plain}").into_bytes()];
    }
    let single = SINGLE
        .iter()
        .find(|(name, _)| *name == base)
        .map(|(_, byte)| *byte);
    let (code, held) = match base {
        "BTab" => (
            9,
            Held {
                shift: true,
                ..held
            },
        ),
        _ => (
            single.map_or_else(|| u32::from(base.chars().next().unwrap()), u32::from),
            held,
        ),
    };
    let number = held.number();
    let extended = [
        format!("\x1b[27;{number};{code}~"),
        format!("\x1b[{code};{number}u"),
    ];
    let old: Option<Vec<u8>> =
        old_terminal(code, base, held).map(|old| [escape.as_bytes(), &old].concat());
    let is_letter = code < 128 && char::from_u32(code).unwrap().is_ascii_alphabetic();
    let only_shifted_letter = is_letter && held.shift && !held.control;
    let plain = number == 1 || (only_shifted_letter && !held.meta);
    let mut sent = Vec::new();
    // A character beyond ASCII is the same in all modes.
    if plain || mode.extended() < 2 || !version.reports_key_mode() || code > 127 {
        sent.extend(old);
    }
    if !plain && mode.extended() > 0 && version.reports_key_mode() {
        sent.extend(extended.map(String::into_bytes));
        if only_shifted_letter {
            let upper = code - 32 * u32::from(code > 96);
            sent.push(format!("\x1b[27;3;{upper}~").into_bytes());
            sent.push(format!("\x1b[{upper};3u").into_bytes());
        }
    }
    sent
}

fn function(row: &[&str], number: u8, mode: Mode) -> String {
    let [name, first, last] = row else {
        panic!("{row:?}")
    };
    match (number, *last, *name) {
        (1, "A" | "B" | "C" | "D", _) if mode.application => format!("\x1bO{last}"),
        (1, "A" | "B" | "C" | "D", _) => format!("\x1b[{last}"),
        (1, "P" | "Q" | "R" | "S", _) => format!("\x1bO{last}"),
        // So are these keys in the terminal that tmux is.
        (1, _, "Home") => "\x1b[1~".to_owned(),
        (1, _, "End") => "\x1b[4~".to_owned(),
        (1, ..) => format!("\x1b[{first}~"),
        _ => format!("\x1b[{first};{number}{last}"),
    }
}

/// What an old terminal sends, but for Meta; nothing where it has nothing that stands for all that is held.
fn old_terminal(code: u32, base: &str, held: Held) -> Option<Vec<u8>> {
    let Ok(byte) = u8::try_from(code)
        .map_err(drop)
        .and_then(|byte| if byte < 128 { Ok(byte) } else { Err(()) })
    else {
        return (!held.control && !held.shift).then(|| base.as_bytes().to_vec());
    };
    Some(match byte {
        9 if held.shift => b"\x1b[Z".to_vec(),
        127 if held.control => vec![8],
        9 | 13 | 27 | 127 => vec![byte],
        b' ' if held.control => vec![0],
        b' ' => vec![b' '],
        b'a'..=b'z' | b'A'..=b'Z' if held.control => vec![byte & 31],
        b'a'..=b'z' | b'A'..=b'Z' if held.shift => vec![byte.to_ascii_uppercase()],
        _ if held.shift => return None,
        b'@'..=b'~' if held.control => vec![byte & 31],
        b'2'..=b'8' if held.control => vec![[0, 27, 28, 29, 30, 31, 127][usize::from(byte - b'2')]],
        b'?' if held.control => vec![127],
        b'/' | b'-' if held.control => vec![31],
        b'1' | b'9' | b'0' | b'=' | b';' | b'\'' | b',' | b'.' if held.control => vec![byte],
        _ if held.control => return None,
        _ => vec![byte],
    })
}

fn bases() -> Vec<String> {
    let function = FUNCTION
        .split(',')
        .chain(KEYPAD.split(','))
        .map(|row| row.split(' ').next().unwrap());
    let names = function
        .chain(SINGLE.map(|(name, _)| name))
        .chain(["BTab", "KPEnter"])
        .chain(BEYOND_ASCII);
    let characters = (b'!'..=b'~').map(|byte| char::from(byte).to_string());
    names.map(str::to_owned).chain(characters).collect()
}

/// Keys that are never refused.
fn must_be_typed(base: &str, held: Held, version: &Version) -> bool {
    let function = FUNCTION
        .split(',')
        .any(|row| row.split(' ').next() == Some(base));
    let single = SINGLE.iter().any(|(name, _)| *name == base) || base == "BTab";
    let letter = base.len() == 1 && base.as_bytes()[0].is_ascii_alphabetic();
    let plain = !held.control && !held.shift;
    plain
        || function
        || ((single || letter) && version.reports_key_mode())
        || (letter && !(held.control && held.shift))
}

/// A pane whose keyboard is in this mode; what is typed goes to the file.
fn pane_in(mode: Mode, server: &TmuxServer, at: usize) -> (PaneId, PathBuf) {
    let version = server.version();
    if version.answers_inside() {
        server.run(["set-option", "-s", "extended-keys", mode.option]);
    }
    if version.reports_key_mode() {
        server.run(["set-option", "-s", "extended-keys-format", mode.format]);
    }
    let file = server.folder().join(format!("keys{at}"));
    let asks = match mode.asked {
        0 => String::new(),
        asked => format!(r"\033[>4;{asked}m"),
    };
    let application = if mode.application {
        r"\033[?1h\033="
    } else {
        ""
    };
    let script = format!(
        r"stty raw -echo; printf '{asks}{application}\033]2;ready\033\\'; : > {0}; exec cat >> {0}",
        file.display()
    );
    let (_, pane) = server.new_session(&format!("keys{at}"), &script);
    wait_until("the mode is set", SOON, || {
        file.exists() && server.value(&pane, "#{pane_title}") == "ready"
    });
    (pane.parse().unwrap(), file)
}

/// Types keys and gives the result of each.
fn type_keys(
    attached: &mut Attached,
    server: &TmuxServer,
    pane: PaneId,
    strokes: &[Stroke],
    file: &Path,
) -> Vec<Vec<u8>> {
    let mark = Stroke::Bytes(InputBytes::new(MARK).unwrap());
    for some in strokes.chunks(MAX_STROKES / 2) {
        let marked = some
            .iter()
            .flat_map(|stroke| [stroke.clone(), mark.clone()])
            .collect();
        let says = type_if_ready(attached, server, pane, marked);
        assert!(says.is_empty() || !server.version().answers_inside());
    }
    let typed = || fs::read(file).unwrap();
    let count = |typed: &[u8]| {
        typed
            .windows(MARK.len())
            .filter(|some| *some == MARK)
            .count()
    };
    wait_until("all keys are typed", SOON, || {
        count(&typed()) == strokes.len()
    });
    let (mut keys, mut key) = (Vec::new(), Vec::new());
    for byte in typed() {
        key.push(byte);
        if key.ends_with(MARK) {
            key.truncate(key.len() - MARK.len());
            keys.push(std::mem::take(&mut key));
        }
    }
    keys
}

#[test]
fn regression_every_key_is_typed_as_a_terminal_sends_it_or_refused() {
    for_each_version(|program| {
        let server = TmuxServer::start(program);
        let version = server.version();
        let keyboard = Keyboard::new(version.reports_key_mode());
        let mut names = Vec::new();
        let mut strokes = Vec::new();
        for base in bases() {
            for held in Held::all() {
                let name = held.name(&base);
                match keyboard.stroke(&name) {
                    Ok(stroke) => {
                        names.push((name, base.clone(), held));
                        strokes.push(stroke);
                    }
                    Err(KeyError::Unsupported(why)) => {
                        assert!(!must_be_typed(&base, held, version), "{name}: {why}");
                    }
                    Err(KeyError::Unknown) => panic!("{name} is no key"),
                }
            }
        }
        let mut wrong = Vec::new();
        for (at, mode) in Mode::all().into_iter().enumerate() {
            let (pane, file) = pane_in(mode, &server, at);
            let mut attached = Attached::new(&server);
            let typed = type_keys(&mut attached, &server, pane, &strokes, &file);
            for ((name, base, held), typed) in names.iter().zip(typed) {
                let right = a_terminal_sends(base, *held, mode, version);
                if !right.contains(&typed) {
                    let right: Vec<String> = right
                        .iter()
                        .map(|some| some.escape_ascii().to_string())
                        .collect();
                    wrong.push(format!(
                        "{mode:?} {name}: {} instead of {right:?}",
                        typed.escape_ascii()
                    ));
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "{} keys are wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    });
}

#[test]
fn names_that_are_no_keys_are_refused() {
    let names = [
        "",
        "C-",
        "C",
        "-C",
        "C-C-a",
        "X-a",
        "Entre",
        "MouseDown1Pane",
        "WheelUpPane",
        "User0",
        "None",
        "Any",
        "FocusIn",
        "PasteStart",
        "F0",
        "F25",
        "C-ab",
        "ab",
        "e\u{301}",
        "\u{7f}",
        "\r",
        "\u{9b}",
        "M-\u{9b}",
        "0x41",
        "^a",
        "[NUL]",
        "KP",
        "KPA",
        "ReportDarkTheme",
    ];
    for keyboard in [Keyboard::new(false), Keyboard::new(true)] {
        for name in names {
            let stroke = keyboard.stroke(name);
            if name == "C" {
                assert!(stroke.is_ok());
            } else {
                assert_eq!(stroke, Err(KeyError::Unknown), "{name:?}");
            }
        }
        for name in ["F13", "F24", "C-é", "S-ß", "S-1", "C-#", "C-KP5"] {
            let stroke = keyboard.stroke(name);
            assert!(
                matches!(stroke, Err(KeyError::Unsupported(_))),
                "{name}: {stroke:?}"
            );
        }
    }
}
