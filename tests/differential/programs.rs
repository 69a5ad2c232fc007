//! Real programs in panes of a real tmux, stopped now and then to be compared.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use super::desk::{Desk, Look};
use crate::support::for_each_version_async;

/// One act of a script.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Types, in the names that tmux has for keys.
    Type(&'static [&'static str]),
    /// Waits until a client shows this text.
    Until(&'static str),
    /// Stops the program, compares what all clients show, and lets it go on.
    Check,
    /// A command of tmux on the pane; `{}` stands for the pane, `{window}` for its window.
    Tmux(&'static [&'static str]),
    /// Another program takes the place of this one.
    Respawn(&'static str),
    /// The pane's process ends; the pane remains and is compared.
    Dies,
}

use Act::{Check, Dies, Respawn, Tmux, Type, Until};

/// A program and what is done with it.
struct Script {
    name: &'static str,
    /// What has to be installed.
    needs: &'static str,
    /// `{}` stands for a folder of scripts and texts.
    command: &'static str,
    look: Look,
    acts: &'static [Act],
}

const SCRIPTS: &[Script] = &[
    Script {
        name: "vim",
        needs: "vim",
        command: "vim -u NONE -i NONE -N -n '+syntax on' '+set number ruler hlsearch' {}/source.rs",
        look: Look::Cells,
        acts: &[
            Until("fn main"),
            Check,
            Type(&["3G", "o", "let wide = \"漢字かな 한글\"", "Escape"]),
            Until("漢字"),
            Check,
            Type(&["/value", "Enter", "n", "n"]),
            Type(&[":split", "Enter", "C-w", "j", "20dd", "u"]),
            Until("more lines"),
            Check,
            Tmux(&["resize-window", "-t", "{window}", "-x", "71", "-y", "19"]),
            Check,
            Type(&["C-f", "C-f", "C-b", "G", ":set list cursorline", "Enter"]),
            Check,
            Type(&["ggVG>", ":echo 'shifted ' . 'all'", "Enter"]),
            Until("shifted all"),
            Check,
            Type(&["Escape", ":qa!", "Enter"]),
            Dies,
        ],
    },
    Script {
        name: "less",
        needs: "less",
        command: "less -R -M {}/coloured",
        look: Look::Cells,
        acts: &[
            Until("coloured line 1"),
            Check,
            Type(&["Space", "Space", "/needle", "Enter"]),
            Until("needle"),
            Check,
            Type(&["b", "G"]),
            Until("(END)"),
            Check,
            Tmux(&["resize-window", "-t", "{window}", "-x", "60", "-y", "30"]),
            Check,
            Type(&["g", "-S", "Enter", "Right", "Right"]),
            Check,
            Type(&["q"]),
            Dies,
        ],
    },
    Script {
        name: "top",
        needs: "top",
        command: "top -d 0.3",
        look: Look::Cells,
        acts: &[
            Until("load average"),
            Check,
            Type(&["z", "x"]),
            Check,
            Type(&["1", "t", "m"]),
            Check,
            Tmux(&["split-window", "-d", "-t", "{}", "exec cat"]),
            Check,
            Tmux(&["resize-pane", "-Z", "-t", "{}"]),
            Check,
            Tmux(&["resize-pane", "-Z", "-t", "{}"]),
            Check,
            Type(&["q"]),
            Dies,
        ],
    },
    Script {
        name: "htop",
        needs: "htop",
        command: "htop -d 3",
        look: Look::Cells,
        acts: &[
            Until("PID"),
            Check,
            Type(&["F2"]),
            Until("Setup"),
            Check,
            Type(&["Escape", "F5", "Down", "Down"]),
            Check,
            Tmux(&["resize-window", "-t", "{window}", "-x", "100", "-y", "20"]),
            Check,
            Type(&["q"]),
            Dies,
        ],
    },
    Script {
        name: "a shell with colours, wide names and more",
        needs: "bash",
        command: "cd {}/names && env PS1='\\[\\e[1;32m\\]\\w\\[\\e[0m\\] \\[\\e]0;in \\w\\a\\]$ ' bash --norc --noprofile -i",
        look: Look::Cells,
        acts: &[
            Until("$"),
            Check,
            Type(&["ls -C --color=always -w 78; echo listed", "Enter"]),
            Until("listed\n"),
            Check,
            Type(&["ls -l --color=always | head -5; echo long", "Enter"]),
            Type(&[
                "for i in $(seq 0 255); do printf \"\\e[48;5;${i}m%4d\\e[0m\" $i; [ $((i % 16)) = 15 ] && echo; done; echo 'al'l",
                "Enter",
            ]),
            Until("all\n"),
            Check,
            Type(&[
                "echo a long line that is edited",
                "Home",
                "Right",
                "Right",
                "C-k",
                "C-y",
                "C-a",
                "M-f",
                "M-d",
            ]),
            Check,
            Tmux(&["resize-window", "-t", "{window}", "-x", "50", "-y", "12"]),
            Check,
            Type(&[
                "C-e",
                "C-u",
                "clear; printf 'col\\tumn\\ttabs\\n'; echo cleared",
                "Enter",
            ]),
            Until("cleared\n"),
            Check,
            Tmux(&["clear-history", "-t", "{}"]),
            Type(&["seq 1 100", "Enter"]),
            Until("100\n"),
            Check,
            Type(&[
                "tput smcup; tput cup 5 5; echo in the other screen",
                "Enter",
            ]),
            Until("in the other screen\n"),
            Check,
            Type(&["tput rmcup; echo back", "Enter"]),
            Until("back\n"),
            Check,
            Respawn("echo respawned; cat; :"),
            Until("respawned"),
            Check,
            Type(&["C-d"]),
            Dies,
        ],
    },
    Script {
        name: "an agent in full screen",
        needs: "sh",
        command: "sh {}/agent.sh",
        look: Look::Cells,
        acts: &[
            Until("thinking"),
            Check,
            Check,
            Until("step 20"),
            Check,
            Type(&["Enter"]),
            Until("step 40"),
            Check,
            Type(&["Enter"]),
            Check,
            Tmux(&["resize-window", "-t", "{window}", "-x", "90", "-y", "28"]),
            Check,
            Until("done: 60 steps"),
            Check,
            Type(&["Enter"]),
            Dies,
        ],
    },
    Script {
        name: "a progress bar",
        needs: "sh",
        command: "sh {}/progress.sh",
        look: Look::Cells,
        acts: &[
            Until("30 %"),
            Check,
            Type(&["Enter"]),
            Until("65 %"),
            Check,
            Type(&["Enter"]),
            Until("ready"),
            Check,
            Type(&["Enter"]),
            Dies,
        ],
    },
    Script {
        name: "emoji",
        needs: "cat",
        command: "cat {}/emoji; echo shown; cat",
        // Versions and emulators differ in how wide some are; but each line is drawn from its beginning.
        look: Look::Text,
        acts: &[Until("shown"), Check, Type(&["C-d"]), Dies],
    },
    Script {
        name: "tabulators, DECALN, a region",
        needs: "sh",
        command: "sh {}/screen.sh",
        look: Look::Cells,
        acts: &[
            Until("tabs"),
            Check,
            Type(&["Enter"]),
            Until("aligned"),
            Check,
            Type(&["Enter"]),
            Until("scrolled 30"),
            Check,
            Type(&["Enter"]),
            Dies,
        ],
    },
    Script {
        name: "a flood",
        needs: "seq",
        command: "stty -echo; read _; seq 1 50000; echo over; cat",
        look: Look::Cells,
        acts: &[Type(&["Enter"]), Until("over"), Check, Type(&["C-d"]), Dies],
    },
];

