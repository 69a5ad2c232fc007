//! What real agents were seen to do otherwise than everybody believed, each as a test with a name that says it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::scene::{
    Scene, check, claude, claude_dialog, claude_typing, codex, gemini, process, rule,
};
use super::status::{Source, State};

const MANUAL: &str = "⏸ manual mode on · ? for shortcuts";
const BUSY: &str = "⏸ manual mode on · esc to interrupt";

#[test]
fn c1_codex_reports_its_states_in_band() {
    let mut scene = Scene::new("codex");
    // While text streams there is no row that says so.
    scene
        .report("state=idle:app=codex")
        .show(&codex("• Some text"))
        .after(1000)
        .says("ready");
    scene
        .report("state=working")
        .says("busy")
        .after(60_000)
        .says("busy");
    assert_eq!(scene.status().source, Some(Source::Report));
    scene
        .report("state=blocked:kind=permission")
        .says("waiting permission");
    scene.report("state=working").says("busy");
    scene
        .report("state=blocked:kind=question")
        .says("waiting question");
    scene
        .report("state=working")
        .report("state=done")
        .says("ready");
    scene
        .report("state=working")
        .report("state=error")
        .says("error");
    assert!(!scene.said.contains(&State::Exited));
}

#[test]
fn c1_claude_reports_when_somebody_answers_its_query() {
    let mut scene = Scene::new("claude");
    scene
        .report("state=working:msg=UnVubmluZyBhIGNvbW1hbmQ=")
        .says("busy");
    assert_eq!(scene.status().message.as_deref(), Some("Running a command"));
    scene
        .report("state=blocked:kind=auth")
        .says("waiting login");
}

#[test]
fn c2_claudes_star_is_no_evidence_and_braille_is_work() {
    let mut scene = Scene::new("claude");
    scene.title("✳ Claude Code").after(5000).says("unknown");
    scene.title("⠂ Claude Code").says("busy");
    scene.title("◐ Claude Code").says("busy");
}

#[test]
fn c3_a_glyph_without_an_ellipsis_may_be_work() {
    let retry =
        "❯ go\n\n✻ 429 This request would exceed your rate limit · retrying in 4s · attempt 4/10";
    check("claude", &claude(retry, BUSY), "busy retrying");
    check(
        "claude",
        &claude(
            "✻ Waiting for 1 background agent to finish",
            "⏸ manual mode on · 2 background tasks · ↓ to manage",
        ),
        "busy",
    );
    for finished in [
        "✻ Cooked for 8s",
        "✻ Cooked for 8s · done 6:38 AM",
        "✻ Baked for 1m 6s · 1 shell still running",
        "✻ Brewed for 1h 2m 3s",
    ] {
        check("claude", &claude(finished, MANUAL), "ready");
    }
    check(
        "claude",
        &claude(
            "✻ Swirling… (10s · ↓ 155 tokens · thought for 10s)",
            "? for shortcuts",
        ),
        "busy",
    );
}

#[test]
fn c4_the_row_of_the_mode_says_that_claude_works() {
    for mode in [
        BUSY,
        "esc to interrupt",
        "⏵⏵ accept edits on (shift+tab to cycle) · esc to interrupt",
        "⏸ manual mode on · 1 shell · esc to interrupt · ↓ to manage",
    ] {
        check("claude", &claude("● Text", mode), "busy");
    }
    // Below a status line of the user's own.
    check(
        "claude",
        &claude(
            "● Text",
            "main | 3 files\n  ⏸ manual mode on · esc to interrupt",
        ),
        "busy",
    );
}

