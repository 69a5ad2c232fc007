"""Says which screens differ between two recordings of one state, apart from what differs in every run."""

import difflib
import json
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

SHOWN = 12
NORMAL = [
    (r"\b\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?( ?\(UTC\))?", "TIME"),
    (r"\b(\d+h )?(\d+m )?\d+(\.\d+)?s\b", "SECONDS"),
    (r"\b\d+(\.\d+)?k? (tokens|tok)\b", "TOKENS"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "ID"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"[⠀-⣿]", "⠿"),
    (r"[·✢✳✶✻✽*] [A-Z]\w+(ing|…)\S*", "✻ VERB…"),
    (r"[·✢✳✶✻✽*] [A-Z]\w+ed for", "✻ VERB for"),
    (r"[⬝■]+", "■"),
    (r"[░█]+", "█"),
    (r"[◉●◎○]", "●"),
    (r"running \w+ hook · ", ""),
    (r"^.*(Tip: |Try \").*$", "TIP"),
    (r"^ *\.{1,3} +.*(?=\(.*esc to cancel\))", "... PHRASE "),
    (r"[ \t]+$", ""),
]


def screens(cast, facts):
    """The rendered text at the end of each verdict: the recording's bytes, shown by tmux."""
    header, *events = [json.loads(line) for line in cast.splitlines()]
    ends = [(verdict["to"], verdict["state"], verdict.get("reason")) for verdict in tomllib.loads(facts).get("verdict", [])]
    shown = []
    for end, state, reason in ends:
        until = [event for event in events if event[0] <= end]
        shown.append((f"{state} {reason or ''}".strip(), normal(render(header, until))))
    return shown


def render(header, events):
    """What a terminal shows behind these events."""
    with tempfile.TemporaryDirectory() as folder:
        tmux = ["tmux", "-S", f"{folder}/tmux", "-f", "/dev/null"]
        parts, sizes = [""], []
        for _, kind, text in events:
            if kind == "o":
                parts[-1] += text
            elif kind == "r":
                parts.append("")
                sizes.append(text.split("x"))
        for number, part in enumerate(parts):
            Path(folder, str(number)).write_text(part)
        shows = "; ".join(f"tmux -S {folder}/tmux wait-for g{n}; cat {folder}/{n}; tmux -S {folder}/tmux wait-for -S d{n}" for n in range(len(parts)))
        size = ["-x", str(header["width"]), "-y", str(header["height"])]
        session = ["new-session", "-d", "-s", "show", *size, f"stty raw -echo; {shows}; sleep 1000"]
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "xterm-256color", "SHELL": "/bin/sh"}
        run = {"env": environment, "check": True, "capture_output": True}
        subprocess.run([*tmux, "start-server", ";", "set", "-g", "default-shell", "/bin/sh", ";", *session], **run)
        try:
            subprocess.run([*tmux, "set", "-w", "-t", "=show:", "window-size", "manual"], **run)
            for number in range(len(parts)):
                if number:
                    width, height = sizes[number - 1]
                    subprocess.run([*tmux, "resize-window", "-t", "=show:", "-x", width, "-y", height], **run)
                subprocess.run([*tmux, "wait-for", "-S", f"g{number}", ";", "wait-for", f"d{number}"], **run)
            return settled(tmux, run)
        finally:
            subprocess.run([*tmux, "kill-server"], env=environment, check=False, capture_output=True)


def settled(tmux, run):
    """The screen once tmux has read all."""
    before = None
    while True:
        now = subprocess.run([*tmux, "capture-pane", "-p", "-t", "=show:"], **run).stdout.decode("utf-8", "replace")
        if now == before:
            return now
        before = now


def normal(text):
    for pattern, instead in NORMAL:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text.rstrip("\n")


def differences(before, now):
    """Each screen that changed, as its name and the lines that differ. Screens are matched by their verdict and its number
    among those of the same name; a moment of work too short to be seen in one of the runs is no difference."""
    old, new = numbered(before), numbered(now)
    found = [(name, ["is new"]) for name in new.keys() - old.keys() if not name.startswith("busy")]
    found += [(name, ["is gone"]) for name in old.keys() - new.keys() if not name.startswith("busy")]
    for name in [name for name in new if name in old and new[name] != old[name]]:
        lines = difflib.unified_diff(old[name].splitlines(), new[name].splitlines(), lineterm="", n=0)
        changed = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
        found.append((name, changed[:SHOWN]))
    return found


def numbered(shown):
    """Each screen by its name and its number among those of the same name, counted from the end."""
    counts, found = {}, {}
    for name, text in reversed(shown):
        counts[name] = counts.get(name, 0) + 1
        found[f"{name} {counts[name]}"] = text
    return dict(reversed(found.items()))
