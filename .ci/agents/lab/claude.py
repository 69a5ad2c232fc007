"""Claude Code."""

import re

from recipe import Given, Recipe, write
from session import PLACE, PROJECT, RUN
from states import (
    NARROW, State, background, begun, broken, common, cut_short, dialog, failed, hangs, is_refused, retrying, runs_tool, turn,
)

KEY = "sk-ant-fake-0123456789-0123456789-0123456789"
EVENTS = (
    "SessionStart UserPromptSubmit PreToolUse PermissionRequest PostToolUse PostToolUseFailure Notification SubagentStart "
    "SubagentStop Stop StopFailure SessionEnd"
).split()
QUIET = (
    "DISABLE_AUTOUPDATER", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING",
    "DISABLE_BUG_COMMAND",
)
HOOK = """#!/bin/sh
file=$(mktemp /home/dev/.run/hooks/part.XXXXXX)
at=$(date +%s.%N)
{ echo "$at"; cat; } > "$file"
mv "$file" "/home/dev/.run/hooks/$at"
"""


class Claude(Recipe):
    busy = r"esc to interrupt|\d+ background tasks?"
    idle = r"^❯"
    interrupted = r"Interrupted · What should Claude do"
    background = r"1 shell"
    vitals = {"model": r"(\w+ [\d.]+) · API Usage"}
    dialogs = {
        "bash": r"Do you want to proceed\?",
        "background": r"Do you want to proceed\?",
        "edit": r"Do you want to make this edit",
        "write": r"Do you want to create",
        "fetch": r"Do you want to allow Claude to fetch",
        "question": r"Which colour should the bar have\?[\s\S]*Enter to select",
        "plan": r"Would you like to proceed\?",
    }
    early_reason = None

    def is_busy(self, screen):
        """What stands below the last rule decides."""
        return re.search(self.busy, re.split(r"─{20,}", screen)[-1])

    def is_idle(self, screen):
        """A prompt stands between the last two rules."""
        parts = re.split(r"─{20,}[^\n]*\n", screen)
        return len(parts) > 2 and parts[-2].startswith("❯") and not self.is_busy(screen)

    def configure(self, session, trusted=True, key="approved", oauth=False, search=True, retries=None, mode="default"):
        config = PLACE / ".claude"
        state = {"hasCompletedOnboarding": True, "theme": "dark", "lastOnboardingVersion": self.version, "numStartups": 3}
        state["projects"] = {str(PROJECT): {"hasTrustDialogAccepted": trusted, "hasCompletedProjectOnboarding": True}}
        if key == "approved":
            state["customApiKeyResponses"] = {"approved": [KEY[-20:]], "rejected": []}
        write(config / ".claude.json", state)
        write(RUN / "hook", HOOK)
        (RUN / "hook").chmod(0o755)
        (RUN / "hooks").mkdir()
        hook = [{"matcher": "", "hooks": [{"type": "command", "command": str(RUN / "hook")}]}]
        write(config / "settings.json", {"hooks": {event: hook for event in EVENTS}})
        environment = {"ANTHROPIC_BASE_URL": session.model.url, "CLAUDE_CONFIG_DIR": config} | {name: "1" for name in QUIET}
        if oauth:
            environment["CLAUDE_CODE_OAUTH_TOKEN"] = "sk-ant-oat01-fake-fake-fake"
        elif key:
            environment["ANTHROPIC_API_KEY"] = KEY
        if not search:
            environment["ENABLE_TOOL_SEARCH"] = "false"
        if retries is not None:
            environment["CLAUDE_CODE_MAX_RETRIES"] = retries
        return Given(environment, ["--permission-mode", mode] if self.version != "2.1.197" or mode != "default" else [])

    def registry(self, _session):
        folder = PLACE / ".claude" / "sessions"
        return [path for path in folder.glob("*.json") if path.stem.isdigit()] if folder.exists() else []

    def transcripts(self, session):
        if session.name not in ("permission-bash", "subagent"):
            return
        for path in sorted((PLACE / ".claude" / "projects").rglob("*.jsonl")):
            yield f"transcript-{len(session.keep)}.jsonl" if session.keep else "transcript.jsonl", path

    def leave(self, session):
        session.press("C-c")
        session.see("again to exit", 5)
        session.act("C-c")


def trust(session):
    session.go()
    session.waiting("trust", r"trust this folder", hold=3)
    if "❯ No, exit" in session.screen():
        session.press("Down")
    session.act("Enter")
    session.ready()