#[test]
fn c5_claudes_dialogs_have_different_footers_or_none() {
    let bash = " Bash command\n\n   sleep 8\n\n Do you want to proceed?\n ❯ 1. Yes\n   2. No\n\n Esc to cancel · Tab to amend";
    check(
        "claude",
        &claude_dialog("● Text", bash),
        "waiting permission",
    );
    check(
        "claude",
        &claude_dialog("● Text", &format!("{bash} · ctrl+e to explain")),
        "waiting permission",
    );
    let tasks = "\n\n  3 tasks (0 done, 1 in progress, 2 open)\n  ◼ Read the file\n  ◻ Write it\n  ◻ Test it";
    check(
        "claude",
        &claude_dialog("● Text", &format!("{bash}{tasks}")),
        "waiting permission",
    );
    let fetch = " Fetch\n\n   https://127.0.0.1/x\n   Claude wants to fetch content from 127.0.0.1\n\n Do you want to allow Claude to fetch this content?\n ❯ 1. Yes\n   2. Yes, and don't ask again for 127.0.0.1\n   3. No, and tell Claude what to do differently (esc)";
    check(
        "claude",
        &claude_dialog("● Text", fetch),
        "waiting permission",
    );
    let edit = format!(
        " Edit file\n hello.txt\n{dashes}\n 1 -a\n 1 +b\n{dashes}\n Do you want to make this edit to hello.txt?\n ❯ 1. Yes\n   2. Yes, allow all edits during this session (shift+tab)\n   3. No\n\n Esc to cancel · Tab to amend",
        dashes = "╌".repeat(80)
    );
    check(
        "claude",
        &claude_dialog("● Text", &edit),
        "waiting permission",
    );
    let plan = " Ready to code?\n\n Here is Claude's plan:\n Do it.\n\n Claude has written up a plan and is ready to execute. Would you like to proceed?\n\n ❯ 1. Yes, auto-accept edits\n   2. Yes, manually approve edits\n   3. No, keep planning\n\n ctrl+g to edit in Vim · ~/.claude/plans/x.md";
    check("claude", &claude_dialog("● Text", plan), "waiting plan");
    let question = format!(
        " ☐ Colour\n\n Which colour should the bar have?\n\n ❯ 1. Red\n      A warm one\n   2. Blue\n      A cold one\n   3. Type something.\n{}\n   4. Chat about this\n\n Enter to select · ↑/↓ to navigate · Esc to cancel",
        rule()
    );
    check(
        "claude",
        &claude_dialog("● Text", &question),
        "waiting question",
    );
}

#[test]
fn c5_a_dialog_whose_beginning_has_scrolled_away_is_one() {
    let lines: String = (0..60).map(|number| format!(" {number} +line\n")).collect();
    let edit = format!(
        "{lines} Do you want to make this edit to hello.txt?\n ❯ 1. Yes\n   2. No\n\n Esc to cancel · Tab to amend"
    );
    check("claude", &edit, "waiting permission");
}

#[test]
fn c6_claude_asks_for_trust_without_numbers_too() {
    let trust = format!(
        "{}\n Accessing workspace:\n\n ~/project\n\n Quick safety check: Is this a project you created or one you trust?\n\n OPTIONS\n\n Enter to confirm · Esc to cancel",
        rule()
    );
    check(
        "claude",
        &trust.replace("OPTIONS", "❯ No, exit\n   Yes, I trust this folder"),
        "waiting trust",
    );
    check(
        "claude",
        &trust.replace("OPTIONS", "❯ 1. Yes, I trust this folder\n   2. No, exit"),
        "waiting trust",
    );
}

#[test]
fn c7_claudes_usage_limit_is_an_error_although_the_registry_says_idle() {
    let limit = "❯ go\n  ⎿  You've hit your 5-hour limit · resets 9:43am (UTC)\n\n● Usage limit reached · set to continue automatically at 9:43am";
    let below = "⏸ manual mode on\n\n  ⚠ Usage limit reached · limit resets 9:43am\n    Continuing automatically at 9:43am · Esc to cancel";
    let mut scene = Scene::new("claude");
    scene
        .show(&claude(limit, below))
        .registry("\"idle\"")
        .after(2000)
        .says("error usage_limit");
    assert_eq!(
        scene.status().vitals.resets_at.as_deref(),
        Some("9:43am (UTC)")
    );
    check(
        "claude",
        &claude(
            "❯ go\n  ⎿  You’ve hit your weekly limit · resets Oct 3, 9am (UTC)",
            MANUAL,
        ),
        "error usage_limit",
    );
}

