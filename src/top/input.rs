//! What keys and the mouse do.

use super::commands::Command;
use super::keys::{Code, Key, Named};
use super::model::Model;
use super::parts::{Effect, Mode, Now, Over, Tab};
use super::standing::Standing;
use super::theme::Role;
use crate::ids::PaneId;

/// Something that the mouse did, at a column and a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mouse {
    /// Its left button was pressed.
    Press,
    /// The wheel was turned away.
    WheelUp,
    /// The wheel was turned towards.
    WheelDown,
}

/// Lines that one step of the wheel scrolls.
const WHEEL: i32 = 3;

/// Columns that are gone over at once.
const PAN: u16 = 20;

impl Model {
    /// A key was pressed.
    pub fn on_key(&mut self, key: Key, now: Now) {
        self.last_key = Some(now.instant);
        match &mut self.mode {
            Mode::Typing(_) => self.typing_key(key, now),
            Mode::Search => self.search_key(key, now),
            Mode::Recall => self.recall_key(key),
            Mode::Save(pane) => {
                let pane = *pane;
                self.save_key(key, pane, now);
            }
            Mode::Compose(targets) => {
                let targets = targets.clone();
                self.compose_key(key, &targets, now);
            }
            Mode::Over(over, _) => {
                let over = *over;
                self.over_key(key, over);
            }
            Mode::Browse => self.browse_key(key, now),
        }
    }

    /// Something was pasted.
    pub fn on_paste(&mut self, text: &str, now: Now) {
        self.last_key = Some(now.instant);
        match self.mode {
            Mode::Typing(_) => self.type_paste(text),
            Mode::Search => {
                self.query.insert(&text.replace(['\n', '\r'], " "));
                self.searched(now);
            }
            Mode::Recall => self.recall.query.insert(&text.replace(['\n', '\r'], " ")),
            Mode::Save(_) => self.file_name.insert(&text.replace(['\n', '\r'], " ")),
            Mode::Compose(_) => self.draft.insert(text),
            Mode::Browse | Mode::Over(..) => {
                let text = "nothing was pasted: type into the pane first, or write a prompt";
                self.notice(text, Role::Waiting, now);
            }
        }
        self.touch();
    }

    /// The mouse did something.
    pub fn on_mouse(&mut self, mouse: Mouse, (x, y): (u16, u16), now: Now) {
        self.last_key = Some(now.instant);
        let by = match mouse {
            Mouse::Press => return self.press((x, y), now),
            Mouse::WheelUp => WHEEL,
            Mouse::WheelDown => -WHEEL,
        };
        match &mut self.mode {
            Mode::Over(_, at) => {
                let lines = usize::try_from(WHEEL).unwrap_or(1);
                *at = match by > 0 {
                    true => at.saturating_sub(lines),
                    false => at.saturating_add(lines),
                };
                self.touch();
            }
            Mode::Compose(_) | Mode::Save(_) => {}
            _ if self.areas.is_in_preview(x, y) => self.scroll(by, now),
            Mode::Typing(_) => {}
            Mode::Browse | Mode::Search | Mode::Recall => self.go(-by.signum(), now),
        }
    }

    fn press(&mut self, at: (u16, u16), now: Now) {
        if let Mode::Over(..) = self.mode {
            self.mode = Mode::Browse;
            return self.touch();
        }
        if !matches!(self.mode, Mode::Browse | Mode::Search | Mode::Recall) {
            // Somebody types: what they type goes nowhere else by a click.
            return;
        }
        if let Some(tab) = self.areas.tab_at(at) {
            (self.tab, self.mode) = (tab, Mode::Browse);
            return self.touch();
        }
        if let Some(pane) = self.areas.pane_at(at) {
            self.select(Some(pane), now);
        }
    }

    fn typing_key(&mut self, key: Key, now: Now) {
        if self.setup.keys.leaves(key) {
            self.flush_typed();
            self.mode = Mode::Browse;
            self.forget_gone();
            self.select_something(now);
            self.want_panes(now);
            return self.touch();
        }
        if let Mode::Typing(pane) = self.mode
            && let Some(preview) = self.previews.get_mut(&pane)
        {
            preview.follow();
        }
        self.past = None;
        self.type_key(key);
    }

    fn search_key(&mut self, key: Key, now: Now) {
        match key.code {
            Code::Named(Named::Escape) => {
                self.query = super::editor::Editor::default();
                self.mode = Mode::Browse;
            }
            Code::Named(Named::Enter) => self.mode = Mode::Browse,
            // The same words in what is kept on disk.
            Code::Named(Named::Tab) => {
                self.recall.query = std::mem::take(&mut self.query);
                self.recall();
            }
            Code::Named(Named::Up) => self.go(-1, now),
            Code::Named(Named::Down) => self.go(1, now),
            _ => {
                self.query.key(key);
            }
        }
        self.searched(now);
    }

