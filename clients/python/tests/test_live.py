"""Against the real program."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from support.panes import FakeAgent, new_pane
from support.proxy import Proxy
from support.screen import Screen, as_shown
from support.world import World, until

import muxwire


async def take(stream: muxwire.Stream, kind: str) -> Any:
    """The next item of this type."""
    while (item := await stream.next()) is not None:
        if item["type"] == kind:
            return item
    raise AssertionError(f"the stream ended without {kind}")


async def test_events_go_on_over_cuts() -> None:
    async with World() as world, Proxy(world.url) as proxy, muxwire.Client(proxy.url, token=world.token) as client:
        pane = await new_pane(world, client, "one", "cat")
        stream = client.events({"panes": [pane], "types": ["pane.output"]})
        await until("it has begun", lambda: stream.cursor is not None)
        shown = ""
        for round in range(5):
            await client.command(pane, f"round {round}")
            proxy.cut()
            while shown.count(f"round {round}\r\n") < 2:
                shown += (await take(stream, "pane.output"))["data"]["content"]
        assert shown == "".join(f"round {round}\r\n" * 2 for round in range(5))


async def test_a_stored_cursor_goes_on_where_the_program_was() -> None:
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        pane = await new_pane(world, client, "one", "cat")
        async with client.events({"types": ["pane.output"]}) as stream:
            await until("it has begun", lambda: stream.cursor is not None)
            await client.command(pane, "first")
            await take(stream, "pane.output")
        await client.command(pane, "second")
        shown = ""
        async for item in client.events({"types": ["pane.output"]}, since=stream.cursor):
            assert item["type"] == "pane.output"
            shown += item["data"]["content"]
            if "second\r\nsecond\r\n" in shown:
                break
        await until("leaving the loop closed it", lambda: client.status == "connected")


async def test_another_server_makes_a_lost_item_with_a_snapshot() -> None:
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        reports: list[muxwire.Report] = []
        client.listen(reports.append)
        stream = client.events()
        state = await client.state().ready()
        await until("it has begun", lambda: stream.cursor is not None)
        await world.end_server()
        await world.new_pane("two", "cat")
        await world.serve()
        lost = await take(stream, "lost")
        assert lost["from"] != lost["to"]
        assert stream.cursor == lost["to"]
        names = [session["name"] for session in lost["snapshot"]["sessions"]]
        assert "keep" in names
        await until("the state has both", lambda: {one["name"] for one in state.sessions.values()} == {"keep", "two"})
        closed = [one for one in reports if one["type"] == "connecting" and one["code"] == 4001]
        assert closed and closed[0]["retry_in"] >= 1000, reports


async def test_a_restart_of_a_server_that_keeps_its_log_is_no_loss() -> None:
    async with World(MUXWIRE_HISTORY_ENABLED="true") as world, muxwire.Client(world.url, token=world.token) as client:
        stream = client.events({"types": ["session.created"]})
        await client.state().ready()
        await until("it has begun", lambda: stream.cursor is not None)
        await world.new_pane("one", "cat")
        assert (await take(stream, "session.created"))["session"] == "one"
        await world.end_server()
        await world.new_pane("two", "cat")
        await world.serve()
        async for item in stream:
            assert item["type"] == "session.created"
            if item["session"] == "two":
                break


async def test_what_types_is_typed_once() -> None:
    async with World() as world, Proxy(world.url) as proxy, muxwire.Client(proxy.url, token=world.token) as client:
        pane = await new_pane(world, client, "one", "cat")
        await client.connect()
        for round in range(6):
            asked = asyncio.ensure_future(client.command(pane, f"line {round}"))
            await asyncio.sleep(0.02 * round)
            proxy.cut()
            await asked
        await until("all is shown", lambda: has(world, pane, "line 5\nline 5\n"))
        shown = await world.run("capture-pane", "-p", "-t", pane)
        assert shown.rstrip() == "\n".join(f"line {round}\nline {round}" for round in range(6))


async def has(world: World, pane: str, text: str) -> bool:
    return text in await world.run("capture-pane", "-p", "-t", pane)


async def test_agents_are_prompted_and_answered() -> None:
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        agent = FakeAgent(world)
        pane = await new_pane(world, client, "work", agent.command, 120, 35)
        tmux = await client.state().ready()

        def status() -> str:
            return str(tmux.panes[pane].get("agent", {}).get("status"))

        await tmux.until(lambda: status() == "ready")
        given = await client.prompt(pane, "first\nsecond", timeout_ms=20_000)
        assert given["submitted"], given
        await tmux.until(lambda: status() == "ready")
        agent.told("ask rm")
        dialog = await tmux.until(lambda: tmux.panes[pane]["agent"].get("dialog"))
        assert (await client.seen(pane))["panes"] == [pane]
        await tmux.until(lambda: tmux.panes[pane]["agent"].get("seen"))
        grounds = (await client.explain(pane)).get("grounds")
        assert grounds is not None and grounds["status"] == "waiting"
        refused = await client.prompt(pane, "not now")
        assert (refused["submitted"], refused.get("dialog")) == (False, dialog["fingerprint"]), refused
        other = await client.answer(pane, "0123456789abcdef", 1)
        assert (other["answered"], other.get("reason")) == (False, "other_dialog"), other
        answered = await client.answer(pane, dialog["fingerprint"], "no", timeout_ms=20_000)
        assert answered["answered"], answered
        assert agent.log == [{"prompt": "first\nsecond"}, {"asked": "rm", "chosen": 3}]


async def test_events_of_the_program_s_own_are_events() -> None:
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        stream = client.events({"types": ["task.*"]})
        await until("it has begun", lambda: stream.cursor is not None)
        task = {"task": "t-7", "title": "fix the parser", "status": "running"}
        emitted = await client.emit([{"type": "task.started", "target": {"session": "keep"}, "data": task}], key="b1")
        item = await take(stream, "task.started")
        assert (item["seq"], item["data"], item["session"]) == (emitted["seq"], task, "keep")
        again = await client.emit([{"type": "task.started", "target": {"session": "keep"}, "data": task}], key="b1")
        assert (again["seq"], again.get("repeated")) == (emitted["seq"], True)
        with pytest.raises(muxwire.MuxwireError, match="INVALID_"):
            await client.emit([{"type": "pane.output", "data": {}}])


async def test_requests_fail_with_the_errors_of_the_server() -> None:
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        with pytest.raises(muxwire.MuxwireError) as found:
            await client.command("%99", "x")
        assert (found.value.code, found.value.retryable) == ("NOT_FOUND", False)
        with pytest.raises(muxwire.MuxwireError, match="INVALID_FILTER"):
            await client.events({"nonsense": []}).next()
        with pytest.raises(muxwire.MuxwireError, match="NOT_FOUND"):
            await client.open("%99").next()
        with pytest.raises(muxwire.MuxwireError, match="NOT_FOUND"):
            await client.terminal("nobody").next()
        assert (await client.stats())["server"]["clients"] >= 1
        assert (await client.clients())["total"] >= 1


async def test_a_pane_is_shown_as_it_is_over_cuts() -> None:
    async with World() as world, Proxy(world.url) as proxy, muxwire.Client(proxy.url, token=world.token) as client:
        pane = await new_pane(world, client, "one", "cat", 60, 10)
        screen = Screen()
        opened = client.open(pane, scrollback=100)

        async def draw() -> None:
            async for item in opened:
                screen.take(item)

        drawing = asyncio.ensure_future(draw())
        for round in range(4):
            await client.command(pane, f"round {round} 日本語")
            proxy.cut()

        async def same() -> bool:
            cursor = await world.run("display-message", "-p", "-t", pane, "#{cursor_x},#{cursor_y}")
            shown = as_shown(await world.run("capture-pane", "-p", "-t", pane), cursor)
            return "round 3 日本語\nround 3 日本語" in shown and shown == screen.shown

        await until("it shows what tmux shows", same)
        await world.run("kill-pane", "-t", pane)
        await drawing
        assert opened.ended == "removed"


async def test_regression_a_second_snapshot_at_an_offset_is_acknowledged_too() -> None:
    """Until then the server sends no other one, so a burst larger than the window could leave the pane still."""
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        burst = "stty raw -echo; printf begin; while read go; do seq 9000; printf 'end of %s' $go; done"
        pane = await new_pane(world, client, "one", burst)
        items: list[Any] = []
        opened = client.open(pane, ack_window=4096)

        async def take_all() -> None:
            async for item in opened:
                items.append(item)

        def snapshot(cols: int) -> bool:
            return any(item["type"] == "snapshot" and item["cols"] == cols for item in items)

        def has(text: bytes) -> bool:
            return text in b"".join(item.get("bytes", b"") for item in items)

        taking = asyncio.ensure_future(take_all())
        await until("the first snapshot", lambda: snapshot(80))
        for cols in range(70, 75):
            await world.run("resize-window", "-t", pane, "-x", str(cols))
            await until("another one at the same offset", partial(snapshot, cols))
            await client.send_keys(pane, text=f"{cols}\n")
            await until("the end", partial(has, f"end of {cols}".encode()))
        assert any(item["type"] == "lagged" for item in items)
        taking.cancel()


async def test_a_pane_that_is_opened_again_replaces_the_first() -> None:
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        pane = await new_pane(world, client, "one", "cat")
        first = client.open(pane)
        assert await first.next() is not None
        second = client.open({"session": "one"})
        assert await second.next() is not None
        while await first.next() is not None:
            continue
        assert (first.ended, second.ended, second.id) == ("replaced", None, pane)
        second.close()
        assert await second.next() is None


async def test_regression_a_pane_that_is_closed_while_it_is_opened_again_stays_open_for_the_other() -> None:
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        pane = await new_pane(world, client, "one", "cat")
        first = client.open(pane)
        assert await first.next() is not None
        never, last = client.open(pane), client.open(pane)
        # One is open, and the other is being opened.
        first.close()
        never.close()
        assert await last.next() is not None
        # Whatever closes a pane has been heard before this is answered.
        await client.snapshot()
        await client.command(pane, "still here")
        shown = b""
        while shown.count(b"still here") < 2:
            item = await last.next()
            assert item is not None
            shown += item["bytes"] if item["type"] == "output" else b""
        assert last.ended is None


async def test_a_terminal_types_and_says_when_it_can_not() -> None:
    async with World() as world, Proxy(world.url) as proxy, muxwire.Client(proxy.url, token=world.token) as client:
        typed = world.folder / "typed"
        await new_pane(world, client, "one", f"stty raw -echo; echo ready; exec cat >{typed}")
        terminal = client.terminal({"name": "one"})
        with pytest.raises(muxwire.MuxwireError, match="NOT_CONNECTED"):
            terminal.write("too early")
        first = await terminal.next()
        assert first is not None and first["type"] == "connect"
        text = "é" * 40_000
        while not is_ready(item := await terminal.next()):
            assert item is not None
        terminal.write(text)
        await until("all is typed", lambda: typed.read_text() == text)
        terminal.resize(90, 30)
        while (item := await terminal.next()) is not None and item["type"] != "error":
            continue
        assert item is not None and item["error"].code == "PERMISSION_DENIED", item
        await world.run("kill-session", "-t", "one")
        while await terminal.next() is not None:
            continue
        assert terminal.ended in ("session_gone", "pane_gone")


def is_ready(item: Any) -> bool:
    return item is not None and b"ready" in item.get("bytes", b"")


async def test_a_slow_reader_loses_nothing() -> None:
    limits = muxwire.Limits(waiting_items=20)
    async with World() as world, muxwire.Client(world.url, token=world.token, limits=limits) as client:
        pane = await new_pane(world, client, "one", "stty raw -echo; cat")
        stream = client.events({"panes": [pane], "types": ["pane.output"]})
        await until("it has begun", lambda: stream.cursor is not None)
        for number in range(100):
            await client.send_keys(pane, text=f"{number};")
        shown, expected = "", "".join(f"{number};" for number in range(100))
        while len(shown) < len(expected):
            shown += (await take(stream, "pane.output"))["data"]["content"]
        assert shown == expected


async def test_tokens_are_asked_for_and_never_shown() -> None:
    async with World() as world:
        reasons: list[str] = []

        def get_token(reason: muxwire.TokenReason) -> str:
            reasons.append(reason)
            return "mw_wrong" if len(reasons) == 1 else world.token

        async with muxwire.Client(world.url, get_token=get_token) as client:
            assert set((await client.connect())["permissions"]) == {"read", "write", "emit", "admin"}
            assert world.token not in repr(client)
        assert reasons == ["first", "refused"]
        client = muxwire.Client(world.url, token="mw_wrong")
        with pytest.raises(muxwire.MuxwireError, match="AUTH_FAILED") as found:
            await client.connect()
        assert "mw_wrong" not in str(found.value)
        assert client.status == "disconnected"
        with pytest.raises(muxwire.MuxwireError, match="AUTH_REQUIRED"):
            await muxwire.Client(world.url).connect()


async def test_a_server_that_is_none_is_refused() -> None:
    async with World() as world, muxwire.Client(world.url.replace("/monitor", "/nothing"), token=world.token) as client:
        with pytest.raises(muxwire.MuxwireError, match="REFUSED"):
            await client.connect()
