//! Writing what a pane shows, now or in the past, into a file.

use std::path::PathBuf;

use super::editor::Editor;
use super::keys::{Code, Key, Named};
use super::model::Model;
use super::parts::{Effect, Mode, Now, Saving};
use super::theme::{Ground, Role};
use crate::export::{About, Extent, Form, Piece, Size, Theme, exporter};
use crate::ids::PaneId;

/// A screen, as what brings a terminal there.
struct Shown<'a> {
    replay: &'a [u8],
    size: Size,
}

impl Model {
    /// Asks for the name of the file.
    pub(super) fn begin_saving(&mut self, now: Now) {
        let pane = self.past.as_ref().map(|past| past.pane).or(self.selected);
        let Some(pane) = pane else {
            return;
        };
        if self.is_own(pane) {
            let text = "this is the pane in which you read this";
            return self.notice(text, Role::Waiting, now);
        }
        let time = self.past.as_ref().and_then(|past| past.then()?.time);
        let time = time.unwrap_or(now.clock).to_zoned(self.setup.zone.clone());
        let place: String = self
            .place_shown(pane)
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        let mut name = Editor::default();
        name.insert(&format!(
            "{}-{}.html",
            place.trim_matches('-'),
            time.strftime("%Y%m%d-%H%M%S")
        ));
        self.file_name = name;
        self.mode = Mode::Save(pane);
        self.touch();
    }

    pub(super) fn save_key(&mut self, key: Key, pane: PaneId, now: Now) {
        self.touch();
        match key.code {
            Code::Named(Named::Escape) => self.mode = Mode::Browse,
            Code::Char('c') if key.ctrl => self.mode = Mode::Browse,
            Code::Named(Named::Enter) => self.save(pane, now),
            _ => {
                self.file_name.key(key);
            }
        }
    }

    fn save(&mut self, pane: PaneId, now: Now) {
        let path = PathBuf::from(self.file_name.text());
        let theme = match self.setup.theme.ground {
            Ground::Dark => Theme::Dark,
            Ground::Light => Theme::Light,
        };
        let end = path.extension().and_then(|end| end.to_str());
        let form = match end {
            Some("html") => Form::Html(Extent::Screen, theme),
            Some("svg") => Form::Svg(Extent::Screen, theme),
            Some("txt") => Form::Text(Extent::Screen),
            Some("cast") => {
                let text = format!(
                    "a recording is made where the server is: muxwire export {pane} --from -1h -o FILE.cast"
                );
                return self.notice(text, Role::Waiting, now);
            }
            _ => {
                let text = "the end of the name says the form: .html, .svg or .txt";
                return self.notice(text, Role::Waiting, now);
            }
        };
        self.mode = Mode::Browse;
        let saving = Saving { pane, path, form };
        let then = self.past.as_ref().and_then(|past| past.then());
        if let Some(then) = then {
            let (cols, rows) = then.size;
            let shown = Shown {
                replay: then.replay.as_bytes(),
                size: Size { cols, rows },
            };
            let written = self.written(&saving, &shown);
            return self.put(saving, written, now);
        }
        let Some(preview) = self.previews.get(&pane) else {
            let text = "the pane does not show yet: try again in a moment";
            return self.notice(text, Role::Waiting, now);
        };
        // What is known of it is cells. Its bytes come when it is opened anew.
        self.effects.push(Effect::Open(pane, preview.wish()));
        self.saving = Some(saving);
    }

    /// The screen of a pane has come, which may be one that is to be written.
    pub(super) fn save_snapshot(
        &mut self,
        pane: PaneId,
        replay: &[u8],
        (cols, rows): (u32, u32),
        now: Now,
    ) {
        let Some(saving) = self.saving.take_if(|saving| saving.pane == pane) else {
            return;
        };
        let size = Size { cols, rows };
        let written = self.written(&saving, &Shown { replay, size });
        self.put(saving, written, now);
    }

    fn put(&mut self, saving: Saving, written: Result<Vec<u8>, String>, now: Now) {
        match written {
            Ok(bytes) => {
                let path = saving.path;
                self.effects.push(Effect::Save { path, bytes });
            }
            Err(error) => self.notice(format!("not exported: {error}"), Role::Failed, now),
        }
    }

    fn written(&self, saving: &Saving, shown: &Shown<'_>) -> Result<Vec<u8>, String> {
        let title = self.place_shown(saving.pane);
        let mut exporter = exporter(saving.form, About { title });
        let mut out = Vec::new();
        let screen = Piece::Screen {
            size: shown.size,
            replay: shown.replay,
        };
        let taken = exporter.take(0, screen, &mut out);
        let patches = taken.and_then(|()| exporter.end(&mut out));
        for patch in patches.map_err(|error| error.to_string())? {
            let from = usize::try_from(patch.offset).unwrap_or(usize::MAX);
            let place = out.get_mut(from..from.saturating_add(patch.bytes.len()));
            let place = place.ok_or("what was written does not fit")?;
            place.copy_from_slice(&patch.bytes);
        }
        Ok(out)
    }

    /// How the pane is called that shows, which may be one of the past.
    pub(super) fn place_shown(&self, pane: PaneId) -> String {
        match &self.past {
            Some(past) if past.pane == pane => past.place.clone(),
            _ => self.place(pane),
        }
    }

    /// What came of writing a file.
    pub fn on_saved(&mut self, saved: Result<String, String>, now: Now) {
        match saved {
            Ok(path) => self.notice(format!("exported to {path}"), Role::Done, now),
            Err(error) => self.notice(format!("not exported: {error}"), Role::Failed, now),
        }
    }
}
