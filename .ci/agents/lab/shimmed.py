"""`muxwire run` with a real agent: what it reports in-band, job control, and the terminal after each end."""

import os
import re
import shlex
import signal
import time

from muxwire import PROGRAM
from processes import all_processes
from prompts import Trial
from scripts import SCRIPTS
from session import RUN
from states import State

REPORT = re.compile(r"\x1b\]7501;([^\x07\x1b]*)")


class Shimmed(Trial):
    """An agent that a shell has started with `muxwire run`."""

    def __init__(self, recipe, model, rows):
        super().__init__(recipe, model, rows, State(None, shell=True, pace=1 / recipe.pace))
        self.line = shlex.join([PROGRAM, "run", "--", *map(str, self.session.recipe.argv), *self.session.arguments])
        self.looks = 0

    def open(self):
        self.session.pane.go()
        self.session.watcher.start()
        self.session.see(r"^\$", 10)
        self.before = self.terminal()

    def shell(self, line):
        self.session.pane.type(line)
        self.session.pane.key("Enter")

    def terminal(self):
        """What the shell's terminal is like."""
        self.looks += 1
        path = RUN / f"stty.{self.looks}"
        self.shell(f"stty -a > {path}.new; mv {path}.new {path}")
        end = time.monotonic() + 15
        while not path.exists():
            if time.monotonic() > end:
                raise TimeoutError(f"the shell is not back; the screen:\n{self.session.screen()}")
            time.sleep(0.1)
        return path.read_text()

    def started(self):
        """Starts the agent and reaches its prompt."""
        self.shell("clear")
        time.sleep(0.5)
        self.shell(self.line)
        self.session.see(self.recipe.is_idle, 60)
        self.muxwire.settles("ready")
        time.sleep(1)

    def reports(self):
        with self.session.recording.lock:
            text = "".join(event[2] for event in self.session.recording.events if event[1] == "o")
        return REPORT.findall(text)

    def check(self, case, said, truth, right):
        self.note(case, said, truth, right, time.monotonic())

    def reported(self):
        """Each state is reported in-band, and said to rest on that."""
        self.started()
        agent = self.muxwire.agent()
        reported = self.reports()[-1:] == ["state=idle:app=claude-code"]
        self.check("run, started", f"{agent['status']} ({agent['source']})", " ".join(self.reports()), reported)
        self.model.reset(False, 1.0)
        before = len(self.muxwire.events)
        self.muxwire.prompt(SCRIPTS["bash"].prompt)
        agent = self.muxwire.settles("waiting")
        time.sleep(1)
        agent = self.muxwire.agent()
        said = f"{agent['status']} {agent.get('reason')} ({agent['source']}): {agent.get('message')}"
        right = agent.get("reason") == "permission" and "check.sh" in agent.get("message", "") and bool(agent.get("dialog"))
        self.check("run, a dialog", said, self.reports()[-1][:40], right)
        answer = self.muxwire.answer(agent["dialog"]["fingerprint"], 1)
        self.check("run, answer", self.said(answer), "", bool(answer.get("answered")))
        self.settle("run, answer")
        agent = self.muxwire.agent()
        self.check("run, finished", f"{agent['status']} ({agent['source']})", self.reports()[-1], agent["source"] == "report")
        told = [(event["data"]["status"], event["data"].get("source")) for _, event in self.muxwire.events[before:] if event["type"] == "agent.status"]
        self.check("run, all that was said", " ".join(f"{state}/{source}" for state, source in told), "", bool(told))
        self.check("run, the query", "", "does not reach the pane", not any(report.startswith("?") for report in self.reports()))

    def is_restored(self, case, code=None):
        """The shell is back with its terminal as it was, and the exit code."""
        time.sleep(2)
        self.shell("code=$?; clear; echo code=$code")
        found = self.session.see(r"code=(\d+)", 10)
        after = self.terminal()
        same = after == self.before
        right = same and (code is None or found[1] == str(code))
        self.check(case, f"exit code {found[1]}", "the terminal is as before" if same else f"changed: {after}", right)

    def stopped(self):
        """Control-Z, and back."""
        self.session.press("C-z")
        self.session.see(r"\$ *\n*\Z", 10)
        same = self.terminal() == self.before
        self.shell("clear; jobs")
        job = self.session.see(r"Stopped.*", 10)[0]
        self.check("run, Ctrl-Z", job[:30], "the terminal is as before" if same else "changed", same)
        self.shell("fg")
        self.session.see(self.recipe.is_idle, 20)
        agent = self.muxwire.settles("ready")
        word = self.word()
        self.model.reset(False, 1.0)
        answer = self.muxwire.prompt(f"{SCRIPTS['short'].prompt} {word}")
        heard = self.model.heard(word, 10)
        self.check("run, fg and a prompt", f"{agent['status']}, {self.said(answer)}", "whole" if heard else "nothing", bool(heard))
        self.settle("run, fg")

    def resized(self):
        for size in ((90, 30), (120, 35)):
            self.session.pane.resize(size)
            time.sleep(2)
            rule = max(map(len, re.findall("─+", self.session.screen())))
            self.check("run, resized", f"{size[0]} columns", f"rules of {rule}", rule == size[0])

    def process(self, is_it):
        return next(pid for pid, known in sorted(all_processes().items()) if is_it(known[2]))

    def killed(self, case, number, of_shim, code):
        self.started()
        shim = self.process(lambda argv: argv[1:2] == ["run"] and argv[0] == PROGRAM)
        agent = self.process(lambda argv: argv[:1] == [str(self.recipe.argv[0])])
        os.kill(shim if of_shim else agent, number)
        self.is_restored(case, code)
        time.sleep(1)
        left = [pid for pid in (shim, agent) if pid in all_processes() and all_processes()[pid][2]]
        self.check(f"{case}: processes", "", f"{len(left)} left", not left)


def cases(trial):
    yield trial.reported
    yield trial.stopped
    yield trial.resized

    def leaves():
        trial.recipe.leave(trial.session)
        trial.is_restored("run, Ctrl-C twice", 0)
        agent = trial.muxwire.agent()
        trial.check("run, ended", agent.get("status", "no agent"), "", not agent)

    yield leaves
    for name in ("SIGTERM", "SIGHUP", "SIGKILL"):
        number = getattr(signal, name)
        code = None if name != "SIGKILL" else 137
        yield lambda name=name, number=number, code=code: trial.killed(f"run, {name} to the agent", number, False, code)
        yield lambda name=name, number=number, code=code: trial.killed(f"run, {name} to muxwire run", number, True, code)
