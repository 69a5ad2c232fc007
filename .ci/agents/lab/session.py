"""One agent, driven through one state. What is true is known from the script of the model API and from what is typed; a
verdict begins when the screen shows it, and ends with what changes it."""

import json
import os
import re
import shlex
import shutil
import subprocess
import threading
import time
from pathlib import Path

from pane import Pane, command_line
from processes import all_processes, below, end_below
from recording import Recording, Verdict, cut, shortened
from scripts import SCRIPTS, Text

PLACE = Path("/home/dev")
PROJECT = PLACE / "project"
RUN = PLACE / ".run"
LOOK = 0.1
WATCH = 0.2
STILL = 0.6
MOST, LONGEST = 8, 120
CHECK = "#!/bin/sh\nprintf 'checking'\nsleep {}\necho ' done'\n"
SLOW = "#!/bin/sh\nsleep 60\necho done\n"


class Missing(Exception):
    """The agent offers no tool for this state."""


class Session:
    """The agent in its pane, the model, and the recording."""

    def __init__(self, recipe, name, state, model):
        self.recipe, self.name, self.state, self.model = recipe, name, state, model
        self.open = None
        self.prompted = ""
        self.keep = {}
        self.pace = recipe.pace * state.pace
        lay_out_place(4 * self.pace)
        self.home = PLACE
        given = recipe.configure(self, **state.setup)
        self.arguments = list(map(str, given.arguments))
        argv = [*recipe.argv, *self.arguments]
        base = {"HOME": PLACE, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "SHELL": "/bin/bash", "TZ": "UTC"}
        environment = base | {"USER": "dev", "DO_NOT_TRACK": "1", "COLORTERM": "truecolor", "PS1": "$ "} | given.environment
        self.line = shlex.join(map(str, argv))
        self.recording = Recording(recipe.name, recipe.version, name, state.size, self.line)
        command = command_line(environment, list(map(str, ["/bin/bash", "--norc", "--noprofile"] if state.shell else argv)))
        model.reset(recipe.toolless, self.pace)
        self.pane = Pane(RUN, PROJECT, command, state.size, self.recording)
        self.stop = threading.Event()
        self.watcher = threading.Thread(target=self.watch, daemon=True)

    # What is seen

    def screen(self):
        return self.pane.screen()

    def tail(self):
        """The screen behind the last prompt that was typed."""
        screen = self.screen()
        at = screen.find(self.prompted[:20]) if self.prompted else -1
        return screen[at:] if at >= 0 else screen

    def see(self, what, seconds=20):
        """Waits until the screen shows a pattern, or something that holds for the screen."""
        def shown():
            return what(self.screen()) if callable(what) else re.search(what, self.tail(), re.MULTILINE)

        end = time.monotonic() + seconds
        while not (found := shown()):
            self.check_offer()
            if time.monotonic() > end:
                name = what.__name__ if callable(what) else what
                raise TimeoutError(f"not seen in {seconds} s: {name}; the screen:\n{self.screen()}")
            time.sleep(LOOK)
        return found

    def see_while_open(self, what, seconds):
        """As `see`; what is true so far ends up to half a second before."""
        while_true = self.open
        self.see(what, seconds)
        if while_true and while_true is self.open:
            self.over(max(time.monotonic() - 0.5, self.recording.began + while_true.start))

    def see_still(self, what, seconds=30):
        """As `see`, and the screen does not change any more."""
        end = time.monotonic() + seconds
        while True:
            self.see(what, max(end - time.monotonic(), 1))
            before = self.screen()
            time.sleep(STILL)
            if self.screen() == before or time.monotonic() > end:
                return

    def see_process(self, name, seconds=20):
        end = time.monotonic() + seconds
        while not any(self.is_tool(known, name) for known in all_processes().values()):
            if time.monotonic() > end:
                raise TimeoutError(f"no process {name} in {seconds} s; the screen:\n{self.screen()}")
            time.sleep(LOOK)

    @staticmethod
    def is_tool(known, name):
        return known[2][:1] == [name]

    def check_offer(self):
        if missing := [event for event in self.model.events if event.kind == "missing"]:
            raise Missing(f"no tool for {missing[0].script}")

    def asked(self, script, step=0, seconds=30):
        return self.waited("asked", script, step, seconds)

    def answered(self, script, step=0, seconds=120):
        return self.waited("answered", script, step, seconds)

    def refused(self, script, step=0, seconds=30):
        return self.waited("refused", script, step, seconds)

    def waited(self, kind, script, step, seconds):
        try:
            return self.model.wait(kind, script, step, seconds)
        except TimeoutError as error:
            self.check_offer()
            raise TimeoutError(f"{error}; the screen:\n{self.screen()}") from error

    # What is true

    def now_is(self, state, **more):
        """From now on this is true, and the screen shows it."""
        self.over()
        screen = self.screen()
        more = {name: given for name, given in more.items() if given is not None}
        for name, pattern in self.recipe.vitals.items():
            if name not in more and (found := re.search(pattern, screen, re.MULTILINE)):
                more[name] = found[1]
        self.open = Verdict(self.recording.seconds(), 0.0, state, more)

    def over(self, at=None):
        """What was true may change from now on, or from a moment that the model knows."""
        if self.open is None:
            return
        self.open.end = self.recording.seconds(at)
        if self.open.end > self.open.start:
            self.recording.verdicts.append(self.open)
        self.open = None

    def hold(self, seconds, shown=None):
        """Stays so for a while; at the end the screen still has to show it."""
        time.sleep(seconds * (self.pace if self.open and self.open.state == "busy" else 1))
        if shown:
            self.see(shown, 1)

    def ready(self, seconds=40, hold=2.0, **more):
        """The agent is at its prompt with nothing to do."""
        self.see_still(self.recipe.is_idle, seconds)
        self.now_is("ready", **more)
        self.hold(hold, self.recipe.is_idle)

    def busy(self, script, step=0, **more):
        """The model was asked, and the agent shows it: in its own way, or by what it was told so far. Where all was told at
        once, nothing is noted."""
        asked = self.asked(script, step)
        said = [part.text[:12] for part in SCRIPTS[script].answers[step] if type(part) is Text]
        while not (self.recipe.is_busy(self.screen()) or any(text in self.tail() for text in said)):
            self.check_offer()
            if any(event.kind == "answered" and event.at > asked.at for event in self.model.events):
                return
            if time.monotonic() > asked.at + 20:
                raise TimeoutError(f"not seen at work in 20 s; the screen:\n{self.screen()}")
            time.sleep(LOOK)
        self.now_is("busy", **more)

    def waiting(self, reason, pattern, hold=2.5, seconds=25):
        """A dialog stands and waits for the user."""
        self.see(pattern, seconds)
        self.see_still(pattern, 4)
        self.now_is("waiting", reason=reason)
        self.hold(hold, pattern)

    # What is done

    def go(self):
        """Lets the agent begin."""
        self.pane.go()
        self.watcher.start()
        if self.state.shell:
            self.see(r"^\$", 10)
            self.type(self.line)
            self.press("Enter")

    def type(self, text):
        self.recording.mark(f"typed: {text}")
        self.pane.type(text)
        time.sleep(0.6)

    def press(self, *keys):
        """Keys that don't change what is true."""
        for key in keys:
            self.recording.mark(f"key: {key}")
            self.pane.key(key)
            time.sleep(0.3)

    def act(self, *keys):
        """Keys that change it: with the first one nothing is sure any more."""
        *before, last = keys
        self.press(*before)
        self.over()
        self.press(last)

    def prompt(self, script):
        """Types a prompt and submits it."""
        text = SCRIPTS[script].prompt
        self.type(text)
        self.prompted = text
        self.act("Enter")

    # What is watched beside

    def watch(self):
        known, command, files = {}, None, {}
        while not self.stop.wait(WATCH):
            processes = all_processes()
            now = {pid: processes[pid] for pid in below(self.pane.pid, processes) if processes[pid][2]}
            if "/.run/gate" in " ".join(now.get(self.pane.pid, (0, "", []))[2]):
                continue
            self.changed_processes(known, now)
            known = now
            try:
                shown = self.pane.show("#{pane_current_command}")
            except RuntimeError:
                return
            if shown != command:
                self.recording.entry("command", name=shown)
                command = shown
            files = self.changed_files(files)

    def changed_processes(self, known, now):
        for pid, (parent, name, argv) in now.items():
            if known.get(pid) != (parent, name, argv):
                self.recording.entry("process", pid=pid, ppid=parent, name=name, argv=[word[:LONGEST] for word in argv[:MOST]])
        for pid in known.keys() - now.keys():
            self.recording.entry("process", pid=pid, ended=True)

    def changed_files(self, before):
        now = {}
        for path in self.recipe.registry(self):
            try:
                now[path.name] = path.read_text()
            except OSError:
                continue
            if now[path.name] != before.get(path.name):
                self.recording.entry("registry", file=path.name, json=now[path.name])
        for name in before.keys() - now.keys():
            self.recording.entry("registry", file=name, ended=True)
        return now

    def end(self):
        """Ends the agent and all that it left behind."""
        self.over()
        self.stop.set()
        if self.watcher.is_alive():
            self.watcher.join()
        hooks = RUN / "hooks"
        for path in sorted(hooks.glob("*")) if hooks.exists() else []:
            at, _, text = path.read_text().partition("\n")
            seconds = round(float(at) - self.recording.began_wall, 3)
            given = cut(json.loads(text))
            self.recording.entry("hook", at=seconds, event=given["hook_event_name"], json=json.dumps(given, ensure_ascii=False))
        for name, path in self.recipe.transcripts(self):
            self.keep[name] = shortened(path.read_text())
        self.pane.end()
        end_below(os.getpid())


def lay_out_place(check_seconds):
    """A new home, an empty /tmp, and a small project in a repository of its own."""
    if os.getpid() != 1:
        raise RuntimeError("the lab clears folders and does so in its own namespaces alone")
    end = time.monotonic() + 10
    while left := [path for path in [*PLACE.iterdir(), *Path("/tmp").iterdir()] if path.name != "agents"]:
        for path in left:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=time.monotonic() < end)
            else:
                path.unlink()
    RUN.mkdir(mode=0o700)
    PROJECT.mkdir()
    (PROJECT / "hello.txt").write_text("hello world\n")
    for name, text in {"check.sh": CHECK.format(check_seconds), "slow.sh": SLOW}.items():
        (PROJECT / name).write_text(text)
        (PROJECT / name).chmod(0o755)
    (PLACE / ".gitconfig").write_text("[user]\nname = dev\nemail = dev@example.com\n[init]\ndefaultBranch = main\n")
    for words in (["init", "-q", "."], ["add", "."], ["commit", "-q", "-m", "the greeting"]):
        subprocess.run(["git", *words], cwd=PROJECT, check=True, env={"HOME": str(PLACE), "PATH": "/usr/local/bin:/usr/bin:/bin"})