    fn recall_key(&mut self, key: Key) {
        self.touch();
        match key.code {
            Code::Named(Named::Escape) => self.mode = Mode::Browse,
            Code::Char('c') if key.ctrl => self.mode = Mode::Browse,
            Code::Named(Named::Enter) => self.recall(),
            _ => {
                self.recall.query.key(key);
            }
        }
    }

    /// Something else is searched for.
    fn searched(&mut self, now: Now) {
        self.select_something(now);
        self.want_panes(now);
        self.touch();
    }

    fn compose_key(&mut self, key: Key, targets: &[PaneId], now: Now) {
        self.touch();
        match (key.code, key.ctrl || key.alt || key.shift) {
            (Code::Named(Named::Escape), _) => self.mode = Mode::Browse,
            (Code::Char('c'), true) if key.ctrl => self.mode = Mode::Browse,
            (Code::Named(Named::Enter), false) => self.submit(targets, now),
            (Code::Named(Named::Enter), true) => self.draft.insert("\n"),
            (Code::Char('j'), true) if key.ctrl => self.draft.insert("\n"),
            _ => {
                self.draft.key(key);
            }
        }
    }

    fn over_key(&mut self, key: Key, over: Over) {
        self.touch();
        let page = usize::from(self.setup.size.1.saturating_sub(6)).max(1);
        let Mode::Over(_, at) = &mut self.mode else {
            return;
        };
        match self.setup.keys.command(key) {
            Some(Command::Up) => *at = at.saturating_sub(1),
            Some(Command::Down) => *at = at.saturating_add(1),
            Some(Command::ScrollUp) => *at = at.saturating_sub(page),
            Some(Command::ScrollDown) => *at = at.saturating_add(page),
            Some(Command::First) => *at = 0,
            Some(Command::Redraw) => self.effects.push(Effect::Redraw),
            // The same key closes it that opened it.
            Some(Command::Help) if over != Over::Help => self.mode = Mode::Over(Over::Help, 0),
            _ => self.mode = Mode::Browse,
        }
    }

    fn browse_key(&mut self, key: Key, now: Now) {
        self.notice = None;
        self.touch();
        let pane_shows = self.tab == Tab::Panes;
        if let Some(number) = key.digit().filter(|_| pane_shows) {
            return self.answer(number, now);
        }
        match self.setup.keys.command(key) {
            // Nothing is done to a pane that does not show.
            Some(command) if !pane_shows && is_for_pane(command) => {}
            Some(command) => self.run(command, now),
            None if key == Key::named(Named::Escape) => self.back(now),
            None => {}
        }
    }

    /// Out of what was asked for last: the past, the search, the filter, the marks.
    fn back(&mut self, now: Now) {
        if self.tab == Tab::Panes && self.leave_past() {
            return;
        }
        if !self.query.is_empty() {
            self.query = super::editor::Editor::default();
            self.searched(now);
        } else if self.filter.is_some() {
            self.filter = None;
            self.searched(now);
        } else if !self.marked.is_empty() {
            self.marked.clear();
        } else {
            (self.zoomed, self.tab) = (false, Tab::Panes);
        }
    }

    fn run(&mut self, command: Command, now: Now) {
        match command {
            Command::Up => self.go(-1, now),
            Command::Down => self.go(1, now),
            Command::First => self.go(i32::MIN, now),
            Command::Last => self.go(i32::MAX, now),
            Command::Next => self.next_wanting(now),
            Command::Type if self.tab == Tab::History => self.jump_to_hit(now),
            Command::Type if self.tab != Tab::Panes => self.jump(now),
            // What is typed goes to what shows.
            Command::Type | Command::Prompt if self.leave_past() => {}
            Command::Type => self.begin_typing(now),
            Command::Prompt => self.begin_prompt(now),
            Command::Mark => self.mark(now),
            Command::Seen => self.seen(self.selected, now),
            Command::SeenAll => self.seen(None, now),
            Command::History => self.begin_recall(),
            Command::Search if self.tab == Tab::History => self.begin_recall(),
            Command::Search => {
                self.past = None;
                (self.mode, self.tab) = (Mode::Search, Tab::Panes);
                self.want_panes(now);
            }
            Command::Filter => self.next_filter(now),
            Command::Details => {
                if let Some(pane) = self.selected {
                    self.mode = Mode::Over(Over::Details(pane), 0);
                }
            }
            Command::Explain => self.explain(now),
            Command::Receipts => self.mode = Mode::Over(Over::Receipts, 0),
            Command::View => self.tab = self.tab.next(),
            Command::ViewBack => self.tab = self.tab.next().next().next(),
            Command::Zoom => self.zoomed = !self.zoomed,
            Command::ScrollUp => self.scroll(self.page(), now),
            Command::ScrollDown => self.scroll(-self.page(), now),
            Command::Export => self.begin_saving(now),
            Command::PanLeft => self.pan = self.pan.saturating_sub(PAN),
            Command::PanRight => self.pan = self.pan.saturating_add(PAN),
            Command::Redraw => self.effects.push(Effect::Redraw),
            Command::Suspend => self.effects.push(Effect::Suspend),
            Command::Help => self.mode = Mode::Over(Over::Help, 0),
            Command::Quit => self.effects.push(Effect::Quit),
            Command::Leave => {}
        }
    }

