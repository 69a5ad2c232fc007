//! What other tools were reported to get wrong, each as a test with a name that says it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use super::rules::RuleSet;
use super::scene::{
    RULES, Scene, check, claude, claude_dialog, claude_typing, codex, gemini, process, rule,
};
use super::status::State;
use super::watch::PaneWatch;

const MANUAL: &str = "⏸ manual mode on · ? for shortcuts";
const BUSY: &str = "⏸ manual mode on · esc to interrupt";

const BASH_DIALOG: &str = " Bash command\n\n   sleep 8; touch done\n   Wait and touch\n\n Do you want to proceed?\n ❯ 1. Yes\n   2. Yes, and don't ask again for sleep commands\n   3. No\n\n Esc to cancel · Tab to amend";

// --- false working

#[test]
fn stale_scrollback_is_not_work() {
    let old = "* Swirling… (3s · ↓ 38 tokens · esc to interrupt)\n● Done.\n\n❯ and now?\n\n● Nothing more.";
    check("claude", &claude(old, MANUAL), "ready");
    check(
        "codex",
        &codex("• Working (5s • esc to interrupt)\n\n• Done.\n\nline\nline\nline\nline\n"),
        "ready",
    );
}

#[test]
fn a_finished_turn_that_quotes_a_busy_mark_is_not_work() {
    let quote = "● The status line says \"esc to interrupt\", and the spinner \"✻ Thinking… (4s)\".\n  ✻ Thinking… (4s · esc to interrupt)\n\n✻ Cooked for 8s";
    check("claude", &claude(quote, MANUAL), "ready");
    check(
        "gemini",
        &gemini("✦ It prints (esc to cancel, 3s) while it works."),
        "ready",
    );
    check(
        "opencode",
        "It says esc interrupt while it works.\n┃\n▣  Build · Fake · 3.0s\n\n┃  prompt\n\n~/p  1.3K (1%)  ctrl+p commands",
        "ready",
    );
    check(
        "copilot",
        "● It shows: ◉ Working · esc esc interrupt\n\n❯ prompt\n──\n← open sidebar · Interactive · Manual Approval · / commands · ? help",
        "ready",
    );
}

#[test]
fn quotes_of_busy_marks_and_questions_are_none_in_other_agents_either() {
    let quote = "✦ It prints:\n    .. Thinking (4s · ↓ 3 tokens · esc to cancel), I say\n    (esc to cancel, 4s)\n    Waiting for user confirmation...";
    check("qwen", &gemini(quote), "ready");
    check(
        "aider",
        "diff> go\n\nIt asks: Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]: y\n░█  Waiting for x\n\ndiff> ",
        "ready",
    );
}

#[test]
fn an_agent_that_was_told_to_print_working_is_not_working() {
    let printed = "● Working...\n  Working…\n  Thinking…\n\n✻ Baked for 3s · done 6:38 AM";
    check("claude", &claude(printed, MANUAL), "ready");
    check(
        "codex",
        &codex("• Working...\n\n─ Worked for 8s • 06:38 ─"),
        "ready",
    );
}

// --- false idle

#[test]
fn a_list_of_tasks_that_pushes_the_spinner_up_is_still_work() {
    let tasks: String = (0..12)
        .map(|number| format!("     ◻ Task {number}\n"))
        .collect();
    let said = format!(
        "● I begin.\n\n✻ Reading the file… (12s · ↓ 38 tokens)\n  ⎿  ◼ Read the file\n{tasks}"
    );
    check("claude", &claude(&said, "? for shortcuts"), "busy");
    check("claude", &claude(&said, BUSY), "busy");
    let box_of_tasks = "...  Counting sheep (13s · ↓ 33 tokens · esc to cancel)\n\n╭────╮\n│ Current tasks │\n│ ○ a │\n│ ○ b │\n│ ○ c │\n│ ○ d │\n╰────╯\n\n────\n>   Type your message or @path/to/file\n────\n  ? for shortcuts";
    check("qwen", box_of_tasks, "busy");
}

