"""Gemini CLI."""

from recipe import Given, Recipe, write
from session import PLACE, PROJECT
from states import NARROW, State, common, dialog, failed, hangs, is_refused, logs_in, retrying, runs_tool, trusts, turn

SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}


class Gemini(Recipe):
    pace = 0.15
    busy = r"esc to cancel, "
    idle = r"Type your message or @path"
    interrupted = r"Request cancelled"
    dialogs = {
        "bash": r"Allow execution of",
        "edit": r"Apply this change\?",
        "write": r"Apply this change\?",
        "fetch": r"Do you want to proceed\?",
        "question": r"Which colour should the bar have\?",
    }

    def is_idle(self, screen):
        """No answers stand to be chosen."""
        return super().is_idle(screen) and "● 1. " not in screen

    def configure(self, session, trusted=True, key=True):
        folder = PLACE / ".gemini"
        write(folder / "settings.json", SETTINGS if key else {name: given for name, given in SETTINGS.items() if name != "security"})
        if trusted:
            write(folder / "trustedFolders.json", {str(PROJECT): "TRUST_FOLDER", str(PLACE): "TRUST_FOLDER"})
        environment = {"GOOGLE_GEMINI_BASE_URL": session.model.url, "NO_BROWSER": "1"}
        return Given(environment | ({"GEMINI_API_KEY": "fake"} if key else {}), [])

    def transcripts(self, session):
        if session.name == "permission-bash":
            for path in sorted((PLACE / ".gemini").rglob("session-*.json*")):
                yield "transcript" + path.suffix, path


TROUBLE = r"✕|\[API Error|API Error"
GEMINI = {
    **common("silent"),
    "trust": State(trusts(r"Do you trust the files in this folder\?"), setup={"trusted": False}),
    "login": State(logs_in(r"How would you like to authenticate", seconds=60), setup={"key": False}),
    "permission-bash": State(dialog("bash", "permission", then=runs_tool), pace=0.6),
    "permission-fetch": State(dialog("fetch", "permission", keys=("Escape",), then=is_refused)),
    "todo": State(turn("todo", step=3)),
    "error-401": State(failed("unauthorized", TROUBLE, reason="login")),
    "error-400": State(failed("too-long", TROUBLE)),
    "retrying-429": State(retrying("rate-limit", r"esc to cancel, ", hold=4, told=False)),
    "usage-limit": State(failed("usage-limit", r"Usage limit reached", reason="usage_limit", seconds=60, state="waiting")),
    "hang": State(hangs, pace=0.5),
    "narrow-turn": State(turn(), NARROW, pace=0.3),
    "narrow-permission-bash": State(dialog("bash", "permission", then=runs_tool), NARROW, pace=0.6),
}
Gemini.states = GEMINI
