"""Every way of submitting through muxwire, each tried with every agent."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from websockets.asyncio.client import connect

ROOT = Path(__file__).resolve().parent.parent.parent


def ways(target, texts):
    """Each way with its messages, the word to look for and the text that should come."""
    def message(action, **fields):
        return {"action": action, "target": target, **fields}

    enter = message("send-keys", keys=["Enter"])
    for kind in ("short", "long", "lines"):
        word, text = texts()[kind]
        if kind != "lines":
            yield f"command, {kind}", [message("command", command=text)], word, text
            word, text = texts()[kind]
        yield f"command with paste, {kind}", [message("command", command=text, paste=True)], word, text
    word, text = texts()["short"]
    yield "send-keys text, then Enter", [message("send-keys", text=text), enter], word, text
    word, text = texts()["lines"]
    yield "send-keys paste, then Enter", [message("send-keys", text=text, paste=True), enter], word, text


async def check(stage, texts):
    home = Path(stage.folder) / "home"
    home.mkdir()
    program = os.environ.get("MUXWIRE", str(ROOT / "target" / "debug" / "muxwire"))
    words = [program, "serve", "--no-auth", "--listen", "127.0.0.1:0", "-S", stage.socket]
    serving = None
    try:
        for agent in stage.started():
            if serving is None:
                environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
                serving = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
                url = serving.stdout.readline().strip().removeprefix("listening on ")
            async with connect(url) as socket:
                await connected(socket, agent.name)
                await submit(stage, agent, socket, texts)
    finally:
        if serving is not None:
            serving.terminate()
            serving.wait(10)


async def received(socket, *types):
    while (message := json.loads(await socket.recv()))["type"] not in types:
        pass
    return message


async def connected(socket, session):
    """Waits until muxwire knows the agent's session."""
    while True:
        await socket.send(json.dumps({"action": "snapshot"}))
        snapshot = await received(socket, "snapshot", "error")
        if any(known["name"] == session for known in snapshot.get("sessions", [])):
            return
        await asyncio.sleep(0.1)


async def submit(stage, agent, socket, texts):
    for way, messages, word, text in ways({"session": agent.name}, texts):
        for message in messages:
            await socket.send(json.dumps(message))
        for _ in messages:
            answer = await received(socket, "command.response", "error")
            if answer["type"] == "error":
                print(answer, file=sys.stderr, flush=True)
        outcome = stage.outcome(agent, word, text)
        stage.failed |= outcome != "yes"
        print(f"| {agent.name} | {way} | {outcome} |", flush=True)
