"""What every recipe has: how an agent is configured, started and read. Patterns here are the lab's evidence that the screen
shows what the script did; muxwire's rules are written apart from them."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

AGENTS = Path("/home/dev/agents")


@dataclass
class Given:
    """What one start gets beside the program itself."""

    environment: dict = field(default_factory=dict)
    arguments: list = field(default_factory=list)


class Recipe:
    """One agent in one version."""

    busy = idle = interrupted = background = r"(?!)"
    vitals: dict = {}
    dialogs: dict = {}
    states: dict = {}
    interrupt = ("Escape",)
    early_reason = "interrupted"
    toolless = False
    # The share of a script's times that is taken: less for agents that print their whole screen with every word.
    pace = 1.0

    def __init__(self, name, version, program):
        self.name, self.version = name, version
        path = AGENTS / f"{name}-{version}" / program
        self.argv = ["node", path] if path.suffix == ".js" else [path]

    def is_busy(self, screen):
        return re.search(self.busy, screen, re.MULTILINE)

    def is_idle(self, screen):
        return re.search(self.idle, screen, re.MULTILINE) and not self.is_busy(screen)

    def configure(self, session):
        raise NotImplementedError

    def reach_prompt(self, session):
        session.see(self.is_idle, 60)

    def registry(self, _session):
        """Files of the agent that tell its state."""
        return []

    def transcripts(self, _session):
        """Names and paths of transcripts worth keeping."""
        return []

    def leave(self, session):
        session.press("C-c")
        session.act("C-c")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))
