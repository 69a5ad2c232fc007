//! What it costs to know what agents do: 50 panes that print ten times a second, as a share of one core, and the memory of
//! each.
//!
//! Run with `cargo bench --bench agents`. Time is the CPU time of the one thread, so other programs don't count.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark prints its table"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use muxwire::agent::{PaneWatch, Process, RuleSet, State};
use rustix::time::{ClockId, clock_gettime};

const PANES: u32 = 50;
const PRINTS_A_SECOND: u32 = 10;
const SECONDS: u32 = 60;

/// How an agent draws.
struct Kind {
    agent: &'static str,
    size: (u16, u16),
    /// What it prints first, and at each turn.
    first: fn((u16, u16)) -> String,
    frame: fn((u16, u16), u32) -> String,
}

const KINDS: [Kind; 3] = [
    // The lower rows anew each time, on the primary screen.
    Kind {
        agent: "claude",
        size: (120, 40),
        first: claude_first,
        frame: claude_frame,
    },
    // The cells that changed, in a synchronized update on the alternate screen, and the title.
    Kind {
        agent: "codex",
        size: (120, 40),
        first: codex_first,
        frame: codex_frame,
    },
    // A large pane that is drawn whole each time, which no agent does.
    Kind {
        agent: "claude",
        size: (200, 50),
        first: claude_first,
        frame: whole_frame,
    },
];

fn rule(cols: u16) -> String {
    "\u{2500}".repeat(usize::from(cols))
}

fn claude_lower(cols: u16, turn: u32) -> String {
    let rule = rule(cols);
    format!(
        "\x1b[2K\x1b[38;2;215;119;87m\u{273b} Swirling\u{2026}\x1b[39m \x1b[2m({}s \u{b7} \u{2193} {turn} tokens)\x1b[22m\r\n\x1b[2K\r\n\x1b[2K\x1b[2m{rule}\x1b[22m\r\n\
         \x1b[2K\u{276f} \x1b[7m \x1b[27m\r\n\x1b[2K\x1b[2m{rule}\x1b[22m\r\n\x1b[2K  \u{23f8} manual mode on \u{b7} esc to interrupt\r\n",
        turn / PRINTS_A_SECOND
    )
}

fn claude_first((cols, rows): (u16, u16)) -> String {
    let text = "\u{25cf} Some text that was said before, with a word in \x1b[1mbold\x1b[22m and `code`.\r\n";
    format!(
        "{}{}",
        text.repeat(usize::from(rows)),
        claude_lower(cols, 0)
    )
}

fn claude_frame((cols, _): (u16, u16), turn: u32) -> String {
    let said = format!(
        "\x1b[6A\r\x1b[2K  line {turn} of an answer that is streamed, some words long and no more\r\n"
    );
    format!("{said}{}", claude_lower(cols, turn))
}

fn whole_frame((cols, rows): (u16, u16), turn: u32) -> String {
    let line = format!(
        "\x1b[38;5;{}m{}\x1b[39m\r\n",
        turn % 256,
        "text ".repeat(usize::from(cols) / 5 - 1)
    );
    format!(
        "\x1b[H\x1b[2J{}{}",
        line.repeat(usize::from(rows) - 8),
        claude_lower(cols, turn)
    )
}

fn codex_first((_, rows): (u16, u16)) -> String {
    let text = "\u{2022} Some text that was said before\r\n".repeat(usize::from(rows) - 8);
    format!(
        "\x1b]7501;state=working\x1b\\\x1b[?1049h\x1b[H{text}\r\n\u{2022} Working (0s \u{2022} esc to interrupt)\r\n\r\n\u{203a} Ask Codex to do anything\r\n\r\n  gpt-5 default \u{b7} ~/project\r\n  \u{2190} for agents \u{b7} ? for shortcuts"
    )
}

fn codex_frame((_, rows): (u16, u16), turn: u32) -> String {
    let spinner = char::from_u32(0x2801 + turn % 200).unwrap();
    let row = rows - 6;
    let cells: String = (0..12)
        .map(|cell| {
            format!(
                "\x1b[{row};{}H\x1b[38;5;{}m\x1b[1mW\x1b[22m\x1b[39m",
                3 + cell,
                240 + (turn + cell) % 12
            )
        })
        .collect();
    format!(
        "\x1b]0;{spinner} a thread | project\x07\x1b[?2026h\x1b[?25l{cells}\x1b[{row};12H{}s\x1b[?25h\x1b[?2026l",
        turn / 10
    )
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}

fn watch(kind: &Kind, rules: &Arc<RuleSet>, now: Instant) -> PaneWatch {
    let (cols, rows) = kind.size;
    let mut watch = PaneWatch::new(Arc::clone(rules), cols, rows, now);
    let process = Process {
        pid: 1,
        parent: 0,
        name: kind.agent.to_owned(),
        arguments: vec![kind.agent.to_owned()],
        started: None,
        foreground: None,
    };
    watch.processes(1, &[process], now);
    watch.output((kind.first)(kind.size).as_bytes(), now);
    watch
}

fn main() {
    let rules = Arc::new(RuleSet::built_in().unwrap());
    println!(
        "{PANES} panes, {PRINTS_A_SECOND} prints a second each, {SECONDS} s; CPU time of one thread"
    );
    println!(
        "| agent | size | bytes a print | share of a core | a print | KiB of output | memory a pane |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
    for kind in &KINDS {
        let mut now = Instant::now();
        let mut first = None;
        let memory = measure(|| first = Some(watch(kind, &rules, now)));
        let mut panes: Vec<PaneWatch> = (1..PANES).map(|_| watch(kind, &rules, now)).collect();
        panes.extend(first);
        let turns = SECONDS * PRINTS_A_SECOND;
        let frames: Vec<String> = (1..=turns)
            .map(|turn| (kind.frame)(kind.size, turn))
            .collect();
        let begun = cpu();
        for frame in &frames {
            now += Duration::from_secs(1) / PRINTS_A_SECOND;
            for pane in &mut panes {
                pane.output(frame.as_bytes(), now);
                pane.poll(now);
            }
        }
        let spent = (cpu() - begun).as_secs_f64();
        let states = panes.iter().filter_map(|pane| pane.status(now));
        assert!(states.filter(|status| status.state == State::Busy).count() == panes.len());
        let prints = f64::from(turns * PANES);
        let bytes = frames.iter().map(String::len).sum::<usize>();
        let printed = f64::from(u32::try_from(bytes).unwrap()) / f64::from(turns);
        println!(
            "| {} | {}x{} | {printed:.0} | {:.2} % | {:.1} us | {:.1} us | {} KiB |",
            kind.agent,
            kind.size.0,
            kind.size.1,
            spent / f64::from(SECONDS) * 100.0,
            spent / prints * 1e6,
            spent / prints * 1e6 / (printed / 1024.0),
            memory.bytes_current / 1024,
        );
    }
}
