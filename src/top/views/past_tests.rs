//! The past of panes, lines that are found in the history, and what is written into files.

use std::path::Path;

use super::*;
use crate::client::CallError;
use crate::top::theme::Role;

impl Scene {
    /// What is asked of the server, with its tickets.
    fn questions(&mut self) -> Vec<(u64, Action)> {
        let effects = self.model.take_effects().into_iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Ask { ticket, action } => Some((ticket, *action)),
                _ => None,
            })
            .collect()
    }

    /// The one question about a screen of the past: its ticket, the offset and the time.
    fn asked_screen(&mut self) -> (u64, u64, String) {
        let asked = self.questions();
        let [(ticket, Action::Screen(screen))] = &asked[..] else {
            panic!("{asked:?}");
        };
        (*ticket, screen.offset.unwrap(), screen.at.clone())
    }

    fn answer(&mut self, ticket: u64, message: &Value) {
        let received = Received::parse(&message.to_string()).unwrap();
        self.model
            .on_answer(ticket, Ok(Box::new(received)), self.now);
    }

    fn refuse(&mut self, ticket: u64, code: &str) {
        let (code, message) = (code.to_owned(), "no history is kept here".to_owned());
        let refused = CallError::Refused { code, message };
        self.model.on_answer(ticket, Err(refused), self.now);
    }

    /// The pane 2 showed this at an offset.
    fn showed(&mut self, ticket: u64, offset: u64, replay: &str) {
        self.answer(ticket, &screen(offset, replay));
    }
}

fn screen(offset: u64, replay: &str) -> Value {
    let modes = json!({
        "insert": false, "wrap": true, "origin": false, "keypad": false, "cursor_keys": false, "mouse": "off",
        "mouse_utf8": false, "mouse_sgr": false, "bracketed_paste": false, "focus_events": false,
        "synchronized_output": false, "theme_updates": false, "keys": "VT10x",
    });
    json!({
        "type": "screen", "timestamp": "2026-11-30T03:12:07.5Z", "session": "api", "window": 0, "session_id": "$2",
        "window_id": "@2", "pane": "%2", "host": "build-3", "epoch": "e1", "seq": 4, "cursor": "1.e1.4",
        "data": {
            "offset": offset, "screen_offset": offset, "exact": true, "assumed": [], "cols": 40, "rows": 5,
            "primary": {"lines": ["", "", "", "", ""]},
            "cursor": {"x": 0, "y": 0, "visible": true, "shape": "block", "blinking": false},
            "modes": modes, "tabs": [8], "scroll_region": {"top": 0, "bottom": 4},
            "unfinished": {"sequence": "", "character": 0}, "history": 0, "scrollback": {"lines": 0, "pages": 0},
            "replay": replay,
        },
    })
}

/// A pane that shows five rows of which tmux keeps no more.
fn shown() -> Scene {
    let mut scene = Scene::live((100, 24));
    let item = PaneItem::Snapshot {
        bytes: b"\x1bcone\r\ntwo\r\nthree\r\nfour\r\nfive".to_vec(),
        cols: 40,
        rows: 5,
        offset: 10_000,
        exact: true,
    };
    let pane = PaneId(2);
    scene
        .model
        .on_call(CallUpdate::Pane { pane, item }, scene.now);
    scene.draw();
    scene.model.take_effects();
    scene
}

#[test]
fn what_tmux_keeps_no_more_is_scrolled_back_on_disk() {
    let mut scene = shown();
    scene.press("PPage");
    let opened = |effect: &Effect| matches!(effect, Effect::Open(PaneId(2), _));
    assert!(scene.model.take_effects().iter().any(opened));
    scene.show(2, b"\x1bcone\r\ntwo\r\nthree\r\nfour\r\nfive");
    let end = PaneItem::Output {
        bytes: b"!".to_vec(),
        end: 10_001,
    };
    let pane = PaneId(2);
    scene
        .model
        .on_call(CallUpdate::Pane { pane, item: end }, scene.now);
    scene.draw();
    scene.press("PPage");
    assert!(scene.text().contains("looking it up"));
    let (ticket, offset, at) = scene.asked_screen();
    assert!((9_900..10_001).contains(&offset), "{offset}");
    assert_eq!(at, "2026-11-30T10:00:00Z");
    // What is pressed meanwhile goes on from the answer.
    scene.press("PPage");
    scene.showed(ticket, offset, "\x1bc\x1b[31mearlier\x1b[m");
    let (ticket, further, _) = scene.asked_screen();
    assert!(further < offset);
    let text = scene.text();
    assert!(
        text.contains("earlier") && text.contains(" as it was 2026-11-30 03:12:07 "),
        "{text}"
    );
    assert!(!text.contains("1 Yes"), "it can't be answered: {text}");
    scene.pass(Duration::from_secs(1));
    scene.press("1");
    assert!(scene.asked().is_empty());
    assert!(scene.text().contains("this is the past"));
    // Nothing is kept from there, but from half of the way.
    scene.refuse(ticket, "NOT_FOUND");
    let mut nearer = further;
    while let [(ticket, Action::Screen(screen))] = &scene.questions()[..] {
        assert!(nearer < screen.offset.unwrap() && screen.offset < Some(offset));
        nearer = screen.offset.unwrap();
        scene.refuse(*ticket, "NOT_FOUND");
    }
    assert!(scene.text().contains("nothing is kept from before this"));
    // Later than its end it is what it is now.
    scene.press("NPage");
    let (ticket, later, _) = scene.asked_screen();
    assert!(later > offset);
    scene.showed(ticket, later - 1, "\x1bcthe end");
    let text = scene.text();
    assert!(
        text.contains("five!") && !text.contains("as it was"),
        "{text}"
    );
}