#[test]
fn elapsed_times_above_59_seconds_are_work() {
    for elapsed in ["59s", "1m 6s", "12m 0s", "1h 2m 3s"] {
        let said = format!("● Text\n\n✻ Swirling… ({elapsed} · ↓ 1.2k tokens)");
        check("claude", &claude(&said, "? for shortcuts"), "busy");
        check(
            "codex",
            &codex(&format!("• Working ({elapsed} • esc to interrupt)")),
            "busy",
        );
        check(
            "gemini",
            &gemini(&format!("⠦ Thinking... (esc to cancel, {elapsed})")),
            "busy",
        );
        check(
            "qwen",
            &gemini(&format!(
                "..  Thinking ({elapsed} · ↓ 3 tokens · esc to cancel)"
            )),
            "busy",
        );
    }
}

#[test]
fn busy_marks_that_are_wrapped_are_work() {
    check(
        "qwen",
        &gemini("✦ Text\n\n..  My other process is a TARDIS...\n(1s · ↓ 3 tokens · esc to cancel)"),
        "busy",
    );
    check(
        "gemini",
        &gemini("⠦ Weighing all of the many rules\n  (esc to cancel, 4s)"),
        "busy",
    );
    check(
        "claude",
        &claude("● Text", "⏸ manual mode on · esc to\n  interrupt"),
        "busy",
    );
}

#[test]
fn a_new_suffix_after_the_ellipsis_is_work() {
    for suffix in [
        "",
        " (3s · ↓ 38 tokens · thinking)",
        " (10s · thought for 10s)",
        " [2/5] anything new",
    ] {
        check(
            "claude",
            &claude(
                &format!("● Text\n\n✢ Improvising…{suffix}"),
                "? for shortcuts",
            ),
            "busy",
        );
    }
}

#[test]
fn subagents_are_work() {
    let said = "● Task(Look around)\n  ⎿  Backgrounded agent (↓ to manage · ctrl+o to expand)\n\n✻ Waiting for 1 background agent to finish";
    let mode = "⏸ manual mode on · 2 background tasks · ↓ to manage\n\n  ● main\n  ◯ general-purpose  Look around   3s · ↑ 1.2k tokens";
    check("claude", &claude(said, mode), "busy");
    let mut scene = Scene::new("claude");
    scene
        .show(&claude("● Text", MANUAL))
        .registry("\"busy\"")
        .after(5000)
        .says("busy");
}

// --- false blocked

#[test]
fn prose_that_asks_is_no_dialog() {
    let prose = "● Would you like to proceed? Do you want to make this edit?\n  ❯ 1. Yes\n    2. No\n  Esc to cancel · Tab to amend";
    check("claude", &claude(prose, MANUAL), "ready");
    check("claude", &claude(prose, BUSY), "busy");
    let codex_prose = "• Would you like to run the following command? yes\n  Press enter to confirm or esc to cancel\n\n\n";
    check("codex", &codex(codex_prose), "ready");
    check(
        "opencode",
        "△ Permission required, it says.\n▣  Build · Fake · 1s\n┃  prompt\n~/p  1.3K (1%)  ctrl+p commands",
        "ready",
    );
    check(
        "gemini",
        &gemini("✦ Do you want to proceed? Allow execution of [Shell]?\n  ● 1. Yes"),
        "ready",
    );
    check(
        "copilot",
        "● Do you want to run this command? yes\n\n❯\n← open sidebar · Interactive · / commands · ? help",
        "ready",
    );
}

#[test]
fn thinking_does_not_flicker() {
    let mut scene = Scene::new("claude");
    for second in 0..120 {
        // The prompt's box is drawn anew each time, in pieces, and each piece stands for a moment.
        let said = format!("● Text\n\n✻ Thinking… ({second}s · ↓ 38 tokens)");
        let screen = claude(&said, BUSY);
        let (one, other) = screen.split_at(screen.rfind('\u{276f}').unwrap());
        scene
            .show(one)
            .bytes(&other.replace('\n', "\r\n"))
            .after(800);
    }
    scene.says("busy");
    assert_eq!(scene.said, [State::Unknown, State::Busy]);
}

