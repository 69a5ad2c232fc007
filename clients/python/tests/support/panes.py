"""Panes from which nothing is missed."""

from __future__ import annotations

import json
import sys
from typing import Any

import muxwire

from .world import ROOT, World, until


async def new_pane(world: World, client: muxwire.Client, session: str, command: str, *size: int) -> str:
    """A session with one pane, once all that it prints is streamed: what it printed before stands in snapshots."""
    pane = await world.new_pane(session, command, *size)

    async def is_streamed() -> bool:
        sessions = (await client.snapshot())["sessions"]
        return any(one["name"] == session and one["streamed"] for one in sessions)

    await until(f"{session} is streamed", is_streamed)
    return pane


class FakeAgent:
    """A stand-in for Claude Code that takes prompts as that does: tests/agents/claude.py."""

    def __init__(self, world: World) -> None:
        program = world.folder / "bin" / "claude"
        program.parent.mkdir()
        # A process is named after its program, and only so is it known for an agent.
        program.write_text(f"#!{sys.executable}\n{(ROOT / 'tests/agents/claude.py').read_text()}")
        program.chmod(0o755)
        self._fifo = world.folder / "told"
        self._log = world.folder / "given"
        self.command = f"mkfifo {self._fifo}; exec {program} {self._fifo} {self._log}"

    def told(self, line: str) -> None:
        with self._fifo.open("w") as fifo:
            fifo.write(line + "\n")

    @property
    def log(self) -> list[Any]:
        """What it was given."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]
