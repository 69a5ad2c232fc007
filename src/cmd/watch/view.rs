//! What is printed of what happens: events on stdout, and what concerns the connection on stderr.

use std::env;
use std::io::{self, IsTerminal as _};
use std::mem::take;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::lines::Lines;
use super::meter::{self, Meter, Moment};
use super::overview::Overview;
use super::own_pane::OwnPane;
use super::paint::Paint;
use super::readable;
use crate::cli::{Colours, WatchArgs};
use crate::client::{Position, Update};
use crate::printable::{escaped, json_line};
use crate::wire::{Kind, Message, PrintsIn, Received, Request, StateSnapshot};

/// The text to print, as far as it has been made.
pub(super) struct View {
    form: Form,
    notices: Vec<String>,
    url: String,
    connected: bool,
    /// What there is at the beginning, as long as it has not come.
    overview: Option<Overview>,
    /// The pane in which this is read, as long as it was not announced that it is left out.
    own_pane: Option<OwnPane>,
    requests: Vec<Request>,
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
    pub(super) fn new(args: &WatchArgs, prints_in: Option<&PrintsIn>) -> Self {
        let zone = TimeZone::system();
        let is_for_people = io::stdout().is_terminal();
        let is_list = is_for_people && !args.json && args.latency.is_none();
        let left_out = prints_in.filter(|_| is_list && !args.include_own_pane);
        let form = match (args.latency.is_some(), args.json) {
            (true, true) => Form::Meter(Box::new(Meter::new(meter::Form::Json))),
            (true, false) => Form::Meter(Box::new(Meter::new(meter::Form::Words(zone)))),
            (false, true) => Form::Json(String::new()),
            (false, false) => {
                let paint = Paint {
                    colours: wants_colours(args.color),
                };
                let lines = Lines::new(paint, zone);
                Form::Lines(Box::new(if is_for_people && !args.all {
                    lines.readable()
                } else {
                    lines
                }))
            }
        };
        Self {
            form,
            notices: Vec::new(),
            url: args.access.url.to_string(),
            connected: false,
            overview: Overview::new(args, is_list).filter(|_| args.latency.is_none()),
            own_pane: left_out.map(|place| OwnPane::new(place.clone(), args.sessions.clone())),
            requests: Vec::new(),
            trouble: None,
        }
    }

    /// Adds what happened.
    pub(super) fn update(&mut self, update: Update) {
        match update {
            Update::Connected(welcome) => self.connected(&welcome.host, welcome.again),
            Update::Message(message) => self.message(&message),
            Update::Lost { from, to } => self.lost(&from, &to),
            Update::LeftOut { pane, from, to } => self.notice(format!(
                "output of {pane} was left out before the connection ended, {} bytes",
                to.saturating_sub(from)
            )),
            Update::Disconnected { reason, .. } => self.disconnected(reason),
        }
    }

    /// An interval is over, if latency is shown.
    pub(super) fn due(&mut self) {
        match &mut self.form {
            Form::Meter(meter) => meter.due(moment()),
            Form::Lines(lines) => lines.moment(false),
            Form::Json(_) => {}
        }
    }

    /// How often [`Self::due`] is wanted, besides for latency.
    pub(super) fn moment(&self) -> Option<Duration> {
        let lines = matches!(&self.form, Form::Lines(lines) if lines.is_readable());
        lines.then_some(readable::MOMENT)
    }

    /// What is to be asked of the server.
    pub(super) fn take_requests(&mut self) -> Vec<Request> {
        match &mut self.form {
            Form::Meter(meter) => meter.take_requests(),
            Form::Lines(_) | Form::Json(_) => take(&mut self.requests),
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

    /// Shows what has not stood still as yet: nothing more comes.
    pub(super) fn end(&mut self) {
        if let Form::Lines(lines) = &mut self.form {
            lines.moment(true);
        }
        self.end_line();
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
        if self.overview.is_some() {
            self.requests.push(Request::snapshot());
        }
    }

    fn message(&mut self, message: &Received) {
        if let Form::Meter(meter) = &mut self.form
            && (meter.message(message, moment()) || message.kind() != Kind::Error)
        {
            return;
        }
        self.show(message);
        let is_there = |own: &mut OwnPane| own.is_in(message);
        if self.own_pane.take_if(is_there).is_some() {
            self.notice(
                "what is printed in this pane is left out; --include-own-pane shows it".to_owned(),
            );
        }
    }

    fn show(&mut self, message: &Received) {
        if let Message::Snapshot(snapshot) = message.message()
            && snapshot.target.is_none()
            && let Some(overview) = self.overview.take()
        {
            return self.begin(&overview, snapshot);
        }
        match (&mut self.form, message.message()) {
            (Form::Json(out), _) => {
                out.push_str(&json_line(message.text()));
                out.push('\n');
            }
            (Form::Lines(_) | Form::Meter(_), Message::Error(error)) => {
                let (code, why) = (escaped(&error.code), escaped(&error.message));
                self.notice(format!("the server refused ({code}): {why}"));
            }
            (Form::Lines(lines), _) => lines.show(message),
            (Form::Meter(_), _) => {}
        }
    }

    /// Shows what there is, to people, and says what was asked for and is not there.
    fn begin(&mut self, overview: &Overview, snapshot: &StateSnapshot<'_>) {
        if let Form::Lines(lines) = &mut self.form
            && overview.is_shown
        {
            lines.overview(overview, snapshot);
        }
        for id in overview.mistakable(snapshot) {
            self.notice(format!(
                "{id} is taken for an id; the session of that name is --session '={id}'"
            ));
        }
        for pattern in overview.missing(snapshot) {
            let pattern = escaped(&pattern).into_owned();
            self.notice(format!(
                "no session is called {pattern} now; those that come are shown"
            ));
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
pub(in crate::cmd) fn wants_colours(colours: Colours) -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_none_or(|terminal| terminal == "dumb");
    match colours {
        Colours::Always => true,
        Colours::Never => false,
        Colours::Auto => io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb,
    }
}
