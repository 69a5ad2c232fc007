"""What muxwire says of prompts and answers that it types for real agents, held against what the model API was asked."""

import re
import time
from dataclasses import dataclass

from muxwire import Muxwire
from pane import Gone
from scripts import SCRIPTS
from session import PROJECT, RUN, Missing, Session
from states import State

HEARD, UNHEARD = 60, 2.5
REST, WARM = 40, 5
DIALOGS = {"aider": {"shell-text": None, "file-text": None}}
COMMANDS = {("aider", "path first")}
SETUPS = {"claude": {"search": False}}


def texts(word):
    """Texts of each kind, every one with a word that nothing else holds."""
    hello = SCRIPTS["short"].prompt
    return {
        "short": f"{hello} {word}",
        "long": " ".join(f"word{at}" for at in range(300)) + f" {hello} {word}",
        "lines": f"The first line.\nThe second line.\n\tThe third line, with a tab.\n{hello} {word}",
        "many lines": "\n".join(f"Line {at} of the text." for at in range(60)) + f"\n{hello} {word}",
        "signs": f"Grüße, 漢字, 🎉, \"quotes\", `ticks` and $HOME \\n: {hello} {word}",
        "path at the end": f"{hello} {word} Then look at @hello.txt",
        "path first": f"/home/dev/project/hello.txt is meant. {hello} {word}",
    }


@dataclass
class Row:
    """One case: what was said, what came to the model, and whether they agree."""

    agent: str
    case: str
    said: str
    truth: str
    right: bool
    took: float