    fn page(&self) -> i32 {
        i32::from(self.areas.preview.height.saturating_sub(1).max(1))
    }

    fn go(&mut self, by: i32, now: Now) {
        match self.tab {
            Tab::Panes => {
                let rows = self.selectable();
                let here = rows.iter().position(|pane| Some(*pane) == self.selected);
                if let Some(place) = moved(here, by, rows.len()) {
                    self.select(Some(rows[place]), now);
                }
            }
            Tab::Alerts => {
                let count = self.journal.alerts().len();
                self.alert_at = moved(Some(self.alert_at), by, count).unwrap_or(0);
            }
            Tab::Events => {
                // Counted from the end, where the newest stand.
                let here = self
                    .journal
                    .lines()
                    .len()
                    .saturating_sub(1 + self.event_back);
                let last = self.journal.lines().len();
                let place = moved(Some(here), by, last).unwrap_or(0);
                self.event_back = last.saturating_sub(1 + place);
            }
            Tab::History => {
                let count = self.recall.hits.len();
                self.go_to_hit(moved(Some(self.recall.at), by, count));
            }
        }
        self.touch();
    }

    /// From an alert or an event to its pane.
    fn jump(&mut self, now: Now) {
        let pane = match self.tab {
            Tab::Panes | Tab::History => None,
            Tab::Alerts => self
                .journal
                .alerts()
                .get(self.alert_at)
                .and_then(|one| one.pane),
            Tab::Events => {
                let line = self.journal.lines().rev().nth(self.event_back);
                line.and_then(|line| line.pane)
            }
        };
        let there = |pane: &PaneId| {
            self.state
                .as_ref()
                .is_some_and(|one| one.panes.contains_key(pane))
        };
        match pane.filter(there) {
            Some(pane) => {
                (self.filter, self.query) = (None, super::editor::Editor::default());
                self.tab = Tab::Panes;
                self.select(Some(pane), now);
            }
            None => self.notice("its pane is not there any more", Role::Dim, now),
        }
    }

    /// The next agent that waits, has failed, or is done and was not seen; around the end.
    fn next_wanting(&mut self, now: Now) {
        let wants = |pane: &PaneId| {
            self.agent(*pane)
                .is_some_and(|one| Standing::of(one).wants())
        };
        let here = self
            .agents
            .iter()
            .position(|pane| Some(*pane) == self.selected);
        let from = here.map_or(0, |here| here + 1);
        let around = self
            .agents
            .iter()
            .cycle()
            .skip(from)
            .take(self.agents.len());
        let next = around.copied().find(wants);
        match next {
            Some(pane) => {
                (self.filter, self.query) = (None, super::editor::Editor::default());
                self.tab = Tab::Panes;
                self.select(Some(pane), now);
            }
            None => self.notice("no agent wants anything", Role::Dim, now),
        }
    }

    fn mark(&mut self, now: Now) {
        match self.selected.filter(|pane| self.agent(*pane).is_some()) {
            Some(pane) => {
                if !self.marked.remove(&pane) {
                    self.marked.insert(pane);
                }
                self.go(1, now);
            }
            None => self.notice("only agents are marked", Role::Dim, now),
        }
    }

    fn next_filter(&mut self, now: Now) {
        let counts = self.counts();
        let behind = |one: &&(Standing, usize)| self.filter.is_none_or(|now| one.0 > now);
        self.filter = counts.iter().find(behind).map(|(standing, _)| *standing);
        self.searched(now);
    }
}

impl Tab {
    /// The one behind it.
    fn next(self) -> Self {
        match self {
            Self::Panes => Self::Alerts,
            Self::Alerts => Self::Events,
            Self::Events => Self::History,
            Self::History => Self::Panes,
        }
    }
}

/// Another place among so many; nothing where there are none.
fn moved(here: Option<usize>, by: i32, count: usize) -> Option<usize> {
    let last = i64::try_from(count)
        .ok()?
        .checked_sub(1)
        .filter(|last| *last >= 0)?;
    let here = here.map_or(0, |here| {
        i64::try_from(here).unwrap_or(last) + i64::from(by)
    });
    usize::try_from(here.clamp(0, last)).ok()
}

/// Whether a command does something to the pane that is selected, or with its list.
fn is_for_pane(command: Command) -> bool {
    matches!(
        command,
        Command::Prompt
            | Command::Mark
            | Command::Seen
            | Command::Filter
            | Command::Details
            | Command::Explain
            | Command::Zoom
            | Command::Export
            | Command::ScrollUp
            | Command::ScrollDown
            | Command::PanLeft
            | Command::PanRight
    )
}
