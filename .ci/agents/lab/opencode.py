"""OpenCode."""

from recipe import Given, Recipe, write
from session import PLACE
from states import State, begun, broken, common, dialog, failed, hangs, is_refused, retrying, runs_tool

QUIET = ("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_LSP_DOWNLOAD")


class OpenCode(Recipe):
    pace = 0.25
    busy = r"esc (again to )?interrupt"
    idle = r"ctrl\+p commands"
    interrupted = r"· interrupted"
    interrupt = ("Escape", "Escape")
    vitals = {"model": r"(Fake model)"}
    dialogs = {
        "bash": r"Permission required[\s\S]*Allow once",
        "edit": r"Permission required[\s\S]*Allow once",
        "write": r"Permission required[\s\S]*Allow once",
        "fetch": r"Permission required[\s\S]*Allow once",
        "question": r"Which colour should the bar have\?",
    }

    def configure(self, session):
        model = {"name": "Fake model", "tool_call": True, "limit": {"context": 100000, "output": 8000}}
        provider = {"npm": "@ai-sdk/openai-compatible", "name": "Scripted", "models": {"fake-model": model}}
        provider |= {"options": {"baseURL": f"{session.model.url}/v1", "apiKey": "sk-fake"}}
        settings = {"autoupdate": False, "share": "disabled", "model": "scripted/fake-model", "small_model": "scripted/fake-model"}
        settings |= {"permission": {"bash": "ask", "edit": "ask", "webfetch": "ask"}, "provider": {"scripted": provider}}
        write(PLACE / ".config" / "opencode" / "opencode.json", settings)
        return Given({name: "1" for name in QUIET}, [])

    def leave(self, session):
        session.act("C-c")


def always(session):
    """The second step of a permission: always allow."""
    begun(session)
    session.prompt("bash")
    session.busy("bash")
    session.over(session.answered("bash", 0).at)
    session.waiting("permission", session.recipe.dialogs["bash"], hold=1)
    session.press("Right")
    session.act("Enter")
    session.waiting("permission", r"Always allow", hold=2)
    session.act("Enter")
    runs_tool(session, "bash", 0)


RETRYING = r"retrying in|attempt #"
OPENCODE = {
    **common("thinking", "silent", "permission-write", "asks", "narrow-turn"),
    "permission-bash-always": State(always),
    "permission-fetch": State(dialog("fetch", "permission", keys=("Escape",), then=is_refused)),
    "error-401": State(failed("unauthorized", r"invalid x-api-key", reason="login")),
    "retrying-429": State(retrying("rate-limit", RETRYING, hold=5)),
    "usage-limit": State(failed("usage-limit", r"usage limit", reason="usage_limit")),
    "hang": State(hangs, pace=0.5),
    "drop": State(broken(r"[Ee]rror|terminated|closed|aborted")),
}
OpenCode.states = OPENCODE
