"""The facade for scripts, against the real program."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import suppress

import pytest
from support.panes import new_pane
from support.world import World

import muxwire
import muxwire.sync


async def test_scripts_need_no_asyncio() -> None:
    async with World() as world:
        async with muxwire.Client(world.url, token=world.token) as client:
            pane = await new_pane(world, client, "one", "cat")
        await asyncio.to_thread(script, world, pane)


def script(world: World, pane: str) -> None:
    with muxwire.sync.Client(world.url, token=world.token) as client:
        assert client.connect()["host"] == "lab"
        state = client.state()
        assert state.panes[pane]["width"] == 80
        assert state.until(lambda tmux: tmux.panes[pane]["height"] == 24, 10)
        with client.events({"panes": [pane], "types": ["pane.output"]}) as stream, client.open(pane) as opened:
            first = opened.next(10)
            assert first is not None and first["type"] == "snapshot"
            client.command(pane, "hello")
            shown = ""
            for item in stream:
                assert item["type"] == "pane.output"
                shown += item["data"]["content"]
                if shown == "hello\r\nhello\r\n":
                    break
            with suppress(TimeoutError):
                while opened.next(0.2) is not None:
                    continue
            assert opened.offset == len(shown)
            with pytest.raises(TimeoutError):
                stream.next(0.05)
        with client.terminal("one") as terminal:
            assert next(terminal)["type"] == "connect"
            terminal.write("x")
        with pytest.raises(muxwire.MuxwireError, match="NOT_FOUND"):
            client.command("%99", "x")
    with pytest.raises(muxwire.MuxwireError, match="CLOSED"):
        client.snapshot()


def test_scripts_have_all_that_there_is() -> None:
    """Each method of a client has its like in `sync`, with the same parameters; for callbacks there is no use."""
    missing = []
    for name, method in inspect.getmembers(muxwire.Client, inspect.isfunction):
        if name.startswith("_") or name in ("on", "changed"):
            continue
        like = getattr(muxwire.sync.Client, name, None)
        if like is None or [*inspect.signature(like).parameters] != [*inspect.signature(method).parameters]:
            missing.append(name)
    assert not missing, f"muxwire.sync.Client lacks these, or they take something else: {missing}"
