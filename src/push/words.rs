//! What is told, in words: the same as the dashboard's own (clients/web/src/dashboard/words.ts).

use crate::model::{Agent, AgentStatus};
use crate::printable::acts_on_terminals;

/// What an agent waits for or why it failed, in words; of a reason that is not known, the reason itself.
pub(super) fn reason(agent: &Agent) -> String {
    let known = match agent.reason.as_deref() {
        Some("permission") => "asks for permission",
        Some("question") => "asks a question",
        Some("plan") => "asks to approve a plan",
        Some("trust") => "asks whether to trust the folder",
        Some("login") => "needs a login",
        Some("setup") => "needs to be set up",
        Some("usage_limit") => "reached a usage limit",
        Some("api_error") => "API error",
        Some("retrying") => "tries again",
        Some("interrupted") => "was interrupted",
        Some(other) => return plain(other, 100),
        None => match agent.status {
            AgentStatus::Waiting => "waits for an answer",
            AgentStatus::Error => "gave up",
            _ => "finished, not seen",
        },
    };
    known.to_owned()
}

/// What the agent says in words of its own: what it asks for, the choices, until when it is limited.
pub(super) fn content(agent: &Agent) -> String {
    let options = agent
        .dialog
        .as_ref()
        .map(|dialog| dialog.options.join(" / "));
    let parts = [agent.message.clone(), options, agent.resets_at.clone()];
    let parts = parts.into_iter().flatten().map(|part| plain(&part, 300));
    let said: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    said.join("\n")
}

/// What somebody else wrote, on one line and not too long, without sequences of terminals and what hides or turns text.
pub(super) fn plain(text: &str, most: usize) -> String {
    let mut shown = String::new();
    let mut rest = text.chars().peekable();
    let mut count = 0;
    while let Some(c) = rest.next() {
        if count >= most {
            shown.push('\u{2026}');
            break;
        }
        match c {
            '\u{1b}' => skip_sequence(&mut rest),
            c if acts_on_terminals(c) => {
                if !shown.ends_with(' ') {
                    shown.push(' ');
                }
            }
            c => {
                shown.push(c);
                count += 1;
            }
        }
    }
    shown.trim().to_owned()
}

/// Passes over what follows an escape: a control sequence, a string, or two characters.
fn skip_sequence(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            while rest.next_if(|c| matches!(c, ' '..='?')).is_some() {}
            rest.next_if(|c| matches!(c, '@'..='~'));
        }
        Some(']') => {
            rest.next();
            while rest.next_if(|c| !matches!(c, '\u{7}' | '\u{1b}')).is_some() {}
            if rest.next_if(|c| *c == '\u{7}').is_none()
                && rest.next_if(|c| *c == '\u{1b}').is_some()
            {
                rest.next_if(|c| *c == '\\');
            }
        }
        _ => {
            while rest.next_if(|c| matches!(c, ' '..='/')).is_some() {}
            rest.next_if(|c| matches!(c, '0'..='~'));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_one_line_of_text() {
        let rows = [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("a\u{1b}]0;title\u{7}b", "ab"),
            ("a\u{1b}]8;;x\u{1b}\\b", "ab"),
            ("a\u{1b}(Bb", "ab"),
            ("one\r\n\ntwo\tthree", "one two three"),
            ("\u{202e}evil\u{200b}", "evil"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("\u{1b}]never ends", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(plain(text, 100), expected, "{text:?}");
        }
        assert_eq!(plain("abcdef", 3), "abc\u{2026}");
        assert_eq!(plain("abc", 3), "abc");
    }
}
