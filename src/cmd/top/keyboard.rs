//! What the terminal says, as the monitor calls it.

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

use crate::top::Mouse;
use crate::top::keys::{Code, Key, Named};

/// What somebody did.
pub(super) enum Input {
    Key(Key),
    Paste(String),
    Mouse(Mouse, (u16, u16)),
    Size((u16, u16)),
}

/// What an event says, if it is something that counts.
pub(super) fn input(event: &Event) -> Option<Input> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Input::Key(self::key(*key)?)),
        Event::Paste(text) => Some(Input::Paste(text.clone())),
        Event::Mouse(mouse) => {
            let what = self::mouse(*mouse)?;
            Some(Input::Mouse(what, (mouse.column, mouse.row)))
        }
        Event::Resize(columns, rows) => Some(Input::Size((*columns, *rows))),
        _ => None,
    }
}

fn mouse(event: MouseEvent) -> Option<Mouse> {
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Mouse::Press),
        MouseEventKind::ScrollUp => Some(Mouse::WheelUp),
        MouseEventKind::ScrollDown => Some(Mouse::WheelDown),
        _ => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    let has = |modifier| event.modifiers.contains(modifier);
    let ctrl = has(KeyModifiers::CONTROL);
    let code = match event.code {
        KeyCode::Char(c) => Code::Char(if ctrl { control(c) } else { c }),
        KeyCode::F(number) => Code::F(number),
        other => Code::Named(named(other)?),
    };
    // What Shift makes of a character is that character.
    let shift =
        has(KeyModifiers::SHIFT) && !matches!(code, Code::Char(_) | Code::Named(Named::BackTab));
    Some(Key {
        code,
        ctrl,
        alt: has(KeyModifiers::ALT),
        shift,
    })
}

/// A terminal sends the same byte for these as for digits, and crossterm names the digits.
fn control(c: char) -> char {
    match c {
        '4' => '\\',
        '5' => ']',
        '6' => '^',
        '7' => '_',
        c => c.to_ascii_lowercase(),
    }
}

fn named(code: KeyCode) -> Option<Named> {
    Some(match code {
        KeyCode::Enter => Named::Enter,
        KeyCode::Esc => Named::Escape,
        KeyCode::Tab => Named::Tab,
        KeyCode::BackTab => Named::BackTab,
        KeyCode::Backspace => Named::Backspace,
        KeyCode::Up => Named::Up,
        KeyCode::Down => Named::Down,
        KeyCode::Left => Named::Left,
        KeyCode::Right => Named::Right,
        KeyCode::Home => Named::Home,
        KeyCode::End => Named::End,
        KeyCode::PageUp => Named::PageUp,
        KeyCode::PageDown => Named::PageDown,
        KeyCode::Insert => Named::Insert,
        KeyCode::Delete => Named::Delete,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_that_were_pressed() {
        let rows = [
            (KeyCode::Char('q'), KeyModifiers::NONE, "q"),
            (KeyCode::Char('Q'), KeyModifiers::SHIFT, "Q"),
            (KeyCode::Char('5'), KeyModifiers::CONTROL, "C-]"),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, "C-c"),
            (KeyCode::Char(' '), KeyModifiers::CONTROL, "C-Space"),
            (KeyCode::Char('x'), KeyModifiers::ALT, "M-x"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "BTab"),
            (KeyCode::Up, KeyModifiers::SHIFT, "S-Up"),
            (KeyCode::Enter, KeyModifiers::ALT, "M-Enter"),
            (KeyCode::F(5), KeyModifiers::NONE, "F5"),
        ];
        for (code, modifiers, expected) in rows {
            let key = key(KeyEvent::new(code, modifiers)).map(|key| key.to_string());
            assert_eq!(key.as_deref(), Some(expected));
        }
        assert!(key(KeyEvent::new(KeyCode::CapsLock, KeyModifiers::NONE)).is_none());
    }
}