// --- false waiting

#[test]
fn silence_in_mid_thought_is_not_waiting() {
    let mut scene = Scene::new("claude");
    scene
        .show(&claude("● Text\n\n✻ Thinking… (9s)", BUSY))
        .says("busy");
    scene.after(600_000).says("busy");
}

// --- identity

#[test]
fn helper_processes_are_no_sessions() {
    let rules = &*RULES;
    let shell = process(1, 0, "-bash");
    for helper in [
        "/opt/codex app-server --listen unix://",
        "/opt/codex mcp-server",
        "claude mcp serve",
        "/opt/opencode serve",
        "node /opt/copilot-language-server/dist/main.js",
        "tail -f claude.log",
        "vim codex",
        "git commit -m claude",
        "node /opt/server.js --name gemini",
    ] {
        let tree = [shell.clone(), process(2, 1, helper)];
        let found = rules.identify(1, &tree);
        assert!(found.is_none(), "{helper}");
    }
}

#[test]
fn sibling_panes_do_not_inherit_a_state() {
    let mut scene = Scene::new("claude");
    let mut sibling = PaneWatch::new(Arc::clone(&RULES), 80, 40, scene.now);
    scene.show(&claude("✻ Thinking… (9s)", BUSY)).says("busy");
    sibling.processes(
        9,
        &[
            process(9, 0, "-bash"),
            process(1, 0, "-bash"),
            process(2, 1, "claude"),
        ],
        scene.now,
    );
    assert_eq!(sibling.poll(scene.now), None);
    assert_eq!(sibling.status(scene.now), None);
}

#[test]
fn an_agent_whose_command_reads_bash_while_a_tool_runs_is_that_agent() {
    let mut scene = Scene::new("claude");
    scene
        .show(&claude(
            "● Bash(sleep 8)\n  ⎿  Running… (3s)\n\n✻ Swirling… (3s)",
            BUSY,
        ))
        .says("busy");
    let tree = [
        process(1, 0, "-bash"),
        process(2, 1, "/opt/claude"),
        process(3, 2, "bash -c sleep"),
        process(4, 3, "sleep 8"),
    ];
    scene.watch.processes(1, &tree, scene.now);
    scene.after(1000).says("busy");
    assert_eq!(scene.said, [State::Unknown, State::Busy]);
}

#[test]
fn background_shells_are_a_field_and_no_state() {
    let mut scene = Scene::new("claude");
    let mode = "⏸ manual mode on · 1 shell · ↓ to manage";
    scene
        .show(&claude("✻ Cooked for 8s · 1 shell still running", mode))
        .registry("\"shell\"")
        .after(1000)
        .says("ready");
    assert_eq!(scene.status().vitals.background.shells, Some(1));
    scene
        .show(&claude(
            "✻ Swirling… (3s)",
            "⏸ manual mode on · 1 shell · esc to interrupt",
        ))
        .says("busy");
    assert_eq!(scene.status().vitals.background.shells, Some(1));
}

// --- the reports of 2026

#[test]
fn aoe_1913_a_visible_dialog_beats_a_later_hook_of_the_same_turn() {
    let mut scene = Scene::new("claude");
    scene
        .event("PermissionRequest")
        .show(&claude_dialog("● Text", BASH_DIALOG))
        .says("waiting permission");
    scene
        .event("PostToolUse")
        .after(10)
        .says("waiting permission");
    scene
        .event("PreToolUse")
        .after(60_000)
        .says("waiting permission");
}