class Trial:
    """One agent with a muxwire beside it."""

    def __init__(self, recipe, model, rows, state=None):
        self.recipe, self.model, self.rows = recipe, model, rows
        self.count = 0
        state = state or State(None, setup=SETUPS.get(recipe.name, {}), pace=1 / recipe.pace)
        self.session = Session(recipe, "trial", state, model)
        self.muxwire = Muxwire(RUN, RUN / "muxwire")

    def open(self):
        """Starts the agent and reaches its prompt."""
        self.session.go()
        self.recipe.reach_prompt(self.session)
        self.session.see_still(self.recipe.is_idle)
        self.muxwire.settles("ready")
        # Some draw their prompt before they take one.
        time.sleep(WARM)

    def end(self):
        self.muxwire.end()
        self.session.end()

    def word(self):
        self.count += 1
        return f"probe{int(time.time()) % 100000}x{self.count}x"

    def note(self, case, said, truth, right, began):
        row = Row(self.recipe_id(), case, said, truth, right, time.monotonic() - began)
        self.rows.append(row)
        print(f"| {row.agent} | {case} | {said} | {truth} | {'yes' if right else 'NO'} | {row.took:.1f} |", flush=True)
        if not right:
            print(f"{row.agent}, {case}: the screen:\n{self.session.screen()}\n{self.muxwire.agent()}", flush=True)

    def recipe_id(self):
        return f"{self.recipe.name} {self.recipe.version}"

    def rest(self):
        """Waits until the agent is at its prompt and said to be; `None`, or what is not so."""
        try:
            self.session.see_still(self.recipe.is_idle, REST)
            self.muxwire.settles("ready", "error", seconds=10)
        except TimeoutError as error:
            return str(error).split("\n")[0]
        return None

    def forget(self):
        """After a script for which the agent has no tool: lets its answer end."""
        self.muxwire.settles("ready", "error", seconds=40)
        self.model.reset(self.recipe.toolless, 0.3)

    # Prompts

    def came(self, word, text, seconds):
        """Whether a text came to the model: `whole`, `torn` or `nothing`."""
        heard = self.model.heard(word, seconds)
        if heard is None:
            return "nothing"
        heard, wanted = re.sub(r"\s+", " ", heard), re.sub(r"\s+", " ", text)
        return "whole" if wanted.strip() in heard else "torn"

    def prompt(self, kind, queue=False):
        """By the action `prompt`."""
        word = self.word()
        text = texts(word)[kind]
        began = time.monotonic()
        answer = self.muxwire.prompt(text, **({"queue": True} if queue else {}))
        said, took = self.said(answer), time.monotonic() - began
        truth = self.came(word, text, HEARD if answer.get("submitted") or answer.get("reason") == "queued" else UNHEARD)
        return answer, said, truth, time.monotonic() - took

    def said(self, answer):
        if answer["type"] == "error":
            return f"error: {answer.get('code')}"
        if answer.get("submitted") or answer.get("answered"):
            return f"submitted ({answer['evidence']})" if "submitted" in answer else f"answered ({answer['evidence']})"
        left = "" if answer.get("left") is None else f", left {len(answer['left'])} bytes"
        return f"{answer.get('reason')}{left}"

    def ready(self, kind):
        self.model.reset(self.recipe.toolless, 1.0)
        answer, said, truth, began = self.prompt(kind)
        expected = "lines" not in kind or self.takes_lines()
        right = truth == "whole" if answer.get("submitted") else not expected and truth == "nothing"
        if (self.recipe.name, kind) in COMMANDS and "Invalid command" in self.session.screen():
            truth, right = "it is a command to this agent", bool(answer.get("submitted"))
        self.note(f"ready, {kind}", said, truth, right, began)
        self.settle(f"ready, {kind}")

    def settle(self, case):
        if not self.rows[-1].right:
            self.session.press("Escape", *(("C-u", "BSpace") * 8))
        if wrong := self.rest():
            self.note(f"{case}, afterwards", wrong, "idle", False, time.monotonic())

    def takes_lines(self):
        return self.recipe.name != "aider"

    def command(self, kind):
        """By `muxwire prompt --wait`: done when the model's answer has ended and the agent is idle."""
        self.model.reset(self.recipe.toolless, 0.5)
        word = self.word()
        text = texts(word)[kind].replace(SCRIPTS["short"].prompt, SCRIPTS["turn"].prompt)
        began = time.monotonic()
        code, out, told = self.muxwire.run("prompt", "lab", text, "--wait", "--wait-timeout", "90s")
        answered = [event.at for event in self.model.events if event.kind == "answered"]
        truth = self.came(word, text, 0)
        after = f", done {time.monotonic() - answered[-1]:.1f} s after the model" if answered else ", the model has not ended"
        right = code == 0 and out == "ready" and truth == "whole" and bool(answered)
        if "lines" in kind and not self.takes_lines():
            right = code == 5 and "several" in told and truth == "nothing"
            after = ""
        self.note(f"prompt --wait, {kind}", f"{code}: {out or told[:40]}", truth + after, right, began)
        self.settle(f"prompt --wait, {kind}")

    def busy(self):
        """While it works: refused, and for later if that is asked for."""
        self.model.reset(self.recipe.toolless, 0.3)
        if not self.muxwire.prompt(SCRIPTS["long"].prompt).get("submitted"):
            raise TimeoutError("the first prompt was not submitted")
        self.muxwire.settles("busy")
        time.sleep(2)
        answer, said, truth, began = self.prompt("short")
        self.note("busy", said, truth, answer.get("reason") == "busy" and truth == "nothing", began)
        if self.recipe.name == "aider":
            self.settle("busy")
            return
        for kind in ("short", "lines"):
            self.model.pace = 0.3
            if self.muxwire.agent().get("status") != "busy":
                self.muxwire.prompt(SCRIPTS["long"].prompt)
                time.sleep(2)
            self.queue(kind)
        self.settle("busy, queue")

    def queue(self, kind):
        word = self.word()
        text = texts(word)[kind]
        began = time.monotonic()
        answer = self.muxwire.prompt(text, queue=True)
        said, took = self.said(answer), time.monotonic() - began
        truth = self.came(word, text, REST)
        right = (answer.get("reason") == "queued" or answer.get("submitted")) and truth == "whole"
        self.note(f"busy, queue, {kind}", said, truth, bool(right), time.monotonic() - took)

    def draft(self):
        """Somebody's text is in the composer."""
        self.model.reset(self.recipe.toolless, 1.0)
        self.session.type("half a sentence")
        answer, said, truth, began = self.prompt("short")
        stays = "half a sentence" in self.session.screen()
        right = answer.get("reason") == "draft" and truth == "nothing" and stays
        self.note("draft", said, f"{truth}, the draft {'stays' if stays else 'is gone'}", right, began)

    # Answers

    def asks(self, script):
        """Brings the agent to a dialog; what is said of that."""
        self.model.reset(self.recipe.toolless, 0.3)
        if script == "plan":
            return None
        if not self.muxwire.prompt(SCRIPTS[script].prompt).get("submitted"):
            raise TimeoutError(f"the prompt for {script} was not submitted")
        end = time.monotonic() + 40
        while time.monotonic() < end:
            agent = self.muxwire.agent()
            if agent.get("status") == "waiting" and agent.get("dialog"):
                return agent["dialog"]
            kinds = {(event.kind, event.step) for event in self.model.events}
            if any(kind == "missing" for kind, _ in kinds) or ("answered", 1) in kinds and script == "question":
                return None
            time.sleep(0.2)
        raise TimeoutError(f"no dialog was said for {script}: {agent}")

    def stands(self, before):
        """Whether the dialog's screen is as it was."""
        return squeezed(self.session.screen()) == squeezed(before)

    def dialog(self, script, stale):
        """A dialog: a prompt and stale answers type nothing, the right one chooses. Its fingerprint, for later."""
        dialog = self.asks(script)
        if dialog is None:
            self.settle(script)
            return stale
        time.sleep(1.5)
        dialog = self.muxwire.agent()["dialog"]
        self.refused(script, dialog, stale)
        self.chosen(script, dialog)
        return dialog["fingerprint"]

    def refused(self, script, dialog, stale):
        before = self.session.screen()
        answer, said, truth, began = self.prompt("short")
        stands = self.stands(before)
        right = answer.get("reason") == "dialog" and truth == "nothing" and stands
        self.note(f"{script}, prompt", said, f"{truth}, the dialog {'stands' if stands else 'has changed'}", right, began)
        for name, fingerprint in (("made up", "0123456789abcdef"), ("the one before", stale)):
            if fingerprint is None:
                continue
            began = time.monotonic()
            answer = self.muxwire.answer(fingerprint, 1)
            took = time.monotonic() - began
            time.sleep(1)
            stands = self.stands(before) and self.muxwire.agent().get("dialog") == dialog
            right = answer.get("reason") == "other_dialog" and stands
            truth = f"the dialog {'stands' if stands else 'has changed'}"
            self.note(f"{script}, stale answer ({name})", self.said(answer), truth, right, time.monotonic() - took)

    def chosen(self, script, dialog):
        """The right fingerprint: the first choice for some dialogs, the last one for others."""
        options = dialog["options"]
        takes_first = script in ("bash", "shell-text")
        choice = 1 if takes_first else 2 if script == "question" else len(options)
        if not options:
            return self.note(f"{script}, answer", "no options", "", False, time.monotonic())
        wanted = choice if script != "question" else options[1]
        results = len(self.model.results)
        began = time.monotonic()
        answer = self.muxwire.answer(dialog["fingerprint"], wanted)
        took = time.monotonic() - began
        truth = self.effect(script, results)
        right = bool(answer.get("answered")) and truth == EFFECTS[script]
        self.note(f"{script}, answer {choice} of {len(options)}", self.said(answer), truth, right, time.monotonic() - took)
        self.more_dialogs()
        self.settle(f"{script}, answer")

    def effect(self, script, results):
        """What came of it: in what the tool gave back, and in the project."""
        self.model.waited(lambda: len(self.model.results) > results or None, 8)
        time.sleep(1)
        given = " ".join(self.model.results[results:])
        if script in ("bash", "shell-text"):
            told = "checking" in given or "checking" in self.session.screen()
            return "the command ran" if told else "no command ran"
        if script == "question":
            return "Blue" if re.search(r"Blue", given) and not re.search(r"Red[^,]*$", given) else f"not Blue: {given[-80:]}"
        changed = (PROJECT / "hello.txt").read_text() != "hello world\n" or (PROJECT / "lines.txt").exists()
        return "files changed" if changed else "no file changed"

    def more_dialogs(self):
        """aider asks once more after a command; others may ask for more."""
        for _ in range(3):
            agent = self.muxwire.settles("waiting", "ready", "error", seconds=30)
            if agent["status"] != "waiting" or not agent.get("dialog"):
                return
            began = time.monotonic()
            answer = self.muxwire.answer(agent["dialog"]["fingerprint"], len(agent["dialog"]["options"]))
            self.note("a dialog after it, last answer", self.said(answer), "", bool(answer.get("answered")), began)
            time.sleep(2)