def api_key(session):
    session.go()
    session.waiting("login", r"Do you want to use this API key", hold=3)
    session.press("Up")
    session.act("Enter")
    session.ready()


def login(session):
    """No key at all: the agent takes a prompt and then says that somebody has to log in; then the dialog of /login."""
    session.go()
    session.recipe.reach_prompt(session)
    session.see("Not logged in")
    session.now_is("waiting", reason="login")
    session.hold(2)
    session.type("Say hello.")
    session.prompted = "Say hello."
    session.act("Enter")
    session.see("Please run /login", 20)
    session.see_still("Please run /login", 5)
    session.now_is("error", reason="login")
    session.hold(2)
    session.type("/login")
    session.act("Enter")
    session.waiting("login", "Select login method")


def modes(session):
    begun(session, mode="default")
    session.act("BTab")
    session.see(r"accept edits on")
    session.now_is("ready", mode="accept_edits")
    session.hold(1.5)
    session.act("BTab")
    session.see(r"plan mode on")
    session.now_is("ready", mode="plan")
    session.hold(1.5)


def leaves_hint(session):
    """Control-C once: the mode line warns for a moment, and the agent is still at its prompt."""
    begun(session)
    session.press("C-c")
    session.see("again to exit", 5)
    session.hold(3)


def subagent(session):
    begun(session)
    session.prompt("subagent")
    session.busy("subagent")
    session.over(session.answered("subagent", 1).at)
    if session.recipe.version == "2.1.197":
        return session.ready()
    session.see("Waiting for 1 background agent")
    session.now_is("busy", background={"agents": 1})
    session.over(session.answered("look", 0).at)
    session.ready(seconds=60)


def queued(session):
    """A second prompt while the first is worked on."""
    begun(session)
    session.prompt("turn")
    session.busy("turn")
    session.type("Say hello.")
    session.press("Enter")
    session.over(session.answered("turn", 0).at)
    session.answered("short", 0)
    session.ready()


def resized(session):
    begun(session)
    session.prompt("bash")
    session.busy("bash")
    session.hold(0.2)
    session.over(session.answered("bash", 0).at)
    pattern = session.recipe.dialogs["bash"]
    session.waiting("permission", pattern, hold=1.5)
    for size in ((70, 30), (120, 35)):
        session.pane.resize(size)
        session.hold(2, pattern)
    session.act("Enter")
    runs_tool(session, "bash", 0)


def dropped(session):
    older = session.recipe.version == "2.1.197"
    (cut_short if older else broken(r"API Error|Connection"))(session)


RETRYING = r"retrying in|Retrying in|attempt \d+/"
LIMIT = r"hit your .*limit|Usage limit reached"
CLAUDE = {
    **common(),
    "trust": State(trust, setup={"trusted": False}),
    "api-key": State(api_key, setup={"key": "new"}),
    "login": State(login, setup={"key": None}),
    "modes": State(modes),
    "long": State(turn("long")),
    "permission-fetch": State(dialog("fetch", "permission", keys=("Escape",), then=is_refused), setup={"search": False}),
    "plan": State(dialog("plan", "plan", step=1, keys=("Escape",), then=is_refused), setup={"search": False, "mode": "plan"}),
    "todo": State(turn("todo", step=3), setup={"search": False}),
    "subagent": State(subagent),
    "background-shell": State(background()),
    "queued": State(queued),
    "error-401": State(failed("unauthorized", r"Invalid API key", reason="login", retrying=RETRYING), setup={"retries": 2}),
    "login-expired": State(failed("unauthorized", r"Please run /login", reason="login"), setup={"oauth": True, "retries": 2}),
    "error-403": State(failed("forbidden", r"API Error: .*403|Please run /login", reason="login")),
    "retry-429": State(retrying("retry", RETRYING, succeeds=True)),
    "error-429": State(failed("rate-limit", r"API Error", retrying=RETRYING), setup={"retries": 2}),
    "overload-529": State(failed("overload", r"API Error", seconds=90), setup={"retries": 2}),
    "error-500": State(failed("server-error", r"API Error", retrying=RETRYING), setup={"retries": 2}),
    "context-full": State(failed("too-long", r"Context limit reached|API Error|too long")),
    "credit": State(failed("credit", r"Credit balance too low")),
    "usage-limit": State(failed("usage-limit", LIMIT, reason="usage_limit"), setup={"oauth": True}),
    "drop": State(dropped),
    "hang": State(hangs),
    "ctrl-c-once": State(leaves_hint),
    "resized": State(resized),
    "narrow-question": State(dialog("question", "question"), NARROW),
}
Claude.states = CLAUDE