#[test]
fn aoe_1120_codex_waits_although_its_footer_says_esc_to_interrupt() {
    let question = "  Question 1/1 (1 unanswered)\n  Which colour?\n\n  › 1. Red\n    2. Blue\n\n  tab to add notes | enter to submit answer | esc to interrupt";
    check("codex", question, "waiting question");
}

#[test]
fn agenmux_8_a_star_in_the_title_is_not_done() {
    let mut scene = Scene::new("claude");
    scene
        .title("✳ Claude Code")
        .show(&claude("● Text\n\n✶ Frobnicating… (3s)", BUSY))
        .after(10_000)
        .says("busy");
    let mut scene = Scene::new("claude");
    scene.title("✳ Claude Code").after(10_000).says("unknown");
}

#[test]
fn codeman_246_a_prompt_that_is_redrawn_each_second_is_not_idle() {
    let mut scene = Scene::new("claude");
    scene.show(&claude("✻ Thinking… (9s)", BUSY)).says("busy");
    for _ in 0..30 {
        // Only the prompt's row passes in the stream.
        scene
            .bytes("\x1b7\x1b[4;1H\x1b[K❯ \x1b8")
            .after(1000)
            .says("busy");
    }
}

#[test]
fn dotfiles_550_esc_ends_busy_although_no_hook_fires() {
    let mut scene = Scene::new("claude");
    scene
        .show(&claude("✻ Thinking… (1s)", BUSY))
        .event("UserPromptSubmit")
        .event("PreToolUse")
        .after(4000)
        .says("busy");
    scene
        .show(&claude(
            "❯ go\n  ⎿  Interrupted · What should Claude do instead?",
            MANUAL,
        ))
        .after(1000);
    scene.says("ready interrupted");
    // Early: nothing had come, and the prompt's text is put back.
    let mut scene = Scene::new("claude");
    scene
        .show(&claude("", MANUAL))
        .event("UserPromptSubmit")
        .says("busy");
    scene
        .after(200)
        .show(&claude("✻ Thinking…", BUSY))
        .after(100);
    scene
        .show(&claude_typing("", "go", MANUAL))
        .after(3000)
        .says("ready");
}

#[test]
fn cmux_1238_long_executions_are_busy_in_both_versions() {
    let said = "● Bash(make)\n  ⎿  Running… (4m 3s)\n     (ctrl+b ctrl+b (twice) to run in background)\n\n✻ Swirling… (4m 5s · ↓ 324 tokens)";
    check("claude", &claude(said, BUSY), "busy");
    check("claude", &claude(said, "esc to interrupt"), "busy");
    let mut scene = Scene::new("claude");
    scene.title("⠐ Build it").show("").after(5000).says("busy");
}

#[test]
fn agi_cli_1617_unknown_is_said_only_without_any_evidence() {
    let mut scene = Scene::new("claude");
    scene.after(5000).says("unknown");
    scene
        .show(&claude("● Text", MANUAL))
        .after(1000)
        .says("ready");
    let mut scene = Scene::new("claude");
    scene.registry("\"busy\"").says("busy");
    let mut scene = Scene::new("codex");
    scene.report("state=working").says("busy");
}

#[test]
fn herdr_1630_and_760_no_title_and_more_than_a_minute_are_work() {
    let mut scene = Scene::new("claude");
    scene
        .title("")
        .show(&claude("✻ Swirling… (59s)", BUSY))
        .says("busy");
    scene
        .show(&claude("✻ Swirling… (1m 6s · ↓ 324 tokens)", BUSY))
        .after(5000)
        .says("busy");
    assert_eq!(scene.status().vitals.elapsed.unwrap().as_secs(), 66);
    assert_eq!(scene.status().vitals.tokens, Some(324));
}

#[test]
fn herdr_4064_prose_with_would_you_like_and_yes_is_no_dialog() {
    let prose = "● Would you like me to go on? Answer yes or no.\n  1. Yes\n  2. No";
    for agent in ["claude", "codex", "gemini", "qwen"] {
        let screen = match agent {
            "claude" => claude(prose, MANUAL),
            "codex" => codex(prose),
            _ => gemini(prose),
        };
        check(agent, &screen, "ready");
    }
}

