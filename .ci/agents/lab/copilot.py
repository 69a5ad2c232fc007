"""GitHub Copilot CLI."""

from recipe import Given, Recipe, write
from session import PLACE, PROJECT
from states import State, begun, common, dialog, failed, hangs, is_refused, logs_in, retrying, trusts, turn


class Copilot(Recipe):
    busy = r"[◉●◎○] Working|esc interrupt|esc again to interrupt"
    idle = r"/ commands · \? help|Interactive · |^ . open sidebar"
    interrupted = r"Operation cancelled|cancelled|interrupted"
    interrupt = ("Escape", "Escape")
    vitals = {"model": r"(fake-model)"}
    dialogs = {
        "bash": r"Do you want to run this command\?",
        "edit": r"Do you want to edit|Do you want to",
        "write": r"Do you want to create",
        "fetch": r"Do you want to",
        "question": r"Which colour should the bar have\?",
    }

    def configure(self, session, trusted=True, login=True):
        if trusted:
            write(PLACE / ".copilot" / "config.json", {"trusted_folders": [str(PROJECT)], "trustedFolders": [str(PROJECT)]})
        given = {"BASE_URL": f"{session.model.url}/v1", "TYPE": "openai", "API_KEY": "sk-fake"}
        environment = {f"COPILOT_PROVIDER_{name}": text for name, text in given.items()}
        environment |= {"COPILOT_MODEL": "fake-model", "COPILOT_OFFLINE": "true"}
        return Given((environment if login else {}) | {"COPILOT_AUTO_UPDATE": "false"}, ["--no-auto-update"])


def dropped(session):
    """The connection ends in the middle of an answer: it asks again, and again."""
    begun(session)
    session.prompt("drop")
    session.see(r"Retrying\.\.\.")
    session.now_is("busy", reason="retrying")
    session.hold(3)


COPILOT = {
    **common(),
    "trust": State(trusts(r"Confirm folder trust"), setup={"trusted": False}),
    "login": State(logs_in(r"/login|log in|sign in", seconds=60), setup={"login": False}),
    "permission-fetch": State(dialog("fetch", "permission", keys=("Escape",), then=is_refused)),
    "todo": State(turn("todo", step=3)),
    "error-401": State(failed("unauthorized", r"✗ Authentication failed", reason="login")),
    "error-400": State(failed("too-long", r"✗ ")),
    "retrying-429": State(retrying("rate-limit", r"[◉●◎○] Working", told=False)),
    "retrying-500": State(retrying("server-error", r"Retrying\.\.\.", hold=4)),
    "hang": State(hangs),
    "drop": State(dropped),
}
Copilot.states = COPILOT
