//! Prompts and answers for agents whose screens are drawn by hand: what is typed, and what is said of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;
use crate::agent::scene::{COLS, Scene, claude, claude_typing};

const IDLE: &str = "? for shortcuts";
const BUSY: &str = "esc to interrupt";

/// Claude Code with a text in its composer.
fn composing(text: &str, mode: &str) -> String {
    claude_typing("● Text", text, mode)
}

/// An agent whose screen is known from the beginning.
fn seen(agent: &str) -> Scene {
    let mut scene = Scene::new(agent);
    scene.watch.seed(COLS, 40, b"", None, scene.now);
    scene
}

const DIALOG: &str = " Do you want to proceed?\n ❯ 1. Yes\n   2. Yes, and don't ask again\n   3. No\n\n Esc to cancel · Tab to amend";

/// A prompt or an answer, and the agent that it is for.
struct Desk {
    scene: Scene,
    task: TypingTask,
}

impl Desk {
    fn prompt(screen: &str, text: &str, queue: bool) -> Self {
        Self::of("claude", screen, text, queue)
    }

    fn of(agent: &str, screen: &str, text: &str, queue: bool) -> Self {
        let mut scene = seen(agent);
        scene.show(screen).after(700);
        let prompt = Prompt {
            text: text.to_owned(),
            queue,
            timeout: Duration::from_secs(10),
        };
        let task = TypingTask::prompt(prompt, &scene.watch, scene.now);
        Self { scene, task }
    }

    fn answer(choice: AnswerChoice) -> Self {
        Self::answer_of("claude", DIALOG, choice)
    }

    fn answer_of(agent: &str, dialog: &str, choice: AnswerChoice) -> Self {
        let mut scene = seen(agent);
        scene.show(dialog).after(200);
        let fingerprint = scene.status().dialog.unwrap().fingerprint;
        let answer = Answer {
            fingerprint,
            choice,
            timeout: Duration::from_secs(10),
        };
        let task = TypingTask::answer(answer, &scene.watch, scene.now);
        Self { scene, task }
    }

    fn step(&mut self) -> Step {
        let look = self.scene.watch.look(self.scene.now);
        self.task.step(look.as_ref(), self.scene.now)
    }

    /// It wants this to be typed; whether it may be then.
    #[track_caller]
    fn wants(&mut self, strokes: &[&str]) -> bool {
        let wanted: Vec<Stroke> = strokes
            .iter()
            .map(|one| match one.strip_prefix("paste ") {
                Some(text) => Stroke::Paste(text.to_owned()),
                None => Stroke::Key((*one).to_owned()),
            })
            .collect();
        let step = self.step();
        assert_eq!(step, Step::Type(wanted));
        self.may_send()
    }

    fn may_send(&mut self) -> bool {
        let look = self.scene.watch.look(self.scene.now);
        self.task.may_send(look.as_ref(), self.scene.now)
    }

    /// It is typed, and the screen is this from then on.
    #[track_caller]
    fn types(&mut self, strokes: &[&str], screen: &str) {
        assert!(self.wants(strokes), "it may not be typed");
        self.task.typed(Ok(()), self.scene.now);
        self.scene.show(screen);
    }

    /// What comes of it, and what is left, once so much time has passed.
    #[track_caller]
    fn ends(&mut self, milliseconds: u64) -> (Result<Proof, Hindrance>, Option<(String, bool)>) {
        let end = self.scene.now + Duration::from_millis(milliseconds);
        loop {
            match self.step() {
                Step::Done(outcome) => {
                    let left = outcome.left.map(|left| (left.text, left.seen));
                    return (outcome.result, left);
                }
                Step::Type(strokes) => panic!("it types {strokes:?}"),
                Step::Wait => {}
            }
            assert!(self.scene.now < end, "it goes on: {:?}", self.task);
            let next = self.task.deadline(self.scene.now).unwrap_or(end).min(end);
            let wait = next.saturating_duration_since(self.scene.now);
            let wait = u64::try_from(wait.as_millis()).unwrap() + 1;
            self.scene.after(wait);
        }
    }
}

fn left(text: &str, seen: bool) -> Option<(String, bool)> {
    Some((text.to_owned(), seen))
}

#[test]
fn a_prompt_is_pasted_seen_submitted_and_proven() {
    let mut desk = Desk::prompt(&composing("", IDLE), "say hello", false);
    desk.types(&["paste say hello"], &composing("say hello", IDLE));
    assert_eq!(desk.step(), Step::Wait, "Enter is some time behind");
    desk.scene.after(150);
    desk.types(&["Enter"], &claude("✻ Thinking…", BUSY));
    assert_eq!(desk.ends(100), (Ok(Proof::Busy), None));
}