#[test]
fn real_programs_are_shown_exactly() {
    for script in SCRIPTS.iter().filter(|script| !is_installed(script.needs)) {
        // Straight to the descriptor, so that it shows although the tests' output is captured.
        let _ = writeln!(
            std::io::stderr(),
            "live tests: {} is not installed, what it shows is NOT CHECKED",
            script.needs
        );
    }
    for_each_version_async(async |program| {
        let mut desk = Desk::start(&program).await;
        prepare(desk.folder());
        for script in SCRIPTS.iter().filter(|script| is_installed(script.needs)) {
            let named = NameOnPanic(script.name);
            desk.begin(script.command, script.look).await;
            for act in script.acts {
                match act {
                    Type(keys) => desk.type_keys(keys),
                    Until(text) => desk.until(text).await,
                    Check => desk.check().await,
                    Tmux(arguments) => desk.tmux(arguments),
                    Respawn(command) => desk.respawn(command).await,
                    Dies => desk.dies().await,
                }
            }
            drop(named);
        }
        eprintln!(
            "tmux {}: {} looks at {} programs, {:?}",
            program.version, desk.looks, desk.begun, desk.seen
        );
        desk.stop().await;
    });
}

fn is_installed(program: &str) -> bool {
    let which = format!("command -v {program}");
    let found = Command::new("sh").args(["-c", &which]).output().unwrap();
    found.status.success()
}