EFFECTS = {
    "bash": "the command ran",
    "shell-text": "the command ran",
    "edit": "no file changed",
    "write": "no file changed",
    "fetch": "no file changed",
    "file-text": "no file changed",
    "question": "Blue",
}


def squeezed(screen):
    """A dialog's letters: spinners, clocks and counts in it move on."""
    return re.sub(r"\d+s|[^A-Za-z]", "", screen)


def cases(trial):
    for kind in texts(""):
        yield lambda kind=kind: trial.ready(kind)
    for kind in ("short", "long", "lines"):
        yield lambda kind=kind: trial.command(kind)
    yield trial.busy
    scripts = DIALOGS.get(trial.recipe.name) or [script for script in trial.recipe.dialogs if script in EFFECTS]
    stale = [None]
    for script in scripts:
        yield lambda script=script: stale.append(trial.dialog(script, stale[-1]))
    yield trial.draft


def play(trial, cases):
    """Every case with one agent. What can't be tried counts as wrong."""
    try:
        trial.open()
        for case in cases(trial):
            try:
                case()
            except Missing as error:
                print(f"{trial.recipe_id()}: not tried, since the agent has {error}", flush=True)
                trial.forget()
            except (TimeoutError, KeyError, StopIteration) as error:
                trial.note("not tried", f"{type(error).__name__} {error}".split("\n")[0], "", False, time.monotonic())
    except (TimeoutError, Gone) as error:
        trial.note("not started", str(error).split("\n")[0], "", False, time.monotonic())
    finally:
        trial.end()
