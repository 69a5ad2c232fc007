//! Looking back at what the server keeps on disk: a pane a screen at a time, and lines by their words.

use super::editor::Editor;
use super::model::Model;
use super::parts::{Mode, Now, Purpose, Tab, failure, target};
use super::past::{Asked, Past, Then};
use super::recall::{Hit, Stage};
use super::theme::Role;
use crate::client::CallError;
use crate::ids::PaneId;
use crate::wire::answers::SearchPage;
use crate::wire::request::{Action, More, ScreenAt, Search};
use crate::wire::{Message, Received};

/// How many lines are asked for at once.
const PAGE: usize = 100;

/// Lines that are kept.
const MOST: usize = 5_000;

impl Model {
    /// Shows a pane as it was behind a byte of its output; `at` is a time at which it had its id.
    pub(super) fn show_past(&mut self, pane: PaneId, place: String, at: String, offset: u64) {
        self.past = Some(Past::new(pane, place, at));
        self.ask_past(offset, offset);
    }

    /// Scrolls back from what is kept by tmux to what is kept on disk.
    pub(super) fn enter_past(&mut self, pane: PaneId, lines: i32, now: Now) {
        let preview = self.previews.get(&pane);
        let shown = preview.and_then(|preview| Some((preview.end()?, preview.screen()?)));
        let Some((end, screen)) = shown else {
            return;
        };
        let (below, line) = screen.text_bytes();
        let from = end.saturating_sub(below);
        let step = line.saturating_mul(u64::from(lines.unsigned_abs())).max(1);
        let (place, at) = (self.place(pane), now.clock.to_string());
        self.past = Some(Past::new(pane, place, at));
        self.ask_past(from, from.saturating_sub(step));
    }

    fn ask_past(&mut self, from: u64, to: u64) {
        let Some(past) = &self.past else {
            return;
        };
        let screen = ScreenAt {
            at: past.at.clone(),
            offset: Some(to),
            target: target(past.pane),
            more: More::new(),
        };
        let ticket = self.ask(Purpose::Past, Action::Screen(screen));
        if let Some(past) = &mut self.past {
            past.asked = Some(Asked { ticket, from, to });
        }
        self.touch();
    }

    /// Scrolls in the past: back by a number above 0.
    pub(super) fn scroll_past(&mut self, lines: i32, now: Now) {
        let Some(past) = &mut self.past else {
            return;
        };
        if past.asked.is_some() {
            past.waiting = past.waiting.saturating_add(lines);
            return;
        }
        let Some(then) = &past.then else {
            return;
        };
        let (here, by) = (then.offset, then.bytes(lines));
        let there = match lines > 0 {
            true => here.saturating_sub(by),
            false => here.saturating_add(by),
        };
        if there == here {
            return self.notice("nothing is kept from before this", Role::Dim, now);
        }
        self.ask_past(here, there);
    }

    /// Goes back to what the pane shows now. Returns whether the past was shown.
    pub(super) fn leave_past(&mut self) -> bool {
        let left = self.past.take().is_some();
        if left {
            self.touch();
        }
        left
    }

    pub(super) fn on_past(
        &mut self,
        ticket: u64,
        answer: Result<Box<Received>, CallError>,
        now: Now,
    ) {
        let asked = self.past.as_mut().and_then(|past| past.asked);
        let Some(asked) = asked.filter(|asked| asked.ticket == ticket) else {
            return;
        };
        if let Some(past) = &mut self.past {
            past.asked = None;
        }
        match answer {
            Ok(answer) => self.show_then(asked, &answer, now),
            Err(error) => self.nothing_then(asked, &error, now),
        }
    }

    fn show_then(&mut self, asked: Asked, answer: &Received, now: Now) {
        let (Message::Screen(screen), Some(past)) = (answer.message(), &mut self.past) else {
            return self.notice("the server answers something else", Role::Failed, now);
        };
        let pane = past.pane;
        let Some(then) = Then::of(screen) else {
            let (cols, rows) = (screen.data.cols, screen.data.rows);
            let text = format!("a pane of {cols}x{rows} is too large to show");
            return self.notice(text, Role::Waiting, now);
        };
        // Behind the last byte the pane is as it is now.
        let is_end = asked.to > asked.from && then.offset < asked.to;
        past.then = Some(then);
        let waiting = std::mem::take(&mut past.waiting);
        if is_end {
            match self.exists(pane) {
                true => self.past = None,
                false => self.notice("that is the last of it", Role::Dim, now),
            }
        } else if waiting != 0 {
            self.scroll_past(waiting, now);
        }
    }