/// Writes the scripts and texts.
fn prepare(folder: &Path) {
    let source: String = (0..80)
        .map(|line| format!("    let value_{line} = \"text {line}\"; // a remark\n"))
        .collect();
    let coloured: String = (1..400)
        .map(|line| {
            let needle = if line == 150 { "needle" } else { "hay" };
            let colour = line % 8;
            format!("\x1b[3{colour}mcoloured line {line}\x1b[0m \x1b[4mwith\x1b[0m {needle} 漢字\n")
        })
        .collect();
    let files = [
        ("source.rs", format!("fn main() {{\n{source}}}\n")),
        ("coloured", coloured),
        ("agent.sh", AGENT.to_owned()),
        ("progress.sh", PROGRESS.to_owned()),
        ("screen.sh", SCREEN.to_owned()),
        ("emoji", EMOJI.to_owned()),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    let names = folder.join("names");
    fs::create_dir(&names).unwrap();
    for name in [
        "漢字の名前",
        "한글 이름.txt",
        "plain",
        "café",
        "цирк",
        "🚀 launch",
        "a b",
        "長い名前のファイル.tar.gz",
    ] {
        fs::write(names.join(name), name).unwrap();
    }
    fs::create_dir(names.join("文件夹")).unwrap();
}

/// A spinner, boxes, synchronized updates, a status line below a scroll region, and no end until it is asked.
const AGENT: &str = r#"
stty -echo
printf '\033[?1049h\033[?2004h\033[?25l\033[2J\033[H'
printf '\033[36m╭─ agent ───────────────────────╮\r\n│\033[0m \033[1mthinking\033[0m                      \033[36m│\r\n╰───────────────────────────────╯\033[0m\r\n'
printf '\033[5;20r'
set -- ⠋ ⠙ ⠹ ⠸ ⠼ ⠴ ⠦ ⠧
step=0
while [ $step -lt 60 ]; do
  step=$((step + 1))
  spinner=$1; shift; set -- "$@" "$spinner"
  printf '\033[?2026h\0337\033[22;1H\033[7m %s step %d \033[K\033[0m' "$spinner" $step
  printf '\033[2;12H\033[33m%s\033[0m\0338' "$spinner"
  printf '\033[20;1H\n\033[38;5;%dm▌\033[0m reading 文書 %d \033[2m(%d ms)\033[0m' $((step + 16)) $step $((step * 7))
  printf '\033[?2026l'
  case $step in 20 | 40) read _ ;; esac
  sleep 0.01
done
printf '\033[r\033[23;1Hdone: 60 steps'
read _
printf '\033[?2004l\033[?25h\033[?1049l'
"#;

/// One line, drawn again and again.
const PROGRESS: &str = r#"
stty -echo
i=0
while [ $i -le 100 ]; do
  printf '\r\033[K[\033[32m%*s\033[0m] %d %%' $((i / 4 + 1)) '' $i
  case $i in 30 | 65) read _ ;; esac
  i=$((i + 5))
  sleep 0.02
done
printf '\nready'
read _
"#;

/// Tabulators of its own, the alignment test, lines scrolled within a region.
const SCREEN: &str = r#"
stty -echo
printf '\033[3g\033[5G\033H\033[15G\033H\033[40G\033H\r\ta\tb\tc\ntabs'
read _
printf '\033[?5W\033c\033#8\033[r\033[3;3Haligned'
read _
printf '\033[H\033[2J\033[3;9r\033[3;1H'
i=0
while [ $i -le 30 ]; do printf '\033[4%dmscrolled %d\033[0m\r\n' $((i % 8)) $i; i=$((i + 1)); done
printf '\033[12;1Hbelow'
read _
"#;

/// A line each: joined by ZWJ, flags, variation selectors, skin, a keycap, combining marks.
const EMOJI: &str = "family 👨\u{200d}👩\u{200d}👧 end\nflags 🇩🇪🇯🇵 end\nheart ❤\u{fe0f} and ❤\u{fe0e} end\n\
    skin 👍🏽 end\nkeycap 1\u{fe0f}\u{20e3} end\nmarks e\u{301}a\u{308}\u{323} end\nplain 🚀😀 end\n";

struct NameOnPanic(&'static str);

impl Drop for NameOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was {}", self.0);
        }
    }
}