#[test]
fn c7_claudes_errors_are_errors_until_it_works_again() {
    for (line, expected) in [
        (
            "● API Error: Repeated 529 Overloaded errors. The API is at capacity.",
            "error api_error",
        ),
        (
            "● API Error: Connection lost mid-response. The answer may be incomplete.",
            "error api_error",
        ),
        ("● Please run /login · API Error: 403 denied", "error login"),
        ("  ⎿  Not logged in · Please run /login", "error login"),
        (
            "  ⎿  Context limit reached · /compact or /clear to continue",
            "error api_error",
        ),
        ("  ⎿  Credit balance too low · Add funds", "error api_error"),
        (
            "● API Error: Request rejected (429) · slow down",
            "error api_error",
        ),
    ] {
        let mut scene = Scene::new("claude");
        scene
            .show(&claude(&format!("❯ go\n{line}"), MANUAL))
            .registry("\"idle\"")
            .after(2000)
            .says(expected);
        scene.registry("\"busy\"").after(10).says("busy");
        scene
            .show(&claude(
                &format!("❯ go\n{line}\n\n❯ again\n\n✻ Thinking…"),
                BUSY,
            ))
            .says("busy");
        scene
            .show(&claude(
                &format!("❯ go\n{line}\n\n❯ again\n\n● Done."),
                MANUAL,
            ))
            .registry("\"idle\"")
            .after(2000)
            .says("ready");
    }
    check(
        "claude",
        &claude_typing("● Text", "Resend your message to try again", MANUAL),
        "error api_error",
    );
}

#[test]
fn c8_the_registry_says_what_it_waits_for_and_a_shell_is_idle() {
    let mut scene = Scene::new("claude");
    scene
        .registry("\"waiting\",\"waitingFor\":\"permission prompt\"")
        .says("waiting permission");
    scene
        .registry("\"waiting\",\"waitingFor\":\"input needed\"")
        .says("waiting question");
    scene.registry("\"shell\"").after(200).says("ready");
    // Another process's entry is not this pane's, nor is one of an earlier process with the same id.
    for json in [
        r#"{"pid":77,"status":"busy"}"#,
        r#"{"pid":2,"procStart":8,"status":"busy"}"#,
    ] {
        let registry = super::statement::Registry::read(json).unwrap().unwrap();
        assert!(!scene.watch.registry(&registry, scene.now), "{json}");
    }
    scene.after(1000).says("ready");
}

#[test]
fn c9_codex_works_with_its_row_above_the_prompt_and_while_text_streams() {
    check("codex", &codex("• Working (5s • esc to interrupt)"), "busy");
    let mut scene = Scene::new("codex");
    scene
        .title("⠋ thread | project")
        .show(&codex("• Text that streams"))
        .after(5000)
        .says("busy");
    scene.title("thread | project").after(1000).says("ready");
}

#[test]
fn c10_codex_asks_whether_to_implement_its_plan_although_it_reports_done() {
    let plan = "• Proposed plan\n\n  Implement this plan?\n  › 1. Yes, implement this plan\n    2. No, stay in plan mode\n\n  enter select · esc back";
    let mut scene = Scene::new("codex");
    scene
        .report("state=working")
        .show(plan)
        .report("state=done")
        .after(1000)
        .says("waiting plan");
}

#[test]
fn c11_codex_titles_say_action_required_in_two_ways() {
    for title in [
        "[ ! ] Action Required | project",
        "[ . ] Action Required | project",
    ] {
        let mut scene = Scene::new("codex");
        scene.title(title).says("waiting");
    }
    let approval = "  Would you like to run the following command?\n\n  $ touch done\n\n› 1. Yes, proceed (y)\n  2. No (esc)\n\n  Press enter to confirm or esc to cancel";
    check("codex", approval, "waiting permission");
}

