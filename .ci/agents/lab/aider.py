"""aider: it has no tools; what it asks comes from the model's text."""

from recipe import Given, Recipe
from states import NARROW, State, begun, common, cut_short, failed, retrying

ARGUMENTS = (
    "--model openai/fake-model --no-check-update --analytics-disable --no-show-model-warnings --no-show-release-notes "
    "--no-auto-commits --no-gitignore --edit-format diff --map-tokens 0 hello.txt"
).split()


class Aider(Recipe):
    pace = 0.5
    busy = r"Waiting for openai/fake-model"
    idle = r"^\w*> *(a draft[^\n]*)?$"
    interrupted = r"\^C again to exit|KeyboardInterrupt"
    interrupt = ("C-c",)
    vitals = {"model": r"Model: openai/(fake-model)"}
    toolless = True
    early_reason = "interrupted"

    def __init__(self, *given):
        super().__init__(*given)
        # Its own first line names the interpreter by the place where it was installed.
        self.argv = [self.argv[0].parent / "python3", *self.argv]

    def is_idle(self, screen):
        """The last line that is not blank is its prompt."""
        lines = [line for line in screen.split("\n") if line.strip()]
        return bool(lines) and super().is_idle(lines[-1])

    def configure(self, session):
        environment = {"OPENAI_API_BASE": f"{session.model.url}/v1", "OPENAI_API_KEY": "sk-fake"}
        return Given(environment | {"AIDER_ANALYTICS": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}, ARGUMENTS)

    def leave(self, session):
        session.act("C-d")


def asks(script, pattern, answer, then=None):
    """A question about what the model's text holds."""

    def play(session):
        begun(session)
        session.prompt(script)
        session.busy(script)
        session.over(session.answered(script, 0).at)
        session.waiting("permission", pattern)
        session.type(answer)
        session.act("Enter")
        (then or session.ready)(*([session] if then else []))

    return play


def runs(session):
    """The command runs; then it asks whether its output belongs into the chat."""
    session.see_process("sleep")
    session.now_is("busy")
    session.hold(3)
    session.over()
    session.waiting("question", r"Add command output to the chat\?")
    session.type("n")
    session.act("Enter")
    session.ready()


def interrupted(session):
    begun(session)
    session.prompt("turn")
    session.busy("turn")
    session.hold(2)
    session.act("C-c")
    session.see(r"\^C|interrupted")
    session.ready(reason="interrupted")


AIDER = {
    **common(
        "permission-bash", "permission-bash-refused", "permission-edit", "permission-write", "question", "interrupted",
        "interrupted-early", "narrow-permission-bash",
    ),
    "permission-shell": State(asks("shell-text", r"Run shell command\?.*\(Y\)es", "y", runs)),
    "permission-shell-refused": State(asks("shell-text", r"Run shell command\?.*\(Y\)es", "n")),
    "permission-add-file": State(asks("file-text", r"Add file to the chat\?", "n")),
    "permission-new-file": State(asks("new-file-text", r"Create new file\?", "n")),
    "interrupted": State(interrupted),
    "error-401": State(failed("unauthorized", r"AuthenticationError", reason="login")),
    "error-400": State(failed("too-long", r"BadRequestError")),
    "retrying-429": State(retrying("rate-limit", r"Retrying in", hold=5)),
    "retrying-500": State(retrying("server-error", r"Retrying in", hold=5)),
    "drop": State(cut_short),
    "narrow-permission-shell": State(asks("shell-text", r"Run shell command\?", "n"), NARROW),
}
Aider.states = AIDER