#[test]
fn herdr_1763_a_permanent_footer_is_no_dialog() {
    for mode in [
        "⏸ plan mode on (shift+tab to cycle)",
        "Press Ctrl-C again to exit",
        "Esc to cancel is a hint",
    ] {
        check("claude", &claude("● Text", mode), "ready");
    }
}

#[test]
fn dotfiles_2718_quotes_on_an_opencode_screen_count_for_nothing() {
    let quotes = "  esc interrupt\n  △ Permission required\n  Allow once   Allow always   Reject\n  enter confirm  esc dismiss\n\n▣  Build · Fake model · 14.6s\n\n┃  \n┃  Build  Fake model\n\n~/project  1.3K (1%)  ctrl+p commands";
    check("opencode", quotes, "ready");
}

#[test]
fn harness_remote_305_an_ended_process_beats_everything() {
    let mut scene = Scene::new("claude");
    scene
        .title("⠐ Work")
        .show(&claude("✻ Thinking… (1s)", BUSY))
        .event("PreToolUse")
        .registry("\"busy\"")
        .says("busy");
    scene
        .watch
        .processes(1, &[process(1, 0, "-bash")], scene.now);
    scene.after(0).says("exited");
    scene
        .title("⠐ Work")
        .show(&claude("✻ Thinking… (1s)", BUSY))
        .after(60_000)
        .says("exited");
    // And a new one begins anew, whatever title was left behind by the one before.
    scene.title("shell");
    scene.watch.processes(
        1,
        &[process(1, 0, "-bash"), process(9, 1, "/opt/codex")],
        scene.now,
    );
    scene.after(0).says("unknown");
    assert_eq!(scene.status().agent, "codex");
}

#[test]
fn irrlicht_2034_a_notification_that_it_is_idle_is_not_work() {
    let mut scene = Scene::new("claude");
    scene.hook(
        r#"{"hook_event_name":"Notification","notification_type":"idle_prompt","message":"waits"}"#,
    );
    scene.after(1000).says("ready");
    scene.hook(r#"{"hook_event_name":"Notification","notification_type":"permission_prompt"}"#);
    scene.after(10).says("waiting permission");
    scene.hook(r#"{"hook_event_name":"Notification","notification_type":"something_new"}"#);
    scene.after(10).says("waiting permission");
}

#[test]
fn herdr_2711_and_3563_rules_are_changed_while_it_runs_and_new_agents_are_known() {
    let mut scene = Scene::new("claude");
    scene
        .show(&claude("● Text", "my own mode line"))
        .after(1000)
        .says("ready");
    let file = "id = \"claude\"\n[[rule]]\nid = \"mine\"\nstate = \"waiting\"\nreason = \"mine\"\npriority = 2000\nwhen = { region = \"mode_line\", contains = \"my own\" }\n";
    let other = "id = \"new-agent\"\n[identify]\nnames = [\"new-agent\"]\n[[rule]]\nid = \"a\"\nstate = \"busy\"\npriority = 1\nwhen = { region = \"screen\", contains = \"works\" }\n";
    let rules = Arc::new(RuleSet::with(&[("a.toml", file), ("b.toml", other)]).unwrap());
    scene.watch.set_rules(Arc::clone(&rules), scene.now);
    scene.after(100).says("waiting mine");
    scene.watch.processes(
        1,
        &[process(1, 0, "-bash"), process(3, 1, "/opt/new-agent")],
        scene.now,
    );
    scene.show("it works").says("busy");
    assert_eq!(scene.status().agent, "new-agent");
}

#[test]
fn a_rule_that_is_quoted_in_a_dialog_is_none() {
    let rules = format!("{}\n● quoted\n{}", rule(), rule());
    check(
        "claude",
        &claude_dialog(&rules, BASH_DIALOG),
        "waiting permission",
    );
}
