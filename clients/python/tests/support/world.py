"""A tmux server of its own and the program that serves it, both below one folder that goes with them."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[4]


def newest_tmux() -> str:
    found = sorted((ROOT / "target/tmux").glob("*/tmux"))
    return os.environ.get("TMUX_PROGRAM") or (str(found[-1]) if found else "tmux")


class World:
    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="muxwire-py-"))
        self.tmux = newest_tmux()
        self.environment = {
            "HOME": str(self.folder),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "SHELL": "/bin/sh",
            "MUXWIRE_SERVER_TMUX": self.tmux,
            "MUXWIRE_SERVER_HOST_NAME": "lab",
            # A restart is a new log then, unless a test wants to go on with it.
            "MUXWIRE_HISTORY_ENABLED": "false",
            **settings,
        }
        self.url = ""
        self.token = ""
        self._program = os.environ.get("MUXWIRE") or str(ROOT / "target/debug/muxwire")
        self._server: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> World:
        try:
            await self.run("new-session", "-d", "-s", "keep", "-x", "80", "-y", "24", "cat")
            self.token = self.new_token("--name", "test", "--allow", "write,admin")
            await self.serve()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def new_token(self, *options: str) -> str:
        command = [self._program, "token", "create", *options]
        made = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        return made.stdout.strip().splitlines()[-1]

    async def serve(self) -> None:
        """Starts the program, at the same address if it ran before."""
        listen = urlsplit(self.url).netloc or "127.0.0.1:0"
        log = (self.folder / "log").open("ab")
        self._server = await asyncio.create_subprocess_exec(
            self._program,
            *("serve", "-S", str(self.folder / "tmux.sock"), "--listen", listen),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        log.close()
        assert self._server.stdout is not None
        while line := await self._server.stdout.readline():
            if found := re.fullmatch(r"listening on (ws:\S+)\s*", line.decode()):
                self.url = found[1]
                await until("a tmux server is followed", self._is_ready)
                return
        raise AssertionError(f"muxwire did not start: {(self.folder / 'log').read_text()[-4000:]}")

    async def _is_ready(self) -> bool:
        reader, writer = await asyncio.open_connection(*urlsplit(self.url).netloc.split(":"))
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        status = await reader.readline()
        writer.close()
        return b" 200 " in status

    async def end_server(self) -> None:
        """Ends the program in order."""
        server, self._server = self._server, None
        if server is not None and server.returncode is None:
            server.terminate()
            await server.wait()

    async def run(self, *command: str) -> str:
        """Asks tmux."""
        made = await asyncio.create_subprocess_exec(
            *(self.tmux, "-S", str(self.folder / "tmux.sock"), "-f", "/dev/null", *command),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await made.communicate()
        if made.returncode != 0:
            raise RuntimeError(f"tmux {' '.join(command)}: {err.decode()}")
        return out.decode()

    async def new_pane(self, session: str, command: str, cols: int = 80, rows: int = 24) -> str:
        """A session with one pane, of which it gives the id."""
        size = ("-x", str(cols), "-y", str(rows))
        return (await self.run("new-session", "-d", "-P", "-F", "#{pane_id}", "-s", session, *size, command)).strip()

    async def stop(self) -> None:
        await self.end_server()
        # It may have ended with its last session.
        with suppress(RuntimeError):
            await self.run("kill-server")
        shutil.rmtree(self.folder, ignore_errors=True)


async def until(what: str, holds: Callable[[], bool | Awaitable[bool]], seconds: float = 60) -> None:
    """Waits until this holds; what is waited for is named in the error."""
    end = time.monotonic() + seconds
    while True:
        found = holds()
        if found if isinstance(found, bool) else await found:
            return
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        await asyncio.sleep(0.02)
