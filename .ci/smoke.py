#!/usr/bin/env python3
"""Plays a newcomer: runs the README's own client against `muxwire serve --demo`, then resumes, and stops the server.

    .ci/smoke.py PROGRAM        needs the package `websockets`
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 30
# Four lively ones and five of agents.
SESSIONS = 9


def main():
    program = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/debug/muxwire").resolve()
    home = Path(tempfile.mkdtemp(prefix="muxwire-smoke-"))
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TMPDIR": str(home), "LC_ALL": "C"}
    try:
        run(program, environment)
    finally:
        shutil.rmtree(home)


def run(program, environment):
    def token(*options):
        made = subprocess.run(
            [program, "token", "create", *options], env=environment, check=True, capture_output=True, text=True
        )
        return made.stdout.strip()

    writer = token("--name", "writer", "--allow", "write")
    reader = token("--name", "reader", "--session", "lo*")
    command = [program, "serve", "--demo", "--listen", "127.0.0.1:0"]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip().removeprefix("listening on ")
        assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/monitor", url), url
        asyncio.run(asyncio.wait_for(wait_for_the_demo(url, writer), SECONDS))
        run_the_example(url, writer)
        asyncio.run(asyncio.wait_for(check(url, reader, server), SECONDS))
        assert server.wait(6) == 0, server.returncode
    finally:
        end(server)
    left = list(Path(environment["TMPDIR"]).glob("muxwire-demo-*"))
    assert not left, f"the demo left {left}"
    print("smoke: the server sent its clients the shutdown, ended with 0, and left nothing behind")


def end(server):
    """In order if it can be had, so that the demo's own tmux ends too."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


async def wait_for_the_demo(url, token):
    """Until the sessions are known: a person needs longer than that to type."""
    async with connect(url) as socket:
        await ask(socket, action="auth", token=token)
        await ask(socket, action="subscribe", filters={"types": ["session.created"]})
        await socket.send(json.dumps({"action": "snapshot"}))
        known = set()
        while len(known) < SESSIONS:
            message = json.loads(await socket.recv())
            if message["type"] == "snapshot":
                known |= {session["id"] for session in message["sessions"]}
            elif message["type"] == "session.created":
                known.add(message["session_id"])


def run_the_example(url, token):
    """Runs the README's client as it stands there."""
    text = (ROOT / "README.md").read_text()
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)
    environment = {**os.environ, "MUXWIRE_URL": url, "MUXWIRE_TOKEN": token}
    began = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-c", example], env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    print(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"^hello from 42", ran.stdout, re.MULTILINE), ran.stdout
    print(f"smoke: the README's client typed and saw the answer, {time.monotonic() - began:.2f} s from its start")


async def check(url, token, server):
    """A scoped reader sees its own session alone, resumes without loss, and hears of the end."""
    async with connect(url) as socket:
        await ask(socket, action="auth", token=token)
        refused = await ask(socket, action="command", target={"session": "logs"}, command="no")
        assert refused["code"] == "PERMISSION_DENIED", refused
        await ask(socket, action="subscribe")
        events = [await event(socket) for _ in range(3)]
        assert {one["session"] for one in events} == {"logs"}, events
    position = {"epoch": events[-1]["epoch"], "seq": events[-1]["seq"]}
    async with connect(url) as socket:
        await ask(socket, action="auth", token=token)
        answer = await ask(socket, action="subscribe", since=position)
        assert answer["recovered"], answer
        again = await event(socket)
        expected = events[-1]["data"]["offset"] + events[-1]["data"]["bytes"]
        assert again["data"]["offset"] == expected, (events[-1], again)
        print("smoke: a scoped token saw its session alone, and resumed at the very next byte")
        server.send_signal(signal.SIGTERM)
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd.code == 4001, closed


async def ask(socket, **message):
    """Sends a request and gives its answer."""
    message["id"] = "asked"
    await socket.send(json.dumps(message))
    while True:
        answer = json.loads(await socket.recv())
        if answer.get("id") == message["id"]:
            return answer


async def event(socket):
    """The next output of a pane."""
    while True:
        message = json.loads(await socket.recv())
        if message["type"] == "pane.output":
            return message


if __name__ == "__main__":
    main()