#[test]
fn c12_codex_shows_its_model_and_is_ready() {
    let mut scene = Scene::new("codex");
    scene
        .bytes("\x1b[?1049h")
        .show(&codex("─ Worked for 8s • 06:38 ─"))
        .after(1000)
        .says("ready");
    assert_eq!(scene.status().vitals.model.as_deref(), Some("gpt-5"));
    let errors = [
        (
            "■ unexpected status 401 Unauthorized: no key",
            "error login",
        ),
        (
            "■ exceeded retry limit, last status: 429 Too Many Requests",
            "error api_error",
        ),
        (
            "■ We’re currently experiencing high demand, which may cause temporary errors.",
            "error api_error",
        ),
        (
            "■ stream disconnected before completion: closed",
            "error api_error",
        ),
        (
            "■ You’ve hit your usage limit. Upgrade to Pro (x), visit y or try again at 9:44 AM.",
            "error usage_limit",
        ),
        (
            "■ Conversation interrupted - use /feedback if something went wrong",
            "ready interrupted",
        ),
    ];
    for (line, expected) in errors {
        check("codex", &codex(&format!("› go\n\n{line}")), expected);
        check(
            "codex",
            &codex(&format!("› go\n\n{line}\n\n› again\n\n• Done.")),
            "ready",
        );
    }
    check(
        "codex",
        &codex("• Reconnecting... 1/3 (1s • esc to interrupt)\n  └ Unexpected status 529"),
        "busy retrying",
    );
}

#[test]
fn c13_geminis_title_says_its_state_with_two_exceptions() {
    let mut scene = Scene::new("gemini");
    scene
        .show(&gemini(""))
        .title("◇  Ready (project)      ")
        .after(1000)
        .says("ready");
    scene.title("✦  Working… (project)").says("busy");
    scene.title("✋  Action Required (project)").says("waiting");
    let trust = "╭────────╮\n│ Do you trust the files in this folder? │\n│ ● 1. Trust folder (project) │\n│   2. Don't trust │\n╰────────╯";
    let mut scene = Scene::new("gemini");
    scene
        .title("◇  Ready (project)")
        .show(trust)
        .after(1000)
        .says("waiting trust");
    let limit = "╭────────╮\n│ Usage limit reached for gemini-3.8-flash. │\n│ ● 1. Keep trying │\n│   2. Stop │\n╰────────╯";
    let mut scene = Scene::new("gemini");
    scene
        .title("✦  Working… (project)")
        .show(limit)
        .after(1000)
        .says("waiting usage_limit");
    // Drawn while it works as well.
    check(
        "gemini",
        &gemini("⠦ Thinking... (esc to cancel, 2s)"),
        "busy",
    );
    let shell = "╭────────╮\n│ Shell sleep 8 │\n│ Allow execution of [Shell]? │\n│ ● 1. Allow once │\n│   2. No (esc) │\n╰────────╯";
    check("gemini", shell, "waiting permission");
}