/// Codex at its prompt.
fn codex_typing(text: &str) -> String {
    format!("• Text\n\n› {text}\n\n  gpt-5 default · ~/project · Task\n  ? for shortcuts")
}

#[test]
fn a_word_for_which_completions_are_offered_is_ended() {
    for (text, typed) in [
        ("look at @hello.txt", "look at @hello.txt "),
        ("use $skill", "use $skill "),
        ("look at @hello.txt first", "look at @hello.txt first"),
        ("mail to me@example.com", "mail to me@example.com"),
    ] {
        let mut desk = Desk::of("codex", &codex_typing(""), text, false);
        desk.types(&[&format!("paste {typed}")], &codex_typing(text));
        desk.scene.after(150);
        assert!(desk.wants(&["Enter"]), "{text}");
    }
    let mut desk = Desk::prompt(&composing("", IDLE), "look at @a.txt", false);
    assert!(desk.wants(&["paste look at @a.txt "]));
}

#[test]
fn an_empty_composer_is_proof_when_nothing_better_comes() {
    let mut desk = Desk::prompt(&composing("", IDLE), "/clear", false);
    desk.types(&["paste /clear"], &composing("/clear", IDLE));
    desk.scene.after(150);
    desk.types(&["Enter"], &composing("", IDLE));
    assert_eq!(desk.step(), Step::Wait);
    assert_eq!(desk.ends(1000), (Ok(Proof::Composer), None));
}

#[test]
fn a_hook_is_proof() {
    let mut desk = Desk::prompt(&composing("", IDLE), "go", false);
    desk.types(&["paste go"], &composing("go", IDLE));
    desk.scene.after(150);
    desk.types(&["Enter"], &composing("go", IDLE));
    let hook = r#"{"hook_event_name":"UserPromptSubmit"}"#;
    let hook = crate::agent::Hook::read(hook).unwrap();
    desk.scene.watch.hook(&hook, desk.scene.now);
    assert_eq!(desk.ends(300), (Ok(Proof::Hook), None));
}

#[test]
fn several_lines_and_long_pastes_are_recognised() {
    for shown in ["one\n  two", "[Pasted text #1 +2 lines]", "one\n  tw\n  o"] {
        let mut desk = Desk::prompt(&composing("", IDLE), "one\ntwo", false);
        desk.types(&["paste one\ntwo"], &composing(shown, IDLE));
        desk.scene.after(150);
        desk.types(&["Enter"], &claude("✻ Thinking…", BUSY));
        assert_eq!(desk.ends(100), (Ok(Proof::Busy), None), "{shown}");
    }
}

#[test]
fn what_speaks_against_a_prompt_is_said_and_nothing_is_typed() {
    let busy = composing("", BUSY);
    let draft = composing("of somebody", IDLE);
    let rows = [
        (DIALOG, Hindrance::Dialog),
        (&busy, Hindrance::Busy),
        (&draft, Hindrance::Draft),
        ("● Nothing of a composer", Hindrance::NotAtPrompt),
    ];
    for (screen, hindrance) in rows {
        let mut desk = Desk::prompt(screen, "say hello", false);
        assert_eq!(desk.ends(1500), (Err(hindrance), None), "{screen}");
        assert!(!desk.task.has_typed_before());
    }
}

#[test]
fn a_dialog_between_the_look_and_the_typing_types_nothing() {
    let mut desk = Desk::prompt(&composing("", IDLE), "say hello", false);
    assert!(matches!(desk.step(), Step::Type(_)));
    desk.scene.show(DIALOG);
    assert!(!desk.may_send());
    assert_eq!(desk.ends(0), (Err(Hindrance::Dialog), None));
}

#[test]
fn a_dialog_before_enter_is_not_answered_by_it() {
    let mut desk = Desk::prompt(&composing("", IDLE), "say hello", false);
    desk.types(&["paste say hello"], &composing("say hello", IDLE));
    desk.scene.after(150);
    assert!(matches!(desk.step(), Step::Type(_)));
    desk.scene.show(DIALOG);
    assert!(!desk.may_send());
    assert_eq!(
        desk.ends(0),
        (Err(Hindrance::Dialog), left("say hello", false))
    );
}

#[test]
fn regression_a_dialog_is_named_once_it_is_said_and_one_of_a_moment_is_none() {
    let begun = || {
        let mut desk = Desk::prompt(&composing("", IDLE), "say hello", false);
        desk.types(&["paste say hello"], &composing("say hello", IDLE));
        let dialog = format!("\x1b[H\x1b[2J{}", DIALOG.replace('\n', "\r\n"));
        desk.scene.watch.output(dialog.as_bytes(), desk.scene.now);
        assert_eq!(desk.step(), Step::Wait, "it may be half of a screen");
        desk
    };
    let dialog = (Err(Hindrance::Dialog), left("say hello", false));
    assert_eq!(begun().ends(100), dialog);
    let mut desk = begun();
    desk.scene.show(&composing("say hello", IDLE)).after(150);
    desk.types(&["Enter"], &claude("✻ Thinking…", BUSY));
    assert_eq!(desk.ends(100), (Ok(Proof::Busy), None));
}

