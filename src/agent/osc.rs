//! What the OSC strings say that tell of a program's state.
//!
//! Reading is strict about form and lenient about fields: a string that is not understood is no signal, and a field that
//! is not known is passed over.

use data_encoding::BASE64;

/// The longest text that is kept of a title, a message or a notification, in bytes.
pub(super) const LONGEST_TEXT: usize = 1024;

/// One thing that a pane's bytes say of its program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// OSC 7501: the program says what it does.
    Report(Report),
    /// OSC 0 or 2.
    Title(String),
    /// OSC 9;4.
    Progress(Progress),
    /// OSC 9, 99 or 777: the title and the body, as far as there are.
    Notification(String),
    /// OSC 133.
    Prompt(PromptMark),
    /// BEL.
    Bell,
}

impl Signal {
    /// What kind it is, in a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Report(_) => "report",
            Self::Title(_) => "title",
            Self::Progress(_) => "progress",
            Self::Notification(_) => "notification",
            Self::Prompt(_) => "prompt",
            Self::Bell => "bell",
        }
    }

    /// What it says, in the words of the program where it has some.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Report(report) => Some(report.text()),
            Self::Title(text) | Self::Notification(text) => Some(text.clone()),
            Self::Progress(progress) => Some(progress.text().unwrap_or_else(|| "none".to_owned())),
            Self::Prompt(mark) => Some(mark.name().to_owned()),
            Self::Bell => None,
        }
    }
}

/// A record of the program status protocol.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Which record it is; empty for the program's own, `a/b` for a part of `a`.
    pub id: String,
    /// What the program does.
    pub state: ReportState,
    /// The program's name for itself.
    pub app: Option<String>,
    /// What it is blocked by: `permission`, `question`, `auth`.
    pub kind: Option<String>,
    /// Percent of what it does.
    pub progress: Option<u8>,
    /// What it calls what it does.
    pub title: Option<String>,
    /// What it says about it.
    pub message: Option<String>,
}

impl Report {
    /// Its fields, as they stand on the wire but for the coding of texts.
    fn text(&self) -> String {
        let mut text = format!("state={}", self.state.name());
        let id = Some(&self.id).filter(|id| !id.is_empty());
        let progress = self.progress.map(|percent| percent.to_string());
        let fields = [
            ("id", id),
            ("app", self.app.as_ref()),
            ("kind", self.kind.as_ref()),
            ("progress", progress.as_ref()),
            ("title", self.title.as_ref()),
            ("msg", self.message.as_ref()),
        ];
        for (name, value) in fields {
            let field = value.map(|value| format!(" {name}={value}"));
            text.push_str(&field.unwrap_or_default());
        }
        text
    }
}

/// The states of the program status protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum ReportState {
    /// Nothing is under way.
    #[default]
    Idle,
    /// It has finished, and nobody has seen it yet.
    Done,
    /// Something is under way.
    Working,
    /// It failed.
    Error,
    /// It waits for an answer.
    Blocked,
    /// The record is withdrawn.
    Clear,
}

impl ReportState {
    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Done => "done",
            Self::Working => "working",
            Self::Error => "error",
            Self::Blocked => "blocked",
            Self::Clear => "clear",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [
            Self::Idle,
            Self::Done,
            Self::Working,
            Self::Error,
            Self::Blocked,
            Self::Clear,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }
}

/// The progress that a program reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// None: the report is withdrawn.
    None,
    /// Percent.
    Percent(u8),
    /// It failed.
    Failed,
    /// It works, and can't say how far it is.
    Indeterminate,
    /// It waits.
    Paused,
}

impl Progress {
    /// What rules see of it; nothing if there is none.
    #[must_use]
    pub fn text(self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Percent(percent) => Some(format!("percent {percent}")),
            Self::Failed => Some("failed".to_owned()),
            Self::Indeterminate => Some("indeterminate".to_owned()),
            Self::Paused => Some("paused".to_owned()),
        }
    }
}

/// Where a shell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptMark {
    /// The prompt begins.
    Start,
    /// What is typed begins.
    Input,
    /// The command runs.
    Running,
    /// The command has ended.
    Finished,
}

impl PromptMark {
    /// Its name, in a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Input => "input",
            Self::Running => "running",
            Self::Finished => "finished",
        }
    }
}

/// The signal in an OSC string, which stands here without its introducer and its end.
pub(super) fn read(string: &[u8]) -> Option<Signal> {
    let text = String::from_utf8_lossy(string);
    let (number, rest) = text.split_once(';')?;
    match number {
        "0" | "2" => Some(Signal::Title(clean(rest))),
        "7501" => report(rest).map(Signal::Report),
        "9" => nine(rest),
        "99" => kitty(rest),
        "777" => rest.strip_prefix("notify;").and_then(notification),
        "133" => prompt(rest),
        _ => None,
    }
}

/// Without control characters, padding, and what is too long.
pub(super) fn clean(text: &str) -> String {
    let mut clean: String = text.chars().filter(|one| !one.is_control()).collect();
    if clean.len() > LONGEST_TEXT {
        let end = (0..=LONGEST_TEXT)
            .rev()
            .find(|at| clean.is_char_boundary(*at));
        clean.truncate(end.unwrap_or(0));
    }
    clean.trim().to_owned()
}