    /// Nothing is kept from there: perhaps there is of a moment that is half as far away.
    fn nothing_then(&mut self, asked: Asked, error: &CallError, now: Now) {
        let is_missing = matches!(error, CallError::Refused { code, .. } if code == "NOT_FOUND");
        let step = asked.from.saturating_sub(asked.to);
        if is_missing && step > 1 {
            return self.ask_past(asked.from, asked.from - step / 2);
        }
        let text = match is_missing {
            true => "nothing is kept from before this".to_owned(),
            false => failure(error),
        };
        let role = if is_missing { Role::Dim } else { Role::Waiting };
        self.past.take_if(|past| past.then.is_none());
        self.notice(text, role, now);
    }
}

impl Model {
    /// Lets somebody write what is to be searched for.
    pub(super) fn begin_recall(&mut self) {
        (self.mode, self.tab) = (Mode::Recall, Tab::History);
        self.touch();
    }

    /// Searches for what is written.
    pub(super) fn recall(&mut self) {
        (self.mode, self.tab) = (Mode::Browse, Tab::History);
        self.recall.words = self.recall.query.text();
        self.recall.hits.clear();
        (self.recall.stage, self.recall.at) = (Stage::Idle, 0);
        if !self.recall.words.trim().is_empty() {
            self.ask_recall(None);
        }
        self.touch();
    }

    fn ask_recall(&mut self, before: Option<String>) {
        let mut search = Search {
            before,
            limit: Some(PAGE),
            ..Search::default()
        };
        // As people write regular expressions in programs that search.
        match self.recall.words.strip_prefix('/') {
            Some(regex) => search.regex = Some(regex.to_owned()),
            None => search.words = Some(self.recall.words.clone()),
        }
        let ticket = self.ask(Purpose::Recall, Action::Search(search));
        self.recall.stage = Stage::Asked(ticket);
    }

    /// Goes to another line; behind the last one, more are asked for.
    pub(super) fn go_to_hit(&mut self, place: Option<usize>) {
        self.recall.at = place.unwrap_or(0);
        let is_last = self.recall.at + 1 >= self.recall.hits.len();
        let has_room = self.recall.hits.len() < MOST;
        if let Stage::Done(next @ Some(_)) = &mut self.recall.stage
            && is_last
            && has_room
        {
            let next = next.take();
            self.ask_recall(next);
        }
    }

    pub(super) fn on_recall(
        &mut self,
        ticket: u64,
        answer: Result<Box<Received>, CallError>,
        now: Now,
    ) {
        if self.recall.stage != Stage::Asked(ticket) {
            return;
        }
        self.recall.stage = match &answer {
            Err(error) => Stage::Failed(failure(error)),
            Ok(answer) => match answer.message() {
                Message::SearchPage(page) => self.take_hits(page, now),
                _ => Stage::Failed("the server answers something else".to_owned()),
            },
        };
    }

    fn take_hits(&mut self, page: &SearchPage<'_>, now: Now) -> Stage {
        // What stood in this very pane are mostly earlier searches.
        let others = page.hits.iter().filter(|hit| !self.is_own(hit.pane.0));
        let others: Vec<Hit> = others.map(Hit::of).collect();
        self.recall.hits.extend(others);
        if page.out_of_time == Some(true) {
            let text = "not all was looked at in time: go on with the last line, or ask for less";
            self.notice(text, Role::Waiting, now);
        }
        Stage::Done(page.next.as_deref().map(str::to_owned))
    }

    /// Shows the pane as it was when the line stood there.
    pub(super) fn jump_to_hit(&mut self, now: Now) {
        let Some(hit) = self.recall.hits.get(self.recall.at).cloned() else {
            return;
        };
        (self.filter, self.query) = (None, Editor::default());
        self.tab = Tab::Panes;
        if self.exists(hit.pane) {
            self.select(Some(hit.pane), now);
        }
        let place = match self.exists(hit.pane) {
            true => self.place(hit.pane),
            false => hit.place,
        };
        self.show_past(hit.pane, place, hit.at, hit.offset);
    }
}