#[test]
fn c14_qwen_and_copilot_have_their_own_words() {
    let confirm = "╭────╮\n│ Apply this change? │\n│ ● 1. Yes, allow once │\n│   2. No (esc) │\n╰────╯\n\n⠏ Waiting for user confirmation...";
    check("qwen", confirm, "waiting permission");
    check(
        "qwen",
        &gemini("..  A joke... (3s · ↓ 33 tokens · esc to cancel)"),
        "busy",
    );
    check("qwen", &gemini("✦ Done."), "ready");
    let frame = "╭────╮\n│ Do you want to run this command? │\n│ ❯ 1. Yes │\n│   2. No │\n╰────╯\n↑/↓ to navigate · enter to select · esc to cancel";
    check("copilot", frame, "waiting permission");
    check(
        "copilot",
        &frame.replace("Do you want to run this command?", "Confirm folder trust"),
        "waiting trust",
    );
    for row in [
        "◉ Working · 19 B esc esc interrupt",
        "○ Working · 19 B esc again to interrupt",
        "● Working  esc esc edit prompt",
    ] {
        check("copilot", &format!("● Text\n\n❯ \n{row}"), "busy");
    }
    let idle = "❯ \n← open sidebar · Interactive · Manual Approval · / commands · ? help";
    check("copilot", &format!("● Text\n\n{idle}"), "ready");
    check(
        "copilot",
        &format!("✗ Authentication failed with provider x (HTTP 401).\n\n{idle}"),
        "error login",
    );
    check(
        "copilot",
        &format!("✗ The provider rejected the prompt as too long.\n\n{idle}"),
        "error api_error",
    );
    let retry = "● Request failed due to a transient API error. Retrying...\n\n❯ \n◎ Working · 19 B esc esc interrupt";
    check("copilot", retry, "busy retrying");
}

#[test]
fn c15_opencodes_last_row_decides() {
    let screen = |row: &str| format!("┃  go\n\n  text\n\n┃  \n┃  Build  Fake model\n\n  {row}");
    check(
        "opencode",
        &screen("⬝⬝■■■■■■  esc interrupt   ctrl+p commands"),
        "busy",
    );
    check(
        "opencode",
        &screen("⬝⬝■■■■■■  esc again to interrupt"),
        "busy",
    );
    check(
        "opencode",
        &screen("⬝⬝ This request would exceed your rate limit [retrying in 2s attempt #1]"),
        "busy retrying",
    );
    check(
        "opencode",
        &screen("~/project  1.3K (1%)  ctrl+p commands"),
        "ready",
    );
    check(
        "opencode",
        "  △ Permission required\n\n  $ sleep 8\n\n  Allow once   Allow always   Reject      ctrl+f fullscreen  ⇆ select  enter confirm\n",
        "waiting permission",
    );
    check(
        "opencode",
        "  △ Always allow\n\n  This will allow sleep *\n\n  Confirm   Cancel      ⇆ select  enter confirm\n",
        "waiting permission",
    );
    check(
        "opencode",
        "  Which colour?\n  1. Red\n  2. Blue\n\n  ↑↓ select  enter submit  esc dismiss\n",
        "waiting question",
    );
    check(
        "opencode",
        "  ▣  Build · Fake model · interrupted\n\n┃  \n\n  ~/project  1.3K (1%)  ctrl+p commands",
        "ready interrupted",
    );
}

#[test]
fn c16_aiders_prompt_has_the_edit_format_before_its_sign() {
    for prompt in [
        "diff> ",
        "ask> ",
        "> ",
        "architect> ",
        "multi> ",
        "diff multi> ",
    ] {
        check(
            "aider",
            &format!("Aider v0.86.2\nModel: openai/x with diff edit format\n\n{prompt}"),
            "ready",
        );
    }
    check(
        "aider",
        "diff> go\n\n░█  Waiting for openai/aider-fake",
        "busy",
    );
    let draft = format!("diff> {}\nand goes on in the next row", "word ".repeat(20));
    check("aider", &draft, "ready");
    check("aider", "diff> go\n\n► THINKING\n\nSome thoughts\n", "busy");
    check(
        "aider",
        "diff> go\n\nSome text\nRun shell command? (Y)es/(N)o/(D)on't ask again [Yes]: ",
        "waiting permission",
    );
    check(
        "aider",
        "Add command output to the chat? (Y)es/(N)o/(D)on't ask again [Yes]: ",
        "waiting question",
    );
    check(
        "aider",
        "diff> go\n\nlitellm.AuthenticationError: AuthenticationError: no key\nThe API provider is not able to authenticate you.\n\ndiff> ",
        "error login",
    );
    check(
        "aider",
        "diff> go\n\nlitellm.RateLimitError: slow down\nRetrying in 0.5 seconds...",
        "busy retrying",
    );
}

