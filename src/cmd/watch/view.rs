//! What is printed of what happens: events on stdout, and what concerns the connection on stderr.

use std::env;
use std::io::{self, IsTerminal as _};
use std::mem::take;
use std::time::Instant;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::lines::Lines;
use super::meter::{self, Meter, Moment};
use super::paint::Paint;
use crate::cli::{Colours, WatchArgs};
use crate::client::{Position, Update};
use crate::printable::{escaped, json_line};
use crate::wire::{Kind, Received, Request};

/// The text to print, as far as it has been made.
pub(super) struct View {
    form: Form,
    notices: Vec<String>,
    url: String,
    connected: bool,
    /// Why the connection is gone, so that the same is not said with every attempt.
    trouble: Option<String>,
}

enum Form {
    /// For people.
    Lines(Box<Lines>),
    /// One message a line.
    Json(String),
    /// How long events take, and not the events.
    Meter(Box<Meter>),
}

impl View {
    pub(super) fn new(args: &WatchArgs) -> Self {
        let zone = TimeZone::system();
        let form = match (args.latency.is_some(), args.json) {
            (true, true) => Form::Meter(Box::new(Meter::new(meter::Form::Json))),
            (true, false) => Form::Meter(Box::new(Meter::new(meter::Form::Words(zone)))),
            (false, true) => Form::Json(String::new()),
            (false, false) => {
                let paint = Paint {
                    colours: wants_colours(args.color),
                };
                Form::Lines(Box::new(Lines::new(paint, zone)))
            }
        };
        Self {
            form,
            notices: Vec::new(),
            url: args.url.to_string(),
            connected: false,
            trouble: None,
        }
    }

    /// Adds what happened.
    pub(super) fn update(&mut self, update: Update) {
        match update {
            Update::Connected { host, again } => self.connected(&host, again),
            Update::Message(message) => self.message(&message),
            Update::Lost { from, to } => self.lost(&from, &to),
            Update::Disconnected { reason, .. } => self.disconnected(reason),
        }
    }

    /// An interval is over, if latency is shown.
    pub(super) fn due(&mut self) {
        if let Form::Meter(meter) = &mut self.form {
            meter.due(moment());
        }
    }

    /// What is to be asked of the server.
    pub(super) fn take_requests(&mut self) -> Vec<Request<'static>> {
        match &mut self.form {
            Form::Meter(meter) => meter.take_requests(),
            Form::Lines(_) | Form::Json(_) => Vec::new(),
        }
    }

    /// Whether events are shown, so that the next watch may go on behind them.
    pub(super) fn shows_events(&self) -> bool {
        !matches!(self.form, Form::Meter(_))
    }

    /// How much waits to be printed, in bytes.
    pub(super) fn len(&self) -> usize {
        match &self.form {
            Form::Lines(lines) => lines.len(),
            Form::Json(out) => out.len(),
            Form::Meter(meter) => meter.len(),
        }
    }

    /// Takes what is for stdout.
    pub(super) fn take(&mut self) -> String {
        match &mut self.form {
            Form::Lines(lines) => lines.take(),
            Form::Json(out) => take(out),
            Form::Meter(meter) => meter.take(),
        }
    }

    /// Whether something waits for stderr; what is for stdout comes before it.
    pub(super) fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    /// Takes what is for stderr.
    pub(super) fn take_notices(&mut self) -> Vec<String> {
        take(&mut self.notices)
    }

    /// Ends a line that has not ended.
    pub(super) fn end_line(&mut self) {
        if let Form::Lines(lines) = &mut self.form {
            lines.end_line();
        }
    }

    fn notice(&mut self, text: String) {
        self.end_line();
        self.notices.push(text);
    }

    fn connected(&mut self, host: &str, again: bool) {
        (self.connected, self.trouble) = (true, None);
        if let Form::Meter(meter) = &mut self.form {
            meter.connected(Instant::now());
        }
        self.notice(if again {
            format!("connected to {host} again")
        } else {
            format!("watching {host} at {}; Ctrl-C ends", self.url)
        });
    }

    fn message(&mut self, message: &Received) {
        if let Form::Meter(meter) = &mut self.form
            && (meter.message(message, moment()) || message.kind() != Kind::Error)
        {
            return;
        }
        match &mut self.form {
            Form::Json(out) => {
                out.push_str(&json_line(message.text()));
                out.push('\n');
            }
            Form::Lines(_) | Form::Meter(_) if message.kind() == Kind::Error => {
                let word = |name| escaped(message.string(name).unwrap_or_default()).into_owned();
                let notice = format!("the server refused ({}): {}", word("code"), word("message"));
                self.notice(notice);
            }
            Form::Lines(lines) => lines.show(message),
            Form::Meter(_) => {}
        }
    }

    fn lost(&mut self, from: &str, to: &Position) {
        match &mut self.form {
            Form::Lines(lines) => lines.lost(from, to),
            Form::Json(_) | Form::Meter(_) => self.notice(format!(
                "events between {from} and {to} are lost; a snapshot follows"
            )),
        }
    }

    fn disconnected(&mut self, reason: String) {
        if let Form::Meter(meter) = &mut self.form {
            meter.disconnected();
        }
        if self.trouble.as_ref() == Some(&reason) {
            return;
        }
        let hint = if self.connected {
            ""
        } else {
            " (does `muxwire serve` run there?)"
        };
        self.notice(format!("{reason}{hint}; trying again"));
        self.trouble = Some(reason);
    }
}

fn moment() -> Moment {
    Moment {
        now: Instant::now(),
        at: Timestamp::now(),
    }
}

/// Colours are for terminals, and not for users who said that they want none.
fn wants_colours(colours: Colours) -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    match colours {
        Colours::Always => true,
        Colours::Never => false,
        Colours::Auto => io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb,
    }
}
