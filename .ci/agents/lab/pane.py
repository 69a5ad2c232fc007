"""One agent in one pane of a private tmux server, and the control client that gets its bytes from the first on."""

import os
import re
import shlex
import subprocess
import threading
import time
from collections import deque
from pathlib import Path

ESCAPED = re.compile(rb"\\([0-7]{3})")
OPTIONS = [
    ["set", "-g", "default-terminal", "tmux-256color"],
    ["set", "-g", "default-shell", "/bin/sh"],
    ["set", "-g", "remain-on-exit", "on"],
    ["set", "-g", "history-limit", "2000"],
    ["set", "-s", "exit-empty", "off"],
]


class Gone(RuntimeError):
    """The tmux server ended before its time."""


class Control:
    """A control client: replies to commands, and output as it comes."""

    def __init__(self, tmux, session, output):
        self.output = output
        self.replies = deque()
        self.arrived = threading.Condition()
        self.process = subprocess.Popen(
            [*tmux, "-C", "attach-session", "-t", session, "-f", "ignore-size"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.lock = threading.Lock()
        self.ended = False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        """Splits what comes into lines. A reply's lines stand between `%begin` and `%end` or `%error` of one number."""
        rest, block, number = b"", None, None
        descriptor = self.process.stdout.fileno()
        while data := os.read(descriptor, 65536):
            at = time.monotonic()
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if block is None and line.startswith(b"%begin "):
                    block, number = [], line.split()[1:]
                elif block is not None and line.startswith((b"%end ", b"%error ")) and line.split()[1:] == number:
                    if number[2] == b"1":
                        self.reply(line.startswith(b"%error "), block)
                    block = None
                elif block is not None:
                    block.append(line)
                elif line.startswith(b"%output "):
                    escaped = line.split(b" ", 2)[2]
                    self.output(at, ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), escaped))
        with self.arrived:
            self.ended = True
            self.arrived.notify_all()

    def reply(self, failed, lines):
        with self.arrived:
            self.replies.append((failed, [line.decode("utf-8", "replace") for line in lines]))
            self.arrived.notify_all()

    def run(self, *words):
        """Runs one command; the lines of its reply."""
        with self.lock:
            line = " ".join(quoted(str(word)) for word in words)
            try:
                self.process.stdin.write(line.encode() + b"\n")
                self.process.stdin.flush()
            except BrokenPipeError:
                raise Gone(f"tmux ended before {words[0]}") from None
            with self.arrived:
                if not self.arrived.wait_for(lambda: self.replies or self.ended, 30) or not self.replies:
                    raise Gone(f"tmux does not answer {words[0]}")
                failed, lines = self.replies.popleft()
        if failed:
            raise RuntimeError(f"tmux {line}: {' '.join(lines)}")
        return lines

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            self.process.kill()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def quoted(word):
    return "'" + word.replace("'", "'\\''") + "'"


class Pane:
    """The pane. Nothing runs in it before `go`."""

    def __init__(self, run, cwd, command, size, recording):
        self.recording = recording
        self.tmux = ["tmux", "-S", f"{run}/tmux", "-f", "/dev/null"]
        self.gate = Path(run, "gate")
        os.mkfifo(self.gate)
        given = f"read _ < {self.gate}; {command}"
        words = ["start-server"]
        for option in OPTIONS:
            words += [";", *option]
        words += [";", "new-session", "-d", "-s", "lab", "-x", str(size[0]), "-y", str(size[1]), "-c", cwd, given]
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm-256color", "SHELL": "/bin/sh"}
        subprocess.run([*self.tmux, *words], env=environment, check=True)
        self.control = Control(self.tmux, "=lab", self.arrived)
        self.control.run("set", "-w", "window-size", "manual")
        self.pid = int(self.show("#{pane_pid}"))

    def arrived(self, at, data):
        self.recording.output(at, data)

    def go(self):
        """Lets the agent begin; the recording's time starts here."""
        self.recording.begin()
        self.gate.write_text("go\n")

    def show(self, format_):
        return self.control.run("display-message", "-p", "-t", "=lab:", format_)[0]

    def screen(self):
        return "\n".join(self.control.run("capture-pane", "-p", "-t", "=lab:"))

    def title(self):
        return self.show("#{pane_title}")

    def dead(self):
        return self.show("#{pane_dead}") == "1"

    def type(self, text):
        self.control.run("send-keys", "-t", "=lab:", "-l", text)

    def key(self, name):
        self.control.run("send-keys", "-t", "=lab:", name)

    def resize(self, size):
        self.control.run("resize-window", "-t", "=lab:", "-x", size[0], "-y", size[1])
        self.recording.resized(size)

    def end(self):
        """Ends the agent as closing its pane does, then the server."""
        subprocess.run([*self.tmux, "kill-server"], check=False, capture_output=True)
        self.control.end()


def command_line(environment, argv):
    """What the pane's shell runs: the agent with this environment and no other."""
    given = " ".join(shlex.quote(f"{name}={text}") for name, text in environment.items())
    return f'exec env -i TERM="$TERM" TMUX="$TMUX" TMUX_PANE="$TMUX_PANE" {given} {shlex.join(argv)}'