#[test]
fn an_agent_that_has_begun_to_work_gets_no_enter_and_keeps_no_text() {
    let mut desk = Desk::prompt(&composing("", IDLE), "one\ntwo", false);
    desk.types(&["paste one\ntwo"], &composing("one\n  two", BUSY));
    desk.types(&["C-u", "BSpace"], &composing("one", BUSY));
    desk.types(&["C-u", "BSpace"], &composing("", BUSY));
    assert_eq!(desk.ends(0), (Err(Hindrance::Busy), left("", true)));
}

#[test]
fn what_can_not_be_taken_out_is_said() {
    let mut desk = Desk::prompt(&composing("", IDLE), "say hello", false);
    desk.types(&["paste say hello"], &composing("say hello", BUSY));
    desk.types(&["C-u", "BSpace"], &composing("say hello", BUSY));
    assert_eq!(
        desk.ends(1000),
        (Err(Hindrance::Busy), left("say hello", true))
    );
}

#[test]
fn an_agent_that_works_queues_a_prompt_if_that_is_wanted() {
    let mut desk = Desk::prompt(&composing("", BUSY), "then this", true);
    desk.types(&["paste then this"], &composing("then this", BUSY));
    desk.scene.after(150);
    let queued = composing("Press up to edit queued messages", BUSY);
    desk.types(&["Enter"], &queued);
    assert_eq!(desk.ends(1000), (Err(Hindrance::Queued), left("", true)));
}

#[test]
fn a_prompt_that_takes_several_rows_is_seen_in_aider() {
    let text = "word ".repeat(40);
    let text = text.trim_end();
    let rows = format!("hello.txt\ndiff> {}\n{}", &text[..100], &text[100..]);
    let mut desk = Desk::of("aider", "hello.txt\ndiff> ", text, false);
    desk.types(&[&format!("paste {text}")], &rows);
    desk.scene.after(150);
    let works = format!("{rows}\n\n░█  Waiting for openai/fake-model");
    desk.types(&["Enter"], &works);
    assert_eq!(desk.ends(100), (Ok(Proof::Busy), None));
}

/// OpenCode at its prompt, and above it what was submitted last.
fn opencode(above: &str) -> String {
    format!(
        "{above}\n\n  ┃\n  ┃\n  ┃\n  ┃  Build · Fake model Scripted\n  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀\n   ■■⬝⬝⬝⬝⬝⬝  esc interrupt    ctrl+p commands"
    )
}

#[test]
fn a_prompt_above_the_composer_is_not_in_it() {
    let mut desk = Desk::of("opencode", &opencode("     Text"), "then this", true);
    let typed = "     Text\n\n  ┃\n  ┃  then this\n  ┃\n  ┃  Build · Fake model Scripted\n  ╹▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀\n   ■■⬝⬝⬝⬝⬝⬝  esc interrupt    ctrl+p commands";
    desk.types(&["paste then this"], typed);
    desk.scene.after(150);
    let queued = opencode("     Text\n\n  ┃\n  ┃  then this\n  ┃  QUEUED\n  ┃");
    desk.types(&["Enter"], &queued);
    assert_eq!(desk.ends(1000), (Err(Hindrance::Queued), left("", true)));
}

#[test]
fn a_digit_makes_a_choice_where_the_rules_say_so() {
    let dialog = "  ┃\n  ┃  Which colour should the bar have?\n  ┃\n  ┃  1. Red\n  ┃     A red bar\n  ┃  2. Blue\n  ┃     A blue bar\n  ┃\n  ┃  ↑↓ select  enter submit  esc dismiss\n  ┃";
    let choice = AnswerChoice::Text("Blue".to_owned());
    let mut desk = Desk::answer_of("opencode", dialog, choice);
    desk.types(&["2"], &opencode("     Blue it is."));
    assert_eq!(desk.ends(100), (Ok(Proof::Dialog), None));
}

#[test]
fn enter_that_does_nothing_is_no_proof() {
    let mut desk = Desk::prompt(&composing("", IDLE), "say hello", false);
    desk.types(&["paste say hello"], &composing("say hello", IDLE));
    desk.scene.after(150);
    desk.types(&["Enter"], &composing("say hello", IDLE));
    desk.scene.after(10_000);
    desk.types(&["C-u", "BSpace"], &composing("", IDLE));
    assert_eq!(desk.ends(0), (Err(Hindrance::NotTaken), left("", true)));
}