#[test]
fn a_program_in_full_screen_has_a_past_and_keys_lead_out_of_it() {
    let mut scene = shown();
    scene.show(2, b"\x1bc\x1b[?1049h\x1b[Hfull screen");
    scene.draw();
    for (keys, mode) in [("Escape", Mode::Browse), ("Enter", Mode::Browse)] {
        scene.press("PPage");
        let (ticket, offset, _) = scene.asked_screen();
        scene.showed(ticket, offset, "\x1bcbefore");
        assert!(scene.text().contains("before"));
        scene.press(keys);
        let text = scene.text();
        assert!(
            text.contains("full screen") && !text.contains("as it was"),
            "{text}"
        );
        assert_eq!(scene.model.mode, mode);
    }
    scene.press("PPage");
    let (ticket, ..) = scene.asked_screen();
    scene.refuse(ticket, "HISTORY_OFF");
    let text = scene.text();
    assert!(
        text.contains("no history is kept here") && text.contains("full screen"),
        "{text}"
    );
    // Another pane is shown as it is now.
    scene.press("PPage");
    scene.press("Down");
    assert!(scene.model.past.is_none());
    // So is the one into which somebody types.
    scene.press("Up Enter");
    scene.show(2, b"\x1bc\x1b[?1049h\x1b[Hfull screen");
    scene.model.take_effects();
    scene.draw();
    let preview = scene.model.areas.preview;
    let wheel = crate::top::Mouse::WheelUp;
    scene
        .model
        .on_mouse(wheel, (preview.x, preview.y), scene.now);
    assert!(scene.model.past.is_none() && scene.asked().is_empty());
}

fn hits() -> Value {
    let hit = |pane: &str, offset: u64, time: &str, snippet: Value| {
        json!({
            "timestamp": time, "session": "api", "window": 0, "session_id": "$2", "window_id": "@2", "pane": pane,
            "epoch": "e1", "offset": offset, "line": offset, "severity": "error", "snippet": snippet,
        })
    };
    json!({
        "type": "search.page", "epoch": "e1", "seq": 5, "cursor": "1.e1.5", "next": "s1.7",
        "hits": [
            hit("%2", 900, "2026-11-30T09:59:00Z", json!(["a ", "refused", " one"])),
            hit("%77", 300, "2026-11-29T09:59:00Z", json!(["", "refused", "\u{1b}[2J"])),
        ],
    })
}

#[test]
fn lines_of_the_history_are_found_and_show_their_pane_as_it_was() {
    let mut scene = shown();
    scene.press("h");
    let text = scene.text();
    assert!(text.contains("found here by its words"), "{text}");
    scene.press("r e f u s e d Enter");
    let asked = scene.questions();
    let [(ticket, Action::Search(search))] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(
        (search.words.as_deref(), search.limit),
        (Some("refused"), Some(100))
    );
    assert!(scene.text().contains("searching"));
    scene.answer(*ticket, &hits());
    let rows = scene.draw();
    assert_eq!(
        rows[1..4],
        [
            " 2 lines or more with \"refused\"",
            "\u{258c} 09:59:00     api:0          a refused one",
            "  11-29 09:59  api:0          refused\\u{1b}[2J",
        ]
    );
    let found = scene.model.setup.theme.style(Role::Found);
    let cell = scene.buffer()[(32, 2)].clone();
    assert_eq!((cell.symbol(), Some(cell.fg)), ("r", found.fg));
    // Behind the last line there are more.
    scene.press("Down");
    let asked = scene.questions();
    let [(ticket, Action::Search(search))] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(search.before.as_deref(), Some("s1.7"));
    let mut page = hits();
    page.as_object_mut().unwrap().remove("next");
    scene.answer(*ticket, &page);
    assert!(scene.text().contains(" 4 lines with"));
    // A pane that is gone is shown as it was.
    scene.press("Enter");
    let (ticket, offset, at) = scene.asked_screen();
    assert_eq!((offset, &*at), (300, "2026-11-29T09:59:00Z"));
    scene.showed(ticket, 300, "\x1bcgone by now");
    let text = scene.text();
    assert!(
        text.contains("gone by now") && text.contains(" api:0 %77 "),
        "{text}"
    );
    // A pane that is there is selected.
    scene.press("Escape h Enter");
    let asked = scene.questions();
    let [(ticket, Action::Search(_))] = &asked[..] else {
        panic!("{asked:?}");
    };
    scene.answer(*ticket, &hits());
    scene.press("Enter");
    let (_, offset, _) = scene.asked_screen();
    assert_eq!((offset, scene.model.selected), (900, Some(PaneId(2))));
}

