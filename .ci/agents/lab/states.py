"""The states that agents have in common, each as what is done to reach it."""

import re
import time
from dataclasses import dataclass, field
from typing import Callable

from answers import RESET
from scripts import SCRIPTS

WIDE, NARROW = (120, 35), (60, 35)


@dataclass
class State:
    """How a state is reached. `setup` goes to the recipe's `configure`; `shell`: the agent is started from a shell; `pace`: the
    share of the recipe's pace."""

    play: Callable
    size: tuple = WIDE
    setup: dict = field(default_factory=dict)
    shell: bool = False
    pace: float = 1.0


def begun(session, **more):
    """Starts the agent and reaches its prompt."""
    session.go()
    session.recipe.reach_prompt(session)
    session.ready(hold=1.0, **more)


def idle(session):
    begun(session)
    session.type("a draft that nobody submits")
    session.hold(1.5)


def turn(script="turn", step=0, **more):
    def play(session):
        begun(session)
        session.prompt(script)
        session.busy(script, **more)
        session.over(session.answered(script, step).at)
        session.ready()

    return play


def dialog(script, reason, step=0, keys=("Enter",), then=None, begin=begun):
    """A tool that needs leave, or a question. `then` says how it goes on once the keys were pressed."""

    def play(session):
        begin(session)
        session.prompt(script)
        session.busy(script)
        session.over(session.answered(script, step).at)
        session.waiting(reason, session.recipe.dialogs[script])
        session.act(*keys)
        (then or goes_on)(session, script, step)

    return play


def goes_on(session, script, step):
    """The tool is done at once; the agent asks the model again and comes to its end."""
    session.asked(script, step + 1)
    session.over(session.answered(script, step + 1).at)
    session.ready()


def runs_tool(session, script, step):
    """The tool runs for some seconds."""
    session.see_process("sleep")
    session.see(session.recipe.is_busy)
    session.now_is("busy")
    session.over(session.answered(script, step + 1).at)
    session.ready()


def is_refused(session, _script, _step):
    """Some agents take a refusal for an interruption, and say so."""
    session.see_still(session.recipe.is_idle)
    told = re.search(session.recipe.interrupted, session.tail(), re.MULTILINE)
    session.ready(reason="interrupted" if told else None)


def interrupted(session):
    begun(session)
    session.prompt("turn")
    session.busy("turn")
    session.hold(2)
    session.act(*session.recipe.interrupt)
    session.see(session.recipe.interrupted)
    session.ready(reason="interrupted")


def interrupted_early(session):
    begun(session)
    session.prompt("silent")
    session.busy("silent")
    session.hold(0.5)
    session.act(*session.recipe.interrupt)
    session.ready(reason=session.recipe.early_reason)


def failed(script, pattern, reason="api_error", seconds=40, retrying=None, hold=2.5, state="error", **more):
    """The model refuses, and the agent gives up. `retrying`: what it shows while it tries again; `state`: `waiting`, if it
    asks what to do."""

    def play(session):
        begun(session)
        session.prompt(script)
        session.refused(script)
        known = {"resets_at": clock(time.time() + RESET)} if reason == "usage_limit" else {}
        if retrying:
            session.see(retrying)
            session.now_is("busy", reason="retrying")
        session.see_while_open(pattern, seconds)
        session.see_still(pattern, 5)
        session.now_is(state, reason=reason, **known, **more)
        session.hold(hold, pattern)

    return play


def clock(seconds):
    """A moment as RFC 3339 writes it, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def retrying(script, pattern, hold=4.0, step=0, succeeds=False, told=True):
    """The model refuses, and the agent tries again; with `succeeds` until it is answered. `told`: it says so."""

    def play(session):
        begun(session)
        session.prompt(script)
        session.refused(script)
        session.see(pattern)
        session.now_is("busy", reason="retrying" if told else None)
        if succeeds:
            session.over(session.waited("served", script, step, 60).at)
            session.see(SCRIPTS[script].answers[0][1].text[:12])
            session.now_is("busy")
            session.over(session.answered(script, step).at)
            session.ready()
        else:
            session.hold(hold)

    return play


def broken(pattern, reason="api_error"):
    """The connection ends in the middle of an answer."""

    def play(session):
        begun(session)
        session.prompt("drop")
        session.see(pattern, 60)
        session.see_still(pattern, 5)
        session.now_is("error", reason=reason)
        session.hold(2.5, pattern)

    return play


def cut_short(session):
    """The same with an agent that takes the end of the connection for the end of the answer."""
    begun(session)
    session.prompt("drop")
    session.see(SCRIPTS["drop"].answers[0][0].text)
    session.ready()


def hangs(session):
    begun(session)
    session.prompt("hang")
    session.busy("hang")
    session.hold(10)


def background(leave=True):
    """A shell runs on behind the agent's back, first while it is idle, then while it is busy again."""

    def play(session):
        begun(session)
        session.prompt("background")
        session.busy("background")
        if leave:
            session.over(session.answered("background", 0).at)
            session.waiting("permission", session.recipe.dialogs["background"], hold=1.5)
            session.act("Enter")
        session.see_process("sleep")
        session.over(session.answered("background", 1).at)
        session.see(session.recipe.background)
        session.ready(background={"shells": 1})
        session.prompt("short")
        session.over(session.answered("short", 0).at)
        session.ready(background={"shells": 1}, hold=1.5)

    return play


def leaves(session):
    """The user ends the agent, which was started from a shell, and is back there."""
    begun(session)
    session.recipe.leave(session)
    session.see(r"\$ *\n*\Z", 15)
    session.now_is("exited")
    session.hold(1.5)


COMMON = {
    "idle": State(idle),
    "turn": State(turn()),
    "thinking": State(turn("thinking")),
    "silent": State(turn("silent")),
    "permission-bash": State(dialog("bash", "permission", then=runs_tool)),
    "permission-bash-refused": State(dialog("bash", "permission", keys=("Escape",), then=is_refused)),
    "permission-edit": State(dialog("edit", "permission", step=1)),
    "permission-write": State(dialog("write", "permission", keys=("Escape",), then=is_refused)),
    "question": State(dialog("question", "question")),
    "interrupted": State(interrupted),
    "interrupted-early": State(interrupted_early),
    "quote": State(turn("quote")),
    "asks": State(turn("asks")),
    "exit": State(leaves, shell=True),
    "narrow-turn": State(turn(), NARROW),
    "narrow-permission-bash": State(dialog("bash", "permission", then=runs_tool), NARROW),
}


def common(*without):
    """The states that most agents have in the same way, but for some."""
    return {name: state for name, state in COMMON.items() if name not in without}


def trusts(pattern):
    """Asked whether the folder is trusted, somebody says yes."""

    def play(session):
        session.go()
        session.waiting("trust", pattern, hold=3, seconds=60)
        session.act("Enter")
        session.ready(seconds=60)

    return play


def logs_in(pattern, **more):
    """Nobody has logged in."""

    def play(session):
        session.go()
        session.waiting("login", pattern, hold=3, **more)

    return play