#[test]
fn an_agent_that_ends_meanwhile_is_told() {
    let mut desk = Desk::prompt(&composing("", IDLE), "say hello", false);
    desk.types(&["paste say hello"], &composing("say hello", IDLE));
    desk.scene.watch.gone(desk.scene.now);
    assert_eq!(desk.ends(0).0, Err(Hindrance::Exited));
}

#[test]
fn a_choice_is_moved_to_looked_at_and_confirmed() {
    let other = DIALOG.replace("❯ 1.", "  1.").replace("  3. No", "❯ 3. No");
    let choices = [AnswerChoice::Number(3), AnswerChoice::Text("no".to_owned())];
    for choice in choices {
        let mut desk = Desk::answer(choice);
        let status = desk.scene.status();
        let options = ["Yes", "Yes, and don't ask again", "No"];
        assert_eq!(status.dialog.clone().unwrap().options, options);
        desk.types(&["Down", "Down"], &other);
        assert_eq!(desk.scene.status().dialog, status.dialog, "it is the same");
        // The sign is drawn before Enter means that choice.
        assert!(matches!(desk.step(), Step::Wait));
        desk.scene.after(150);
        desk.types(&["Enter"], &claude("✻ Thinking…", BUSY));
        assert_eq!(desk.ends(100), (Ok(Proof::Dialog), None));
    }
}

#[test]
fn a_clock_above_a_dialog_does_not_make_it_another_one() {
    let dialog = |seconds: &str| {
        format!(
            " ● I run it.\n\n $ Shell Run the checks         {seconds} ┃\n   ./check.sh         ┃\n\n╭──────╮\n│ Do you want to edit hello.txt?  │\n│ ❯ 1. Yes  │\n│   2. No   │\n│ ↑/↓ to navigate · enter to select · esc to cancel │\n╰──────╯"
        )
    };
    // It comes after some seconds only.
    for (before, after) in [("", "5s"), ("5s", "6s")] {
        let mut desk = Desk::answer_of("copilot", &dialog(before), AnswerChoice::Number(1));
        desk.scene.show(&dialog(after)).after(100);
        assert!(desk.wants(&["Enter"]), "{before} {after}");
    }
}

#[test]
fn regression_a_choice_that_escape_makes_is_not_confirmed() {
    let dialog = "╭──────╮\n│ Do you want to edit hello.txt?  │\n│ ❯ 1. Yes  │\n│   2. No, and tell Copilot what to do differently (Esc to stop)  │\n│ ↑/↓ to navigate · enter to select · esc to cancel │\n╰──────╯";
    let mut desk = Desk::answer_of("copilot", dialog, AnswerChoice::Number(2));
    assert!(desk.wants(&["Escape"]));
    let mut desk = Desk::answer_of("copilot", dialog, AnswerChoice::Number(1));
    assert!(desk.wants(&["Enter"]));
}

#[test]
fn an_answer_to_another_dialog_types_nothing() {
    let next = DIALOG.replace("proceed?", "make this edit to hello.txt?");
    let mut desk = Desk::answer(AnswerChoice::Number(1));
    desk.scene.show(&next);
    assert_eq!(desk.ends(0), (Err(Hindrance::OtherDialog), None));
    // The same words, asked again after work, are another dialog too.
    let mut desk = Desk::answer(AnswerChoice::Number(1));
    desk.scene.show(&claude("✻ Thinking…", BUSY)).after(100);
    desk.scene.show(DIALOG);
    assert_eq!(desk.ends(0), (Err(Hindrance::OtherDialog), None));
    let mut desk = Desk::answer(AnswerChoice::Number(1));
    desk.scene.show(&claude("✻ Thinking…", BUSY)).after(100);
    assert_eq!(desk.ends(0), (Err(Hindrance::NoDialog), None));
}

#[test]
fn a_dialog_that_changes_between_look_and_keys_is_not_confirmed() {
    let next = DIALOG.replace("proceed?", "make this edit to hello.txt?");
    let mut desk = Desk::answer(AnswerChoice::Number(1));
    assert!(matches!(desk.step(), Step::Type(_)));
    desk.scene.show(&next);
    assert!(!desk.may_send());
    assert_eq!(desk.ends(0), (Err(Hindrance::OtherDialog), None));
    let mut desk = Desk::answer(AnswerChoice::Number(2));
    desk.types(&["Down"], &next);
    assert_eq!(desk.ends(0), (Err(Hindrance::Changed), None));
}

#[test]
fn choices_that_are_not_there_are_none() {
    for choice in [
        AnswerChoice::Number(4),
        AnswerChoice::Number(0),
        AnswerChoice::Text("maybe".to_owned()),
        AnswerChoice::Text(String::new()),
    ] {
        let mut desk = Desk::answer(choice);
        assert_eq!(desk.ends(0), (Err(Hindrance::NoChoice), None));
    }
}