#[test]
fn c17_an_interrupt_that_leaves_no_trace_is_ready() {
    let mut scene = Scene::new("claude");
    scene.show(&claude("", MANUAL)).after(500).says("ready");
    scene
        .show(&claude("❯ go\n\n✻ Thinking…", BUSY))
        .says("busy");
    scene
        .show(&claude_typing("", "go", MANUAL))
        .after(500)
        .says("ready");
    let mut scene = Scene::new("codex");
    scene
        .report("state=working")
        .report("state=idle")
        .says("ready");
}

#[test]
fn c18_node_and_python_are_known_by_their_arguments() {
    let rules = &super::scene::RULES;
    for (command, expected) in [
        (
            "node /usr/lib/node_modules/@google/gemini-cli/bundle/gemini.js",
            "gemini",
        ),
        ("node --no-warnings /usr/local/bin/gemini", "gemini"),
        ("node /x/@qwen-code/qwen-code/cli.js", "qwen"),
        ("/x/venv/bin/python3 /x/venv/bin/aider --model a", "aider"),
        ("python3.11 -m aider", "aider"),
        (
            "node /x/node_modules/@openai/codex/bin/codex.js -a on-request",
            "codex",
        ),
        (
            "node /x/node_modules/@anthropic-ai/claude-code/cli.js",
            "claude",
        ),
        (
            "/x/claude-code-linux-x64/claude --permission-mode default",
            "claude",
        ),
    ] {
        let tree = [process(1, 0, "-bash"), process(2, 1, command)];
        let found = rules.identify(1, &tree).map(|(agent, _)| agent.id());
        assert_eq!(found, Some(expected), "{command}");
    }
}

#[test]
fn claude_shows_its_mode() {
    for (mode, expected) in [
        (MANUAL, "default"),
        ("⏸ plan mode on (shift+tab to cycle)", "plan"),
        ("⏵⏵ accept edits on (shift+tab to cycle)", "accept_edits"),
        ("⏵⏵ auto mode on (shift+tab to cycle)", "auto"),
        (
            "⏵⏵ bypass permissions on (shift+tab to cycle)",
            "bypass_permissions",
        ),
        ("? for shortcuts", "default"),
    ] {
        let mut scene = Scene::new("claude");
        scene.show(&claude("● Text", mode)).after(500);
        assert_eq!(
            scene.status().vitals.mode.as_deref(),
            Some(expected),
            "{mode}"
        );
    }
}

#[test]
fn other_logins_and_first_screens_wait() {
    check(
        "claude",
        &claude_dialog(
            "",
            " Do you want to use this API key?\n\n   1. Yes\n ❯ 2. No (recommended)",
        ),
        "waiting login",
    );
    check(
        "claude",
        " Select login method:\n\n ❯ 1. Claude account with subscription\n   2. Anthropic Console account\n\n Esc to cancel",
        "waiting login",
    );
    check(
        "codex",
        "  Choose how you want to use Codex.\n\n› 1. Sign in with ChatGPT\n  2. Provide your own API key\n\n  Press enter to continue",
        "waiting login",
    );
    check(
        "codex",
        "  Trust this folder? Codex can read, edit and run files here.\n\n› Yes\n  No\n\n  enter continue · esc back",
        "waiting trust",
    );
}

#[test]
fn what_a_user_opens_over_the_screen_keeps_the_last_state() {
    let mut scene = Scene::new("claude");
    scene.show(&claude("✻ Thinking… (1s)", BUSY)).says("busy");
    scene.show(&format!(
        "● Everything\n  in detail\n{}\n  Showing detailed transcript · ctrl+o to toggle",
        rule()
    ));
    scene.after(60_000).says("busy");
}
