"""A muxwire that serves the lab's tmux, and what is asked of it: by its own command line, or by a WebSocket."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from install import LIBRARIES, ROOT

sys.path.insert(0, str(LIBRARIES))
from websockets.sync.client import connect  # noqa: E402

PROGRAM = os.environ.get("MUXWIRE", str(ROOT / "target" / "release" / "muxwire"))
STARTS = 30


class Muxwire:
    """The server, and a client of it that gets all that happens to agents."""

    def __init__(self, run, home, *options):
        self.home = Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.environment = {"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        words = [PROGRAM, "serve", "--no-auth", "--listen", "127.0.0.1:0", "-S", f"{run}/tmux", *options]
        self.log = open(self.home / "muxwire.log", "w")
        self.process = subprocess.Popen(words, env=self.environment, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.url = self.process.stdout.readline().strip().removeprefix("listening on ")
        self.socket = connect(self.url, max_size=None, ping_interval=None)
        self.number = 0
        self.events = []
        self.received("hello")
        self.ask("subscribe", filters={"types": ["agent.*"]})

    def received(self, *types, id=None, seconds=90):
        """The next message of one of these types, or with this id; events of agents on the way are kept."""
        end = time.monotonic() + seconds
        while True:
            message = json.loads(self.socket.recv(timeout=max(end - time.monotonic(), 0.01)))
            if message["type"].startswith("agent."):
                self.events.append((time.time(), message))
            if message["type"] in types or (id is not None and message.get("id") == id):
                return message

    def ask(self, action, **fields):
        self.number += 1
        self.socket.send(json.dumps({"action": action, "id": self.number, **fields}))
        return self.received(id=self.number)

    def agent(self):
        """What is said of the agent in the lab's pane; nothing if none is known."""
        snapshot = self.ask("snapshot")
        panes = [pane for session in snapshot["sessions"] for window in session["windows"] for pane in window["panes"]]
        return next((pane["agent"] for pane in panes if pane.get("agent")), {})

    def settles(self, *statuses, seconds=60):
        """Waits until the agent is said to do one of these."""
        end = time.monotonic() + seconds
        while (agent := self.agent()).get("status") not in statuses:
            if time.monotonic() > end:
                raise TimeoutError(f"said to be {agent.get('status')}, and not {' or '.join(statuses)}, for {seconds} s")
            time.sleep(0.1)
        return agent

    def prompt(self, text, **more):
        return self.ask("prompt", target={"session": "lab"}, text=text, **more)

    def answer(self, fingerprint, choice):
        return self.ask("answer", target={"session": "lab"}, dialog=fingerprint, choice=choice)

    def run(self, *words, given=None, seconds=120):
        """A command of muxwire's against this server: its exit code and what it prints."""
        environment = self.environment | {"MUXWIRE_URL": self.url}
        run = subprocess.run([PROGRAM, *words], env=environment, input=given, capture_output=True, text=True, timeout=seconds)
        return run.returncode, run.stdout.strip(), run.stderr.strip()

    def end(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
