"""A scripted model API on loopback. It tells when it was asked and what it answered, so that the driver knows what is true."""

import json
import threading
import time
from dataclasses import dataclass, replace

import answers
import loopback
from asked import read
from scripts import SCRIPTS, Error, Silence, Text, Tool
from tools import PLAN, NotOffered

SIDE = "Greeting"
SIDE_JSON = {
    "title": SIDE,
    "isNewTopic": True,
    "reasoning": "Done.",
    "next_speaker": "user",
    "complexity_reasoning": "Simple.",
    "complexity_score": 10,
    "model_choice": "flash",
    "summary": SIDE,
}


@dataclass
class Event:
    """What happened to a request, at what time, for which prompt and step: `asked`; then `refused`, or `served` and, when all
    was sent, `answered`; or `broken` by the script, `left` by the agent, `missing` a tool."""

    kind: str
    at: float
    script: str
    step: int


class Model:
    """The server, and what happened there."""

    def __init__(self, log):
        self.log_file = log
        self.events: list[Event] = []
        self.texts: list[str] = []
        self.results: list[str] = []
        self.refusals: dict[str, int] = {}
        self.toolless, self.pace = False, 1.0
        self.changed = threading.Condition()
        model = self

        class Bound(Requests):
            api = model

        self.url = loopback.serve(Bound)

    def reset(self, toolless, pace):
        """Forgets what happened. `toolless`: this agent offers no tools, so a request without any is not beside the point.
        `pace`: the share of a script's times that is taken."""
        with self.changed:
            self.events.clear()
            self.texts.clear()
            self.results.clear()
            self.refusals.clear()
            self.toolless, self.pace = toolless, pace

    def note(self, kind, asked):
        with self.changed:
            self.events.append(Event(kind, time.monotonic(), asked.script, asked.step))
            self.changed.notify_all()

    def hear(self, asked):
        """Keeps what users and tools have said in a request about a prompt."""
        with self.changed:
            self.texts += [text for text in asked.texts if text not in self.texts[-200:]]
            self.results += [text for text in asked.results if text not in self.results[-200:]]
            self.changed.notify_all()

    def heard(self, word, seconds):
        """The text of a user that holds a word; None if none comes in time."""
        return self.waited(lambda: next((text for text in self.texts if word in text), None), seconds)

    def waited(self, found, seconds):
        end = time.monotonic() + seconds
        with self.changed:
            while (what := found()) is None and (left := end - time.monotonic()) > 0:
                self.changed.wait(left)
            return what

    def log(self, *words):
        self.log_file.write(time.strftime("%H:%M:%S ") + " ".join(map(str, words)) + "\n")
        self.log_file.flush()

    def wait(self, kind, script, step, seconds):
        """The first event of this kind for a prompt and a step."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for event in self.events:
                    if (event.kind, event.script, event.step) == (kind, script, step):
                        return event
                if not self.changed.wait(end - time.monotonic()) and time.monotonic() > end:
                    raise TimeoutError(f"the model API saw no {kind} for {script}, step {step}, in {seconds} s")

    def steps(self, asked):
        """What to answer, or None for a request that is not about a prompt: titles, summaries, checks of a quota."""
        if asked.script is None or (len(asked.offered.arguments) < 2 and not self.toolless):
            return None
        script = SCRIPTS[asked.script].answers
        if asked.script == "plan":
            return self.plan(asked)
        steps = script[min(asked.step, len(script) - 1)]
        if isinstance(steps[0], Error):
            with self.changed:
                count = self.refusals[asked.script] = self.refusals.get(asked.script, 0) + 1
            return steps[:1] if count <= steps[0].times else steps[1:]
        return [asked.offered.call(step.kind, step.given) if isinstance(step, Tool) else self.paced(step) for step in steps]

    def paced(self, step):
        return replace(step, seconds=step.seconds * self.pace) if isinstance(step, (Text, Silence)) else step

    def plan(self, asked):
        """A plan: where the agent has a file for it, that is written first."""
        if asked.offered.first("ExitPlanMode", "exit_plan_mode", "plan_exit", "present_plan") is None:
            return [Text(f"<proposed_plan>\n{PLAN}</proposed_plan>\n", 1)]
        before = [call for call in [asked.offered.plan_file()] if call]
        calls = [*before, asked.offered.plan()]
        return [calls[asked.step]] if asked.step < len(calls) else SCRIPTS["plan"].answers[1]


class Requests(loopback.Requests):
    """One request."""

    api: Model

    def do_HEAD(self):
        self.give({})

    def do_GET(self):
        self.api.log("GET", self.path)
        if self.path.split("?")[0].endswith("/models"):
            names = ("fake-model", "gpt-5", "claude-sonnet-4-5")
            data = [{"id": name, "object": "model", "type": "model", "display_name": name, "created": 1} for name in names]
            return self.give({"object": "list", "data": data, "models": []})
        self.give({"error": {"message": "not found", "type": "not_found_error"}}, 404)

    def do_POST(self):
        try:
            body = json.loads(self.body() or b"{}")
        except ValueError:
            return self.give({}, 400)
        path = self.path.split("?")[0]
        ends = {"/messages": "messages", "/responses": "responses", "/chat/completions": "chat"}
        kind = next((kind for end, kind in ends.items() if path.endswith(end)), None)
        if path.endswith(("count_tokens", ":countTokens")):
            return self.give({"input_tokens": answers.INPUT, "totalTokens": answers.INPUT})
        if "enerateContent" in path:
            kind, body["stream"] = "gemini", ":stream" in path
        if kind is None:
            self.api.log("POST", path, "is not known")
            return self.give({}, 404)
        self.answer(kind, body)

    def answer(self, kind, body):
        asked = read(kind, body)
        try:
            steps = self.api.steps(asked)
        except NotOffered as missing:
            self.api.log(missing)
            self.api.note("missing", asked)
            steps = [Text(f"[{missing}]")]
        self.api.log(kind, "stream" if body.get("stream") else "whole", asked.script, asked.step, len(asked.offered.arguments), "tools", steps)
        main = steps is not None
        if not main:
            return self.aside(kind, body)
        self.api.hear(asked)
        self.api.note("asked", asked)
        if isinstance(steps[0], Error):
            status, headers, error = answers.error(kind, steps[0].kind)
            self.give(error, status, headers)
            return self.api.note("refused", asked)
        self.api.note("served", asked)
        if not body.get("stream"):
            self.give(answers.whole(kind, steps, body.get("model")))
            return self.api.note("answered", asked)
        try:
            self.stream(answers.STREAMS[kind](steps, body.get("model")))
            self.api.note("answered", asked)
        except answers.Broken:
            self.connection.close()
            self.api.note("broken", asked)
        except (BrokenPipeError, ConnectionResetError):
            self.api.note("left", asked)

    def aside(self, kind, body):
        wants_json = "json" in json.dumps(body)[-6000:].lower()
        steps = [Text(json.dumps(SIDE_JSON) if wants_json else SIDE, 0.1)]
        if not body.get("stream"):
            return self.give(answers.whole(kind, steps, body.get("model")))
        try:
            self.stream(answers.STREAMS[kind](steps, body.get("model")))
        except (BrokenPipeError, ConnectionResetError):
            self.api.log("a request beside the point was given up")
