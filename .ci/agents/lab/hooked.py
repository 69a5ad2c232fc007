"""`muxwire hook` with real agents: whether the server gets what they call it with, and how long they are held up."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.request

from muxwire import PROGRAM
from prompts import Trial
from scripts import SCRIPTS
from session import PLACE

CALLS = 200
LIMIT = 0.050
FOLDERS = {"claude": {"CLAUDE_CONFIG_DIR": str(PLACE / ".claude")}, "gemini": {}}
EVENT = {"hook_event_name": "PreToolUse", "session_id": "s", "tool_name": "Bash", "tool_input": {"command": "x" * 3000}}


class Hooked(Trial):
    """An agent whose settings call muxwire."""

    def open(self):
        environment = {"HOME": str(PLACE), **FOLDERS[self.recipe.name]}
        state = self.muxwire.home / ".local" / "state" / "muxwire"
        words = [PROGRAM, "hooks", "install", self.recipe.name, "--state-dir", str(state)]
        installed = subprocess.run(words, env=environment, capture_output=True, text=True)
        if installed.returncode:
            raise TimeoutError(f"hooks install: {installed.stderr}")
        self.state = str(state)
        super().open()

    def counted(self, name):
        url = self.muxwire.url.replace("ws://", "http://").replace("/monitor", "/metrics")
        with urllib.request.urlopen(url) as answer:
            return int(float(re.search(rf"^muxwire_{name} (\S+)", answer.read().decode(), re.MULTILINE)[1]))

    def turn(self):
        """A turn with a permission: every event that the agent calls is counted, and none fails it."""
        self.model.reset(self.recipe.toolless, 1.0)
        began = time.monotonic()
        before = self.counted("agent_hooks_total")
        answer = self.muxwire.prompt(SCRIPTS["bash"].prompt)
        self.note("hooks, prompt", self.said(answer), "", answer.get("evidence") in ("hook", "busy"), began)
        agent = self.muxwire.settles("waiting", seconds=30)
        time.sleep(1)
        self.muxwire.answer(self.muxwire.agent()["dialog"]["fingerprint"], 1)
        self.settle("hooks, turn")
        agent = self.muxwire.agent()
        heeded, unheeded = self.counted("agent_hooks_total") - before, self.counted("agent_unheeded_hooks_total")
        told = re.search(r"hook.{0,20}(?:fail|error)", self.session.screen(), re.IGNORECASE)
        self.note("hooks, turn", f"{agent['status']} ({agent['source']})", f"{heeded} heeded, {unheeded} not", heeded > 3 and not told, began)


def call(state, stays_open=False, nothing=False):
    """One call as an agent makes it: how long it takes, and its exit code."""
    reader, writer = os.pipe()
    if not stays_open:
        os.write(writer, json.dumps(EVENT).encode())
        os.close(writer)
    environment = {"HOME": str(PLACE), "TMUX": "/nowhere,1,0", "TMUX_PANE": "%0"}
    actions = [(os.POSIX_SPAWN_DUP2, reader, 0)]
    began = time.perf_counter()
    words = ["/bin/true"] if nothing else [PROGRAM, "hook", "--state-dir", state, "claude", "PreToolUse"]
    pid = os.posix_spawn(words[0], words, environment, file_actions=actions)
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - began
    os.close(reader)
    if stays_open:
        os.close(writer)
    return took, os.waitstatus_to_exitcode(status)


def measured(trial, case, state, load=0, **more):
    began = time.monotonic()
    loads = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(load)]
    try:
        calls = [call(state, **more) for _ in range(CALLS)]
    finally:
        for each in loads:
            each.kill()
            each.wait()
    times = sorted(took for took, _ in calls)
    failed = sum(code != 0 for _, code in calls)
    ms = [f"{times[at] * 1000:.1f}" for at in (len(times) // 2, len(times) * 99 // 100, -1)]
    over = sum(took > LIMIT for took in times)
    said = f"p50 {ms[0]}, p99 {ms[1]}, longest {ms[2]} ms"
    trial.note(f"{CALLS} calls, {case}", said, f"{over} over 50 ms, {failed} failed", not failed and (not over or load > 0), began)


def cases(trial):
    yield trial.turn
    if trial.recipe.name != "claude":
        return
    yield lambda: measured(trial, "of a program that does nothing, for comparison", trial.state, nothing=True)
    yield lambda: measured(trial, "a server", trial.state)
    yield lambda: measured(trial, "no server", str(PLACE / "none"))
    yield lambda: measured(trial, "stdin stays open", trial.state, stays_open=True)
    yield lambda: measured(trial, "of a program that does nothing, 4 busy loops", trial.state, load=4, nothing=True)
    yield lambda: measured(trial, "a server, 4 busy loops on all cores", trial.state, load=4)
    yield lambda: measured(trial, "no server, 4 busy loops", str(PLACE / "none"), load=4)

    def hung():
        os.kill(trial.muxwire.process.pid, signal.SIGSTOP)
        try:
            measured(trial, "a server that hangs", trial.state)
        finally:
            os.kill(trial.muxwire.process.pid, signal.SIGCONT)

    yield hung
