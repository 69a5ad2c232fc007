//! Texts that would do harm wherever they were taken for a command, a format, a pattern, a path or a terminal's sequence.

use std::path::Path;

/// A text and what it tries.
#[derive(Debug, Clone)]
pub struct Hostile {
    pub what: &'static str,
    pub text: String,
}

/// What makes a file if any of it is ever run: by tmux as a command or a format, or by a shell. `HIT` stands for the file.
const RUNNERS: [(&str, &str); 30] = [
    ("a format that runs a shell", "#(touch HIT)"),
    ("the same in a style", "#[fg=#(touch HIT)]"),
    ("the same in a condition", "#{?1,#(touch HIT),}"),
    ("the same expanded twice", "#{E:#(touch HIT)}"),
    (
        "the same in a substitution",
        "#{s/x/#(touch HIT)/:pane_title}",
    ),
    ("the same in a loop", "#{S:#(touch HIT)}#{W:#(touch HIT)}"),
    (
        "the same behind a doubled sign",
        "##(touch HIT)###(touch HIT)",
    ),
    ("the same as a time", "%H #{T:#(touch HIT)} %%"),
    ("a shell's substitution", "$(touch HIT)"),
    ("a shell's old substitution", "`touch HIT`"),
    ("a second command", "x ; run-shell 'touch HIT'"),
    (
        "a second command without blanks",
        ";run-shell -b 'touch HIT';",
    ),
    ("an escaped separator", "x \\; run-shell 'touch HIT'"),
    (
        "a second command behind a quote",
        "' ; run-shell 'touch HIT' ; display-message '",
    ),
    (
        "a second command behind a double quote",
        "\" ; run-shell \"touch HIT\" ; display-message \"",
    ),
    (
        "a second command behind a backslash and a quote",
        "\\' ; run-shell 'touch HIT' #",
    ),
    (
        "a second command in a line of its own",
        "x\nrun-shell 'touch HIT'\n",
    ),
    ("the same with both ends", "x\r\nrun-shell 'touch HIT'\r\n"),
    ("the same with CR", "x\rrun-shell 'touch HIT'\r"),
    ("a block of commands", "{ run-shell 'touch HIT' }"),
    ("the end of a block", "} ; run-shell 'touch HIT' ; {"),
    ("the end of a condition", ",} ' ; run-shell 'touch HIT' ; '"),
    (
        "a file of commands",
        "source-file /dev/stdin\nrun-shell 'touch HIT'",
    ),
    (
        "a shell's separator",
        "; touch HIT; # | touch HIT & touch HIT",
    ),
    ("another server", "-S HIT kill-server"),
    ("a directive", "%if 1\nrun-shell 'touch HIT'\n%endif"),
    ("a variable that is set", "HIT=1 ; set-environment -g HIT 1"),
    ("bytes in octal", "\\012run-shell \\047touch HIT\\047\\012"),
    (
        "a hook",
        "set-hook -g after-send-keys 'run-shell \"touch HIT\"'",
    ),
    ("a pipe", "pipe-pane 'touch HIT'"),
];

/// What has another meaning for some parser.
const OTHERS: [(&str, &str); 40] = [
    ("an end of line", "\n"),
    ("a carriage return", "\r"),
    ("both", "\r\n"),
    ("empty lines, which detach a control client", "\n\n\n"),
    ("a semicolon", ";"),
    ("a semicolon that is escaped", "\\;"),
    ("a comment", "# no comment"),
    ("one brace", "{"),
    ("the other brace", "}"),
    ("a single quote", "'"),
    ("a double quote", "\""),
    ("quotes of all kinds", "'\"'\"\\'\\\""),
    ("a backslash", "\\"),
    ("backslashes", "\\\\\\"),
    ("a variable", "$HOME ${HOME} $TMUX"),
    ("a home", "~ ~root/ ~/.ssh"),
    ("formats", "#{pid} #{client_tty} #S #W #D #H"),
    ("times", "%H:%M %d %%"),
    ("the end of a reply", "%end 1 1 1\n"),
    ("the beginning of a reply", "%begin 1 1 1\n"),
    ("an error", "%error 1 1 1\n"),
    ("the end of the client", "%exit\n"),
    ("an end in the middle of a line", "x\n%exit\n%end 1 1 1\n"),
    ("output", "%output %0 forged\n"),
    (
        "a session that goes",
        "%sessions-changed\n%session-changed $0 main\n",
    ),
    (
        "commands of harm",
        "kill-server\nkill-session -a\ndetach-client -a\n",
    ),
    ("an option", "-t"),
    ("an option with a value", "-t %0"),
    ("the end of options", "--"),
    ("a long option", "--help"),
    ("keys", "Enter C-c M-x F1 PageUp"),
    ("one key", "C-c"),
    ("hex", "0x0a"),
    ("ids", "%0 @0 $0 =main {last} :.+ !"),
    ("patterns", "* ? [a-z] ** *"),
    ("a path", "../../etc/passwd"),
    ("NUL", "a\0b\0"),
    (
        "control bytes",
        "\u{1}\u{2}\u{3}\u{4}\u{7}\u{8}\u{b}\u{c}\u{1a}\u{1b}\u{1c}\u{7f}",
    ),
    (
        "sequences of a terminal",
        "\u{1b}]52;c;SGk=\u{7}\u{1b}]0;title\u{7}\u{1b}[6n\u{1b}[c\u{1b}P$q\u{1b}\\\u{9b}6n",
    ),
    ("bracketed paste that ends", "a\u{1b}[201~b\u{9b}201~c"),
];

/// What is no plain letter.
const UNICODE: [(&str, &str); 6] = [
    (
        "a change of direction",
        "a\u{202e}tx\u{2066}e\u{2069}\u{200f}",
    ),
    (
        "invisible letters",
        "\u{e0041}\u{e0042}\u{200b}\u{feff}\u{2060}",
    ),
    ("separators", "a\u{2028}b\u{2029}c\u{85}d"),
    ("no characters", "\u{fffe}\u{ffff}\u{10ffff}\u{fdd0}"),
    (
        "marks upon marks",
        "e\u{301}\u{301}\u{301}\u{489}\u{1f468}\u{200d}\u{1f469}\u{fe0f}",
    ),
    (
        "look-alikes",
        "\u{ff1b}\u{ff03}\u{ff5b}\u{2019}\u{201c}\u{ff3c}",
    ),
];

/// All of them; what runs would make files that begin with `hit` in this folder.
pub fn texts(folder: &Path) -> Vec<Hostile> {
    let hit = folder.join("hit").display().to_string();
    let rows = RUNNERS.into_iter().chain(OTHERS).chain(UNICODE);
    let mut all: Vec<Hostile> = rows
        .map(|(what, text)| Hostile {
            what,
            text: text.replace("HIT", &hit),
        })
        .collect();
    // A tmux line has room for 900 bytes in hex: the harm stands on both sides of what could be a border.
    for (what, len) in [("long", 3_000), ("as long as it gets", 55_000)] {
        let unit = format!("{len}#(touch {hit})\n;'\"");
        let text = unit.repeat(len / unit.len());
        all.push(Hostile { what, text });
    }
    all
}

/// Bytes that are no text, for where a client can send bytes.
pub fn bytes() -> Vec<Vec<u8>> {
    vec![
        (0..=255).collect(),
        (0..=255).rev().collect(),
        b"\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80".to_vec(),
        b"\x9b6n\x90q\x9c\x9d52;c;SGk=\x9c".to_vec(),
        vec![0; 1_000],
        vec![b'\n'; 1_000],
        b"\n%exit\n%end 1 1 1\n\x80".repeat(200),
    ]
}
