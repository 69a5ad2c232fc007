"""A stand-in for Claude Code: it draws what that draws, and takes keys as that does.

    claude FIFO LOG

Its composer takes pastes in brackets, and shows a long one as a mark; a burst that is no paste but ends with Enter is
text with a line break. While it works it keeps prompts for later. What is submitted and what is answered goes to LOG,
a JSON value a line. A line on FIFO changes what it does:

    idle, busy      it has done its work, or works
    ask WORD        it asks whether it may do WORD
    trap WORD       the same, as soon as the next paste comes in
    deaf            Enter breaks lines from now on
    work-next       a prompt makes it work until it is told to be idle; otherwise it is done after a moment
    end             it ends
"""

import json
import os
import re
import select
import shutil
import sys
import termios
import time
import tty

TOKENS = re.compile(rb"\x1b\[200~(.*?)\x1b\[201~|\x1b\[([AB])|(\r)|(\x15)|(\x7f)|([^\x00-\x1f\x7f]+|[\n\t])", re.S)
MOMENT = 0.3


class Claude:
    def __init__(self, log):
        self.log = log
        self.said = "Ready to help."
        self.text = ""
        self.pasted = ""
        self.pastes = 0
        self.busy = False
        self.done_at = None
        self.stays_busy = False
        self.queued = []
        self.asks = None
        self.trap = None
        self.chosen = 0
        self.deaf = False

    def write(self, value):
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")

    def draw(self):
        cols, rows = shutil.get_terminal_size()
        rule, sign = "\u2500" * cols, "\u276f"
        lines = ["\u25cf " + self.said, ""]
        if self.asks:
            lines += [rule, " Bash command", f" {self.asks}", "", " Do you want to proceed?"]
            for at, option in enumerate(["Yes", "Yes, and don\u2019t ask again", "No"]):
                lines.append(f" {sign if at == self.chosen else chr(32)} {at + 1}. {option}")
            lines += ["", " Esc to cancel \u00b7 Tab to amend"]
        else:
            if self.busy:
                lines += ["\u273b Thinking\u2026", ""]
            shown = self.shown().split("\n")
            lines += [rule, "\u276f " + shown[0], *("  " + line for line in shown[1:]), rule]
            lines.append("  esc to interrupt" if self.busy else "  ? for shortcuts")
        text = "\r\n".join(lines[:rows])
        sys.stdout.write(f"\x1b[?2026h\x1b[H\x1b[2J{text}\x1b[?2026l")
        sys.stdout.flush()

    def shown(self):
        if self.text:
            return self.text
        return "Press up to edit queued messages" if self.queued else ""

    def told(self, line):
        word, _, rest = line.strip().partition(" ")
        if word == "busy":
            self.busy, self.done_at = True, None
        elif word == "idle":
            self.finish()
        elif word == "ask":
            self.asks, self.chosen = rest, 0
        elif word == "trap":
            self.trap, self.said = rest, "Now trapped."
        elif word == "deaf":
            self.deaf, self.said = True, "Now deaf."
        elif word == "work-next":
            self.stays_busy = True
        return word != "end"

    def finish(self):
        self.busy, self.done_at = False, None
        self.said = "Done."
        if self.queued:
            self.begin(self.queued.pop(0))

    def begin(self, prompt):
        self.write({"prompt": prompt})
        self.busy = True
        self.done_at = None if self.stays_busy else time.monotonic() + MOMENT
        self.stays_busy = False

    def keys(self, data):
        found = list(TOKENS.finditer(data))
        is_burst = len(found) > 1 and not any(token.group(1) is not None for token in found)
        for token in found:
            paste, arrow, enter, kill, back, typed = token.groups()
            if paste is not None:
                self.paste(paste.decode().replace("\r", "\n"))
            elif self.asks:
                self.choose(arrow, enter)
            elif enter:
                self.enter(is_burst)
            elif kill:
                self.kill()
            elif back:
                self.text, self.pasted = self.text[:-1], ""
            elif typed:
                self.text += typed.decode(errors="replace")

    def paste(self, text):
        if self.trap:
            self.asks, self.trap, self.chosen = self.trap, None, 0
        if text.count("\n") < 3:
            self.text += text
            return
        self.pastes += 1
        self.pasted = text
        self.text += f"[Pasted text #{self.pastes} +{text.count(chr(10))} lines]"

    def choose(self, arrow, enter):
        if arrow:
            self.chosen = max(0, min(2, self.chosen + (1 if arrow == b"B" else -1)))
        elif enter:
            self.write({"asked": self.asks, "chosen": self.chosen + 1})
            self.asks, self.busy, self.done_at = None, True, time.monotonic() + MOMENT

    def enter(self, is_burst):
        if is_burst or self.deaf:
            self.text += "\n"
        elif self.text:
            prompt = re.sub(r"\[Pasted text #\d+ \+\d+ lines\]", lambda _: self.pasted, self.text)
            self.text, self.pasted = "", ""
            if self.busy:
                self.queued.append(prompt)
            else:
                self.begin(prompt)

    def kill(self):
        head, sep, last = self.text.rpartition("\n")
        self.text = head + sep if last else head


def main():
    fifo, log = sys.argv[1:]
    with open(fifo + ".pid", "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    commands = os.open(fifo, os.O_RDWR)
    tty.setraw(0, termios.TCSANOW)
    sys.stdout.write("\x1b[?2004h\x1b[?25l")
    claude = Claude(log)
    lines = b""
    while True:
        claude.draw()
        wait = None if claude.done_at is None else max(0, claude.done_at - time.monotonic())
        # What it is told counts before keys that come after it.
        ready, _, _ = select.select([0, commands], [], [], wait)
        if commands in ready:
            lines += os.read(commands, 4096)
            *whole, lines = lines.split(b"\n")
            if not all([claude.told(line.decode()) for line in whole]):
                return
        if 0 in ready:
            data = os.read(0, 65536)
            while b"\x1b[200~" in data and b"\x1b[201~" not in data:
                data += os.read(0, 65536)
            claude.keys(data)
        if claude.done_at is not None and time.monotonic() >= claude.done_at:
            claude.finish()


main()
