//! Scenes, played in made-up time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::demo::SCENES;

/// A player, and the time that it is for it.
struct Played {
    player: Player,
    now: Instant,
    printed: String,
}

impl Played {
    fn new(session: &str) -> Self {
        let now = Instant::now();
        let player = Player::new(Scene::named(session).unwrap(), now).unwrap();
        let printed = String::new();
        Self {
            player,
            now,
            printed,
        }
    }

    /// Plays until it waits for a person, or rests.
    fn play(&mut self) {
        self.printed.push_str(&self.player.print(self.now));
        while let State::Playing { due, .. } = self.player.state {
            assert!(due <= self.now + Duration::from_secs_f64(LONGEST_PAUSE));
            self.now = self.now.max(due);
            self.printed.push_str(&self.player.print(self.now));
        }
    }

    /// Until when it shows its end.
    fn resting(&self) -> Instant {
        let State::Resting { until, .. } = self.player.state else {
            unreachable!("it is at its end: {:?}", self.player.state);
        };
        until
    }

    fn press(&mut self, key: Key) {
        self.printed.clear();
        self.player.press(key, self.now);
        self.printed.push_str(&self.player.print(self.now));
    }
}

#[test]
fn each_scene_is_played_to_its_end_and_begins_anew() {
    for scene in SCENES {
        let mut played = Played::new(scene.session);
        played.play();
        assert!(played.printed.starts_with(CLEAR), "{}", scene.session);
        if matches!(played.player.state, State::Asking { .. }) {
            assert_eq!(played.player.due(), None);
            played.press(Key::Enter);
            played.play();
        }
        let whole: String = played
            .player
            .recording
            .iter()
            .filter_map(|entry| match &entry.what {
                What::Print(text) => Some(&**text),
                _ => None,
            })
            .collect();
        assert!(whole.ends_with(&*played.printed) || played.printed.ends_with(&*whole));
        let until = played.resting();
        assert_eq!(until, played.now + scene.rest);
        played.now = until;
        assert!(played.player.print(until).starts_with(CLEAR));
        assert!(matches!(played.player.state, State::Playing { .. }));
    }
}

#[test]
fn a_dialog_waits_for_a_person_and_does_what_was_answered() {
    let yes = [
        Key::Enter,
        Key::Character('1'),
        Key::Character('y'),
        Key::Character('3'),
    ];
    let no = [Key::Escape, Key::Character('4'), Key::Character('n')];
    for (key, is_refused) in yes
        .map(|key| (key, false))
        .into_iter()
        .chain(no.map(|key| (key, true)))
    {
        let mut played = Played::new("checks");
        played.play();
        assert!(matches!(played.player.state, State::Asking { .. }));
        // None of these answers anything.
        for ignored in [
            Key::Character('x'),
            Key::Character('9'),
            Key::Character('0'),
            Key::Backspace,
        ] {
            played.press(ignored);
            assert!(matches!(played.player.state, State::Asking { .. }));
            assert_eq!(played.printed, "");
        }
        played.press(key);
        assert_eq!(played.player.is_refused, is_refused, "{key:?}");
        played.play();
        assert_eq!(played.printed.contains("Done:"), !is_refused, "{key:?}");
        assert!(matches!(played.player.state, State::Resting { .. }));
    }
}

#[test]
fn a_dialog_can_be_answered_as_soon_as_it_shows() {
    let mut played = Played::new("checks");
    let mut shown = None;
    while let Some(due) = played.player.due() {
        played.now = played.now.max(due);
        let printed = played.player.print(played.now);
        if printed.contains("proceed?") {
            shown = Some(played.now);
        }
    }
    let late = played.now - shown.unwrap();
    assert!(late < Duration::from_millis(100), "{late:?}");
}

#[test]
fn the_sign_moves_with_the_arrows_and_enter_takes_its_choice() {
    let mut played = Played::new("checks");
    played.play();
    played.press(Key::Up);
    assert!(matches!(
        played.player.state,
        State::Asking { chosen: 0, .. }
    ));
    for row in 24..=26 {
        played.press(Key::Down);
        assert!(played.printed.contains(&format!("\u{1b}[{};2H ", row - 1)));
        assert!(
            played
                .printed
                .contains(&format!("\u{1b}[{row};2H\u{1b}[38"))
        );
    }
    played.press(Key::Down);
    assert!(matches!(
        played.player.state,
        State::Asking { chosen: 3, .. }
    ));
    played.press(Key::Enter);
    assert!(played.player.is_refused);
    // The next time it is asked anew.
    played.play();
    played.press(Key::Enter);
    played.play();
    assert!(matches!(
        played.player.state,
        State::Asking { chosen: 0, .. }
    ));
    assert!(!played.player.is_refused);
}

#[test]
fn what_is_typed_at_the_end_is_shown_and_enter_begins_anew() {
    let mut played = Played::new("greeting");
    played.play();
    let until = played.resting();
    played.now = until - Duration::from_millis(1);
    played.press(Key::Character('h'));
    assert_eq!(played.printed, "h");
    assert!(
        played.player.due().unwrap() > until,
        "nobody is interrupted"
    );
    played.press(Key::Backspace);
    assert_eq!(played.printed, "\u{8} \u{8}");
    played.press(Key::Backspace);
    assert_eq!(played.printed, "");
    played.press(Key::Enter);
    assert!(played.printed.starts_with(CLEAR));
}

#[test]
fn there_is_no_other_scene() {
    assert!(Scene::named("shell").is_none());
    assert!(read(b"no gzip").is_err());
}