fn report(fields: &str) -> Option<Report> {
    let mut report = Report::default();
    let mut state = None;
    for field in fields.split(':') {
        let Some((name, value)) = field.split_once('=') else {
            continue;
        };
        match name {
            "state" => state = ReportState::named(value),
            "app" => report.app = Some(clean(value)),
            "kind" => report.kind = Some(clean(value)),
            "progress" => report.progress = value.parse().ok().filter(|percent| *percent <= 100),
            "id" => report.id = clean(value),
            "title" => report.title = decoded(value),
            "msg" => report.message = decoded(value),
            _ => {}
        }
    }
    report.state = state?;
    Some(report)
}

/// A base64 value as text. Padding may be missing.
fn decoded(value: &str) -> Option<String> {
    let padded = format!("{value}{}", "=".repeat((4 - value.len() % 4) % 4));
    let bytes = BASE64.decode(padded.as_bytes()).ok()?;
    Some(clean(&String::from_utf8_lossy(&bytes))).filter(|text| !text.is_empty())
}

/// OSC 9: progress, or a notification. Other numbers mean other things to some terminals.
fn nine(rest: &str) -> Option<Signal> {
    if let Some(progress) = rest.strip_prefix("4;") {
        return self::progress(progress).map(Signal::Progress);
    }
    let is_command = rest
        .split(';')
        .next()
        .is_some_and(|first| !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit()));
    (!is_command).then(|| notification(rest)).flatten()
}

fn progress(rest: &str) -> Option<Progress> {
    let mut parts = rest.split(';');
    let state = parts.next()?;
    let percent: u8 = parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    match state {
        "0" => Some(Progress::None),
        "1" => Some(Progress::Percent(percent.min(100))),
        "2" => Some(Progress::Failed),
        "3" => Some(Progress::Indeterminate),
        "4" => Some(Progress::Paused),
        _ => None,
    }
}

/// OSC 99: metadata, and a payload that may be a title or a body. Queries and closed notifications are none.
fn kitty(rest: &str) -> Option<Signal> {
    let (metadata, payload) = rest.split_once(';')?;
    let field = |name: &str| {
        metadata
            .split(':')
            .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
    };
    if !matches!(field("p"), None | Some("title" | "body")) {
        return None;
    }
    if field("e") == Some("1") {
        return decoded(payload).map(Signal::Notification);
    }
    notification(payload)
}

/// A notification's text; a title and a body are joined.
fn notification(text: &str) -> Option<Signal> {
    let text = clean(&text.replacen(';', ": ", 1));
    (!text.is_empty()).then_some(Signal::Notification(text))
}

fn prompt(rest: &str) -> Option<Signal> {
    let mark = match rest.split(';').next()? {
        "A" => PromptMark::Start,
        "B" => PromptMark::Input,
        "C" => PromptMark::Running,
        "D" => PromptMark::Finished,
        _ => return None,
    };
    Some(Signal::Prompt(mark))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::*;

    fn blocked(kind: &str, message: &str) -> Signal {
        Signal::Report(Report {
            state: ReportState::Blocked,
            kind: Some(kind.to_owned()),
            message: Some(message.to_owned()),
            ..Report::default()
        })
    }

    #[test]
    fn strings_are_read() {
        let idle = Signal::Report(Report {
            app: Some("codex".to_owned()),
            ..Report::default()
        });
        let part = Signal::Report(Report {
            id: "a/b".to_owned(),
            state: ReportState::Working,
            progress: Some(40),
            ..Report::default()
        });
        let note = |text: &str| Some(Signal::Notification(text.to_owned()));
        let rows = [
            ("7501;state=idle:app=codex", Some(idle)),
            ("7501;state=working:id=a/b:progress=40:new=1", Some(part)),
            (
                "7501;state=blocked:kind=permission:msg=YXBwcm92ZSBCYXNo",
                Some(blocked("permission", "approve Bash")),
            ),
            ("7501;?", None),
            ("7501;state=later", None),
            (
                "0;\u{2810} a  ",
                Some(Signal::Title("\u{2810} a".to_owned())),
            ),
            ("1;icon", None),
            ("9;4;1;150", Some(Signal::Progress(Progress::Percent(100)))),
            ("9;4;0;", Some(Signal::Progress(Progress::None))),
            ("9;4;3", Some(Signal::Progress(Progress::Indeterminate))),
            ("9;9;/tmp", None),
            ("9;Claude needs you", note("Claude needs you")),
            ("777;notify;Claude;done", note("Claude: done")),
            ("99;i=1:p=?;", None),
            ("99;i=1;done", note("done")),
            ("99;e=1;ZG9uZQ", note("done")),
            ("133;D;1", Some(Signal::Prompt(PromptMark::Finished))),
            ("8;;http://127.0.0.1", None),
            ("52", None),
        ];
        for (string, expected) in rows {
            assert_eq!(read(string.as_bytes()), expected, "{string}");
        }
    }

    #[test]
    fn texts_are_bounded_and_clean() {
        let long = format!("2;{}", "\u{2733}".repeat(2000));
        let Some(Signal::Title(title)) = read(long.as_bytes()) else {
            panic!("no title");
        };
        assert!(title.len() <= LONGEST_TEXT);
        let hostile = read(b"2;a\xff\xc2\x9bb");
        assert_eq!(hostile, Some(Signal::Title("a\u{fffd}b".to_owned())));
    }
}