#[test]
fn a_live_search_goes_on_in_the_history_and_what_can_t_be_searched_is_told() {
    let mut scene = shown();
    scene.press("/ E [ 0 - 9 ] Tab");
    let asked = scene.questions();
    let searches = asked.iter().filter_map(|(ticket, action)| match action {
        Action::Search(search) => Some((*ticket, search.words.clone())),
        _ => None,
    });
    let searches: Vec<_> = searches.collect();
    let [(ticket, words)] = &searches[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(words.as_deref(), Some("E[0-9]"));
    scene.refuse(*ticket, "HISTORY_OFF");
    assert!(scene.text().contains("no history is kept here"));
    scene.press("/ Home / Enter");
    let asked = scene.questions();
    let [(_, Action::Search(search))] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(
        (search.words.as_deref(), search.regex.as_deref()),
        (None, Some("E[0-9]"))
    );
    // An answer to what is not searched for any more counts for nothing.
    scene.answer(*ticket, &hits());
    assert!(scene.model.recall.hits.is_empty());
}

/// What is to be written, and where.
fn saved(scene: &mut Scene) -> Vec<(String, String)> {
    let effects = scene.model.take_effects().into_iter();
    effects
        .filter_map(|effect| match effect {
            Effect::Save { path, bytes } => Some((
                path.display().to_string(),
                String::from_utf8(bytes).unwrap(),
            )),
            _ => None,
        })
        .collect()
}

#[test]
fn what_a_pane_shows_now_or_showed_then_is_written_into_a_file() {
    let mut scene = shown();
    scene.press("x");
    let text = scene.text();
    assert!(
        text.contains("export to api-0-0-20261130-100000.html"),
        "{text}"
    );
    scene.press("Enter");
    assert!(saved(&mut scene).is_empty(), "its bytes are on their way");
    scene.show(2, b"\x1bc<b>\x1b[31mred\x1b[m");
    let [(path, page)] = &saved(&mut scene)[..] else {
        panic!("nothing is written");
    };
    assert_eq!(path, "api-0-0-20261130-100000.html");
    assert!(
        page.contains("&lt;b&gt;") && page.contains("red</"),
        "{page}"
    );
    assert!(page.trim_end().ends_with("</html>"), "{page}");
    scene.model.on_saved(Ok(path.clone()), scene.now);
    assert!(scene.text().contains("exported to api-0-0-"));
    // The end of the name says the form.
    scene.press("x C-u a . p n g Enter");
    assert!(scene.text().contains("says the form"));
    assert_eq!(scene.model.mode, Mode::Save(PaneId(2)));
    scene.press("C-u a . c a s t Enter");
    assert!(scene.text().contains("muxwire export %2 --from -1h"));
    scene.press("Escape");
    assert_eq!(scene.model.mode, Mode::Browse);
    // The past is written as it shows.
    scene.show(2, b"\x1bc\x1b[?1049h\x1b[Hfull screen");
    scene.press("PPage");
    let (ticket, offset, _) = scene.asked_screen();
    scene.showed(ticket, offset, "\x1bc\x1b[1mthen\x1b[m");
    for form in ["t x t", "s v g"] {
        scene.press("x");
        assert!(scene.text().contains("api-0-0-20261130-031207.html"));
        scene.press(&format!("C-u p . {form} Enter"));
        let [(path, written)] = &saved(&mut scene)[..] else {
            panic!("nothing is written");
        };
        let form = Path::new(path).extension().unwrap();
        match form == "txt" {
            true => assert_eq!(written.trim_end(), "then"),
            false => assert!(
                written.starts_with("<svg ") && written.contains("then"),
                "{written}"
            ),
        }
    }
    let failed = "can't write p.svg: File exists".to_owned();
    scene.model.on_saved(Err(failed), scene.now);
    assert!(scene.text().contains("not exported: can't write p.svg"));
}

#[test]
fn a_gap_of_the_log_looks_like_what_is_lost() {
    let mut scene = shown();
    scene.hear(&json!({
        "type": "log.gap", "timestamp": "2026-11-30T10:00:00Z", "epoch": "e1", "seq": 9, "data": {"after": 5, "until": 8},
    }));
    scene.press("Tab Tab");
    let rows = scene.draw();
    let row = rows.iter().position(|row| row.contains("log.gap")).unwrap();
    let column = rows[row].chars().take_while(|c| *c != 'l').count();
    let place = (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
    let failed = scene.model.setup.theme.style(Role::Failed);
    assert_eq!(Some(scene.buffer()[place].fg), failed.fg);
}
