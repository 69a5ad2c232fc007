"""Codex."""

import re

from recipe import Given, Recipe, write
from session import PLACE, PROJECT
from states import State, background, begun, broken, common, dialog, failed, hangs, logs_in, retrying, runs_tool, turn

CONFIG = """model = "gpt-5"
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "scripted"
base_url = "{url}/v1"
env_key = "SCRIPTED_KEY"
wire_api = "responses"
request_max_retries = {retries}
stream_max_retries = {retries}
[analytics]
enabled = false
[feedback]
enabled = false
[tui]
screen_reader_detection_done = true
[tui.model_availability_nux]
"gpt-6.1-sol" = 4
"""
TRUSTED = '[projects."{project}"]\ntrust_level = "trusted"\n'


class Codex(Recipe):
    idle = r"^› "
    interrupted = r"Conversation interrupted"
    background = r"1 background terminal running"
    vitals = {"model": r"^ *(gpt-\S+) \w+ ·"}
    dialogs = {
        "bash": r"Would you like to run the following command\?",
        "background": r"Would you like to run the following command\?",
        "edit": r"Would you like to make the following edits\?",
        "write": r"Would you like to make the following edits\?",
        "question": r"Which colour should the bar have\?",
        "plan": r"Implement this plan\?",
    }
    early_reason = "interrupted"

    def configure(self, session, trusted=True, login=True, first="Say hello.", retries=2, sandbox="read-only"):
        text = CONFIG.format(url=session.model.url, retries=retries) + (TRUSTED.format(project=PROJECT) if trusted else "")
        write(PLACE / ".codex" / "config.toml", text if login else TRUSTED.format(project=PROJECT))
        self.first = first
        arguments = ["-a", "on-request", "-s", sandbox]
        return Given({"CODEX_HOME": PLACE / ".codex", "SCRIPTED_KEY": "sk-fake"}, [*arguments, *([first] if first else [])])

    def is_busy(self, screen):
        return re.search(r"^[•◦] .*esc to interrupt\)$", screen, re.MULTILINE)

    def reach_prompt(self, session):
        """It takes the first prompt from its arguments; without one it opens its list of agents."""
        if self.first:
            session.prompted = self.first
            session.answered("short", 0, 60)
            session.see("Hello! What shall we do")
            session.model.reset(self.toolless, session.pace)
        session.see(self.is_idle, 60)

    def transcripts(self, session):
        if session.name == "permission-bash":
            for path in sorted((PLACE / ".codex" / "sessions").rglob("rollout-*.jsonl")):
                yield "transcript.jsonl", path


def trust(session):
    session.go()
    session.waiting("trust", r"Trust this folder\?", hold=3)
    session.act("Enter")
    session.asked("short")
    session.over(session.answered("short").at)
    session.ready()


def center(session):
    """Without a first prompt it opens a list of its agents."""
    session.go()
    session.see_still(r"for agents|Agent Command Center|shortcuts", 40)
    session.now_is("ready")
    session.hold(3)


def in_plan_mode(session):
    begun(session)
    session.type("/plan")
    session.press("Enter")
    session.see(r"[Pp]lan mode", 10)
    session.prompted = ""
    session.see_still(session.recipe.is_idle)
    session.now_is("ready", mode="plan")
    session.hold(1.5)


def plan(session):
    in_plan_mode(session)
    session.prompt("plan")
    session.over(session.answered("plan", 0).at)
    session.waiting("plan", session.recipe.dialogs["plan"])
    session.act("Escape")
    session.ready()


def queued(session):
    begun(session)
    session.prompt("turn")
    session.busy("turn")
    session.type("Explain every line at length.")
    session.press("Tab")
    session.hold(1)


def resized(session):
    begun(session)
    session.prompt("bash")
    session.busy("bash")
    session.over(session.answered("bash", 0).at)
    pattern = session.recipe.dialogs["bash"]
    session.waiting("permission", pattern, hold=1.5)
    for size in ((70, 30), (120, 35)):
        session.pane.resize(size)
        session.hold(2, pattern)
    session.act("Enter")
    runs_tool(session, "bash", 0)


RETRYING = r"Reconnecting\.\.\. \d/|[Rr]etrying"
CODEX = {
    **common(),
    "trust": State(trust, setup={"trusted": False}),
    "login": State(logs_in(r"Choose how you want to use Codex"), setup={"login": False}),
    "center": State(center, setup={"first": None}),
    "question": State(dialog("question", "question", begin=in_plan_mode)),
    "plan": State(plan),
    "todo": State(turn("todo", step=3)),
    "background-shell": State(background(leave=False), setup={"sandbox": "danger-full-access"}),
    "error-401": State(failed("unauthorized", r"■ ", reason="login")),
    "error-403": State(failed("forbidden", r"■ ", reason="login")),
    "retry-529": State(retrying("retry-overload", RETRYING, succeeds=True)),
    "error-429": State(failed("rate-limit", r"■ ")),
    "overload-529": State(failed("overload", r"■ ", retrying=RETRYING)),
    "error-500": State(failed("server-error", r"■ ", retrying=RETRYING)),
    "context-full": State(failed("too-long", r"■ ")),
    "usage-limit": State(failed("usage-limit", r"■ .*usage limit", reason="usage_limit")),
    "drop": State(broken(r"■ ")),
    "hang": State(hangs),
    "resized": State(resized),
}
Codex.states = CODEX
