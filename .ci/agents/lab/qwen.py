"""Qwen Code."""

import re

from recipe import Given, Recipe, write
from session import PLACE
from states import State, broken, common, dialog, failed, hangs, is_refused, logs_in, retrying, turn

SETTINGS = {
    "security": {"auth": {"selectedType": "openai"}},
    "general": {"enableAutoUpdate": False, "disableAutoUpdate": True},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}


class Qwen(Recipe):
    pace = 0.3
    busy = r"esc to cancel\)"
    idle = r"Type your message or @path"
    interrupted = r"Request cancelled"
    vitals = {"model": r"(fake-model)"}
    dialogs = {
        "bash": r"Allow execution of",
        "edit": r"Apply this change\?",
        "write": r"Apply this change\?",
        "fetch": r"Do you want to proceed\?",
        "question": r"Which colour should the bar have\?",
    }

    def is_idle(self, screen):
        return super().is_idle(screen) and not re.search(r"[⠀-⣿] Waiting for user confirmation", screen)

    def configure(self, session, login=True):
        write(PLACE / ".qwen" / "settings.json", SETTINGS if login else {"telemetry": {"enabled": False}})
        environment = {"OPENAI_API_KEY": "sk-fake", "OPENAI_BASE_URL": f"{session.model.url}/v1", "OPENAI_MODEL": "fake-model"}
        return Given(environment if login else {}, [])


TROUBLE = r"✕|\[API Error|API Error"
QWEN = {
    **common(),
    "login": State(logs_in(r"[Aa]uthenticat|Get started|Select [Aa]uth", seconds=60), setup={"login": False}),
    "permission-fetch": State(dialog("fetch", "permission", keys=("Escape",), then=is_refused)),
    "todo": State(turn("todo", step=3), pace=0.5),
    "error-401": State(failed("unauthorized", TROUBLE, reason="login")),
    "error-400": State(failed("too-long", TROUBLE)),
    "retrying-429": State(retrying("rate-limit", r"esc to cancel\)", hold=5, told=False)),
    "retrying-500": State(retrying("server-error", r"esc to cancel\)", hold=5, told=False)),
    "hang": State(hangs),
    "drop": State(broken(TROUBLE)),
}
Qwen.states = QWEN
