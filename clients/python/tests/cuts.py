#!/usr/bin/env python3
"""Runs with cut connections: cuts.py [RUNS [FIRST_SEED [AT_ONCE]]]

Each run prints into a pane of its own, changes its session, and follows all of that over a proxy that cuts: as events,
as a state, as a pane and as a terminal. What came is compared with an uncut connection, with a snapshot, and with
capture-pane.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from support.proxy import Proxy
from support.reference import Reference
from support.screen import Screen, as_shown
from support.world import World, until

import muxwire

PIECES = ["error: it broke", "\x1b[31mred\x1b[0m", "é", "\x1b[1;4mbold\x1b[0m", "\x1b[K"]
# Not both in one run: terminals differ in what becomes of a wide character of which half is overwritten.
WIDE = ["日本語", "語"]
MOVES = ["\x1b[2A", "\x1b[3C"]
# tmux 3.6 and later keep a tab as a cell, which keeps its width when its line flows anew, and capture it as a tab all
# the same. Where the width of a pane changes, snapshots say `tabs` in `assumed`, and here blanks of a line with a tab
# count as one.
TABS = ["\t"]


def script(seeded: random.Random, seed: int) -> list[str]:
    """What a run's pane prints: parts, some lines each, and a last one that ends it."""
    pieces = PIECES + (WIDE if seeded.randrange(2) else MOVES) + TABS
    parts = []
    for part in range(4 + seeded.randrange(16)):
        most = 300 if seeded.randrange(8) == 0 else 12
        lines = [
            f"{part}.{line} {' '.join(seeded.choice(pieces) for _ in range(seeded.randrange(12)))}"
            for line in range(1 + seeded.randrange(most))
        ]
        parts.append("\r\n".join(lines) + "\r\n")
    return [*parts, f"END-{seed}\r\n"]


@dataclass
class Followed:
    """All that one run follows."""

    pane: muxwire.Pane
    terminal: muxwire.Terminal
    items: list[Any] = field(default_factory=list)
    screen: Screen = field(default_factory=Screen)
    other: Screen = field(default_factory=Screen)
    failures: list[str] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def run(self, stream: muxwire.Stream) -> None:
        async def events() -> None:
            async for item in stream:
                self.items.append(item)

        async def pane() -> None:
            async for item in self.pane:
                self.screen.take(item)

        async def terminal() -> None:
            async for item in self.terminal:
                self.other.take(item)

        self.tasks = [asyncio.ensure_future(self._guard(work())) for work in (events, pane, terminal)]

    async def _guard(self, work: Any) -> None:
        try:
            await work
        except muxwire.MuxwireError as error:
            if error.code != "CLOSED":
                self.failures.append(str(error))


async def disturb(world: World, session: str, seeded: random.Random, resizes: bool) -> None:
    """Things that happen in tmux besides printing."""
    for _ in range(seeded.randrange(6)):
        await asyncio.sleep(seeded.randrange(60) / 1000)
        name, size = f"w{seeded.randrange(1000)}", str(20 + seeded.randrange(80))
        commands = [
            ["rename-window", "-t", session, name],
            ["new-window", "-d", "-t", session, "cat"],
            ["set-buffer", "-b", f"b{session}", name],
            ["resize-window", "-t", f"{session}:0", "-x", size, "-y", str(5 + seeded.randrange(30))],
            ["split-window", "-d", "-t", f"{session}:0", "cat"],
        ]
        # There may be no space for another pane.
        with suppress(RuntimeError):
            await world.run(*seeded.choice(commands if resizes else commands[:3]))


async def once(world: World, reference: Reference, seed: int) -> tuple[int, int, int]:
    """One run. Returns how many cuts, events and bytes there were."""
    seeded = random.Random(seed)
    resizes = seeded.randrange(2) == 0
    session, folder = f"run-{seed}", world.folder / f"run-{seed}"
    folder.mkdir()
    for at, part in enumerate(script(seeded, seed)):
        (folder / f"{at:04}").write_bytes(part.encode())
    pause = f"sleep 0.0{seeded.randrange(6)}"
    wait = f"stty raw -echo; until [ -e {folder}/go ]; do sleep 0.02; done"
    printing = f"{wait}; for part in {folder}/0*; do cat $part; {pause}; done; exec cat"
    try:
        async with Proxy(world.url, seeded) as proxy:
            client = muxwire.Client(proxy.url, token=world.token, random=lambda: seeded.random() * 0.2)
            async with client:
                target = await world.new_pane(session, printing)
                # What is printed before stands in snapshots alone.
                await until(f"{session} is streamed", lambda: is_streamed(reference, session))
                await follow(world, reference, proxy, client, (seed, session, target), seeded, resizes)
                cuts = proxy.cuts
                events = len([one for one in reference.events if one.get("session") == session])
        return cuts, events, reference.end(target)
    finally:
        # It may never have been made.
        with suppress(RuntimeError):
            await world.run("kill-session", "-t", f"={session}")
        shutil.rmtree(folder, ignore_errors=True)


def is_streamed(reference: Reference, session: str) -> bool:
    return any(one.get("session") == session and one["data"].get("streamed") is True for one in reference.events)


