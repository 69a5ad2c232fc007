"""What is kept of one state: the pane's bytes with times, the processes, what the agent wrote beside, and what is true when."""

import codecs
import json
import re
import threading
import time
from dataclasses import dataclass, field


@dataclass
class Verdict:
    """What is true from one moment to another."""

    start: float
    end: float
    state: str
    more: dict = field(default_factory=dict)


class Recording:
    """A recording in the making. Times are seconds since the agent was let go."""

    def __init__(self, agent, version, state, size, started):
        self.agent, self.version, self.state, self.size, self.started = agent, version, state, size, started
        self.lock = threading.Lock()
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.events, self.verdicts = [], []
        self.entries = {"process": [], "command": [], "registry": [], "hook": []}
        self.began = time.monotonic()
        self.began_wall = time.time()
        self.last_output = self.began

    def begin(self):
        self.began, self.began_wall = time.monotonic(), time.time()

    def seconds(self, at=None):
        return round((time.monotonic() if at is None else at) - self.began, 3)

    def output(self, at, data):
        with self.lock:
            text = self.decoder.decode(data)
            self.last_output = at
            if text:
                self.events.append([max(self.seconds(at), 0.0), "o", text])

    def mark(self, label):
        with self.lock:
            self.events.append([self.seconds(), "m", label])

    def resized(self, size):
        with self.lock:
            self.events.append([self.seconds(), "r", f"{size[0]}x{size[1]}"])

    def entry(self, kind, **fields):
        self.entries[kind].append({"at": fields.pop("at", None) or self.seconds(), **fields})

    def cast(self):
        """The bytes, as asciicast v2."""
        header = {"version": 2, "width": self.size[0], "height": self.size[1], "timestamp": int(self.began_wall)}
        header["title"] = f"{self.agent} {self.version}: {self.state}"
        with self.lock:
            events = sorted(self.events, key=lambda event: event[0])
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [header, *events])

    def facts(self):
        """What is true, as TOML."""
        out = [f"{name} = {value(text)}" for name, text in self.head()]
        for verdict in self.verdicts:
            fields = {"from": verdict.start, "to": verdict.end, "state": verdict.state, **verdict.more}
            out += ["", "[[verdict]]", *(f"{name} = {value(given)}" for name, given in fields.items())]
        for kind, entries in self.entries.items():
            for entry in sorted(entries, key=lambda entry: entry["at"]):
                out += ["", f"[[{kind}]]", *(f"{name} = {value(given)}" for name, given in entry.items())]
        return "\n".join(out) + "\n"

    def head(self):
        return [("agent", self.agent), ("version", self.version), ("state", self.state), ("started", self.started)]


MACHINE = re.compile(r"linux:[0-9a-f]{32}")


def value(given):
    """A value as TOML. What names the machine is taken out."""
    if isinstance(given, str):
        given = MACHINE.sub("linux:" + 32 * "0", given)
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, (int, float)):
        return repr(given)
    if isinstance(given, dict):
        return "{ " + ", ".join(f"{name} = {value(inner)}" for name, inner in given.items()) + " }"
    if isinstance(given, list):
        return "[" + ", ".join(map(value, given)) + "]"
    return json.dumps(given, ensure_ascii=False).replace("\x7f", "\\u007f")


LONG, SHOWN = 400, 100


def shortened(transcript):
    """A transcript's lines, each text that is longer than some lines of prose cut: instructions of the agent and the like."""
    return "".join(json.dumps(cut(json.loads(line)), ensure_ascii=False) + "\n" for line in transcript.splitlines() if line)


def cut(given):
    if isinstance(given, dict):
        return {name: cut(inner) for name, inner in given.items()}
    if isinstance(given, list):
        return [cut(inner) for inner in given]
    return f"{given[:SHOWN]} [cut]" if isinstance(given, str) and len(given) > LONG else given
