"""An agent that works for a long time: recorded as all states are, and watched by a muxwire beside it."""

import os
import random
import threading
import time
from datetime import datetime, timezone

from install import TARGET
from muxwire import Muxwire
from pane import Gone
from prompts import Row
from scripts import SCRIPTS
from session import PROJECT, RUN, Missing, Session
from states import State, dialog, goes_on, is_refused, runs_tool

MINUTES = float(os.environ.get("MINUTES", "60"))
SHORT = 0.5


class Long(Session):
    """Prompts have a number, so that each is found on the screen."""

    count = 0

    def prompt(self, script):
        self.count += 1
        text = f"{self.count}. {SCRIPTS[script].prompt}"
        self.type(text)
        self.prompted = text
        self.act("Enter")


def turn(script, step=0):
    def play(session):
        session.prompt(script)
        session.busy(script)
        session.over(session.answered(script, step).at)
        session.ready(hold=1.0)

    return play


def interrupted(session):
    session.prompt("turn")
    session.busy("turn")
    session.hold(random.uniform(0.5, 3))
    session.act(*session.recipe.interrupt)
    session.see(session.recipe.interrupted)
    session.ready(hold=1.0, reason="interrupted")


def at_once(_session):
    """It has begun long ago."""


def parts():
    ask = {"begin": at_once}
    return {
        "turn": turn("turn"),
        "thinking": turn("thinking"),
        "silent": turn("silent"),
        "quote": turn("quote"),
        "asks": turn("asks"),
        "short": turn("short"),
        "bash": dialog("bash", "permission", then=runs_tool, **ask),
        "bash refused": dialog("bash", "permission", keys=("Escape",), then=is_refused, **ask),
        "edit": dialog("edit", "permission", step=1, then=goes_on, **ask),
        "write refused": dialog("write", "permission", keys=("Escape",), then=is_refused, **ask),
        "question": dialog("question", "question", **ask),
        "interrupted": interrupted,
    }


class Listener(threading.Thread):
    """Keeps what muxwire says, with the time at which it came."""

    def __init__(self, muxwire):
        super().__init__(daemon=True)
        self.muxwire, self.ended = muxwire, False

    def run(self):
        while not self.ended:
            try:
                self.muxwire.received("nothing", seconds=1)
            except TimeoutError:
                continue


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp()


def play(recipe, model, rows):
    session = Long(recipe, "hour", State(None, pace=float(os.environ.get("PACE", "1"))), model)
    muxwire = Muxwire(RUN, RUN / "muxwire")
    listener = Listener(muxwire)
    listener.start()
    began, played, failed = time.monotonic(), 0, []
    try:
        session.go()
        recipe.reach_prompt(session)
        session.ready(hold=1.0)
        known = parts()
        while time.monotonic() < began + MINUTES * 60:
            name = random.choice(list(known))
            (PROJECT / "hello.txt").write_text("hello world\n")
            model.reset(recipe.toolless, session.pace)
            try:
                known[name](session)
                played += 1
            except Missing:
                del known[name]
                session.see_still(recipe.is_idle, 60)
            except TimeoutError as error:
                failed.append(f"{name}: {error}".split("\n")[0])
                session.over()
                session.press("Escape", "C-u")
                session.see_still(recipe.is_idle, 60)
    except (TimeoutError, Gone) as error:
        failed.append(str(error))
    finally:
        listener.ended = True
        listener.join()
        muxwire.end()
        session.end()
    folder = TARGET / "hour" / f"{recipe.name}-{recipe.version}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hour.cast").write_text(session.recording.cast())
    (folder / "hour.toml").write_text(session.recording.facts())
    minutes = (time.monotonic() - began) / 60
    print(f"\n{minutes:.1f} minutes, {played} turns, {len(session.recording.verdicts)} verdicts, failed: {failed or 'none'}")
    rows += said(recipe, muxwire.events)


def said(recipe, events):
    """Each state that was said, and those that were left within half a second."""
    told = [(at, event["data"]) for at, event in events if event["type"] == "agent.status"]
    changes = [one for before, one in zip([(0, {})] + told, told) if before[1].get("status") != one[1]["status"]]
    delays = sorted(at - moment(data["since"]) for at, data in changes if data.get("since"))
    short = []
    for (at, data), (then, after) in zip(changes, changes[1:]):
        if then - at < SHORT:
            short.append(f"{data['status']} ({data.get('source')}) for {then - at:.3f} s, then {after['status']} ({after.get('source')})")
    name = f"{recipe.name} {recipe.version}"
    for line in sorted(set(short)):
        print(f"  {short.count(line)} times {line}")
    half, most, last = (f"{delays[at] * 1000:.0f}" for at in (len(delays) // 2, len(delays) * 99 // 100, -1))
    counts = {state: sum(data["status"] == state for _, data in changes) for state in sorted({data["status"] for _, data in changes})}
    return [
        Row(name, "states that were said", f"{len(changes)}", str(counts), bool(changes), 0),
        Row(name, "of them for less than 0.5 s", f"{len(short)}", "", True, 0),
        Row(name, "from `since` until a client has it", f"p50 {half}, p99 {most}, longest {last} ms", "", float(most) < 200, 0),
    ]