async def follow(
    world: World,
    reference: Reference,
    proxy: Proxy,
    client: muxwire.Client,
    run: tuple[int, str, str],
    seeded: random.Random,
    resizes: bool,
) -> None:
    seed, session, target = run
    state = client.state()
    stream = client.events({"sessions": [session]})
    window = seeded.choice([-1, 4096, 65_536, None])
    followed = Followed(
        client.open(target, ack_window=window), client.terminal({"name": session}, pane=target, ack_window=window)
    )
    followed.run(stream)
    try:
        await until(f"run {seed}: the stream has begun", lambda: stream.cursor is not None or bool(followed.failures))
        (world.folder / f"run-{seed}" / "go").touch()
        await disturb(world, session, seeded, resizes)
        printed = f"END-{seed}\r\n"
        await until(
            f"run {seed} has printed",
            lambda: any(
                one["type"] == "pane.output" and one["pane"] == target and printed in one["data"]["content"]
                for one in reversed(reference.events)
            ),
        )
        proxy.is_cutting = seeded.randrange(2) == 0
        await quiet(reference, session)
        # Some runs end in peace, so that what is waited for now can come.
        proxy.is_cutting = False
        await compare(world, reference, run, followed, resizes)
        await compare_state(client, state, session, seed)
    finally:
        for task in followed.tasks:
            task.cancel()
        await asyncio.gather(*followed.tasks, return_exceptions=True)


async def quiet(reference: Reference, session: str) -> None:
    """Until nothing more comes of the session."""

    async def is_quiet() -> bool:
        before = len(reference.events)
        await asyncio.sleep(0.1)
        return not any(one.get("session") == session for one in reference.events[before:])

    await until(f"{session} is quiet", is_quiet)


async def compare(
    world: World, reference: Reference, run: tuple[int, str, str], followed: Followed, resizes: bool
) -> None:
    seed, session, target = run
    end = reference.end(target)

    def failed() -> bool:
        return bool(followed.failures)

    def wanted() -> list[dict[str, Any]]:
        first = followed.items[0].get("seq", 0) if followed.items else 0
        return [one for one in reference.events if one.get("session") == session and one["seq"] >= first]

    def last(items: list[Any]) -> int:
        return int(items[-1].get("seq", 0)) if items else 0

    await until(f"run {seed}: the pane is at {end}", lambda: failed() or (followed.pane.offset or -1) >= end)
    await until(
        f"run {seed}: the stream has come to its end", lambda: failed() or last(followed.items) >= last(wanted())
    )
    assert not failed(), f"run {seed}: {followed.failures}"
    assert reference.error is None, reference.error
    should = wanted()
    assert should, f"run {seed}: nothing has come"
    for at, (came, expected) in enumerate(zip(followed.items, should, strict=False)):
        assert came == expected, f"run {seed}: event {at} is {json.dumps(came)} and not {json.dumps(expected)}"
    assert len(followed.items) == len(should), f"run {seed}: {len(followed.items)} events, and not {len(should)}"
    for name, screen in (("pane", followed.screen), ("terminal", followed.other)):
        await compare_screen(world, f"run {seed}: the {name}", target, screen, resizes)


def alike(shown: str, other: str, captured: str) -> bool:
    """Whether they are the same, but for how wide blanks are in lines that were captured with a tab."""
    tabbed = {row for row, line in enumerate(captured.split("\n")) if "\t" in line}

    def squeezed(text: str) -> list[str]:
        lines = text.split("\n")
        return [re.sub(" +", " ", line) if row in tabbed else line for row, line in enumerate(lines)]

    return squeezed(shown) == squeezed(other)


async def compare_screen(world: World, what: str, target: str, screen: Screen, resizes: bool) -> None:
    shown = ""

    async def same() -> bool:
        nonlocal shown
        captured = await world.run("capture-pane", "-p", "-t", target)
        cursor = await world.run("display-message", "-p", "-t", target, "#{cursor_x},#{cursor_y}")
        shown = as_shown(captured, cursor)
        return alike(shown, screen.shown, captured if resizes else "")

    try:
        # A fresh snapshot may still be on its way, behind a change of the size.
        await until(f"{what} is as tmux's", same, 20)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{screen.shown}\n--- and not\n{shown}") from None


def of_session(tmux: muxwire.Tmux, session: str) -> Any:
    found = [one for one in tmux.sessions.values() if one["name"] == session]
    ids = [id for one in found for id in one["windows"].values()]
    panes = {id: pane for id, pane in tmux.panes.items() if pane["window"] in ids}
    return found, {id: tmux.windows.get(id) for id in ids}, panes


async def compare_state(client: muxwire.Client, state: muxwire.State, session: str, seed: int) -> None:
    """What the state holds of a session, and what a snapshot says of it."""
    held: Any = None
    should: Any = None

    async def same() -> bool:
        nonlocal held, should
        whole = muxwire.Tmux()
        whole.replace(await client.snapshot())
        held, should = of_session(state, session), of_session(whole, session)
        return bool(held == should)

    try:
        await until(f"run {seed}: the state is as a snapshot", same, 20)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{held}\n--- and not\n{should}") from None


async def main(runs: int = 20, first: int = 1, at_once: int = 4) -> bool:
    began = time.monotonic()
    sums = [0, 0, 0]
    failures: list[str] = []
    seeds = iter(range(first, first + runs))
    done = 0

    async with World() as world, Reference(world) as reference:

        async def worker() -> None:
            nonlocal done
            for seed in seeds:
                try:
                    for at, found in enumerate(await once(world, reference, seed)):
                        sums[at] += found
                except (AssertionError, muxwire.MuxwireError) as error:
                    failures.append(str(error))
                    print(f"cuts: {error}", flush=True)
                done += 1
                if done % 50 == 0:
                    print(f"cuts: {done} runs, {len(failures)} failed", flush=True)

        await asyncio.gather(*(worker() for _ in range(at_once)))
    cuts, events, printed = sums
    print(
        f"cuts: python: {runs} runs with seeds {first} to {first + runs - 1}: {cuts} cuts, {events} events, "
        f"{printed} bytes, {len(failures)} failed, {round(time.monotonic() - began)} s"
    )
    return not failures


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main(*map(int, sys.argv[1:]))) else 1)
