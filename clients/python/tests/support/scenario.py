"""Plays a scenario as tests/conformance/README.md describes it."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import muxwire

from .fake import Connection, Fake
from .world import ROOT

Json = dict[str, Any]
STEP = 5.0


def snake(name: str) -> str:
    return re.sub("[A-Z]", lambda found: "_" + found[0].lower(), name)


def snakes(fields: Json) -> Json:
    """With the names that Python gives to what is this library's own."""
    return {snake(name): value for name, value in fields.items()}


class Play:
    def __init__(self, scenario: Json, fake: Fake) -> None:
        self._scenario = scenario
        self._fake = fake
        self._client = muxwire.Client(fake.url, **options(scenario.get("client", {})))
        self._reports: list[Any] = []
        self._client.listen(self._reports.append)
        self._same: Json = {}
        self._ids: Json = {}
        self._asked: dict[str, asyncio.Future[Any]] = {}
        self._last_id: Any = None
        # What is begun: a stream, a pane or a terminal, or a state; or the wait for `connect`.
        self._part: Any = None
        self._state: muxwire.State | None = None
        # The next item has been asked for already.
        self._asking: asyncio.Future[Any] | None = None
        self._connecting: asyncio.Future[Any] | None = None
        self._connection: Connection | None = None

    @staticmethod
    async def run(scenario: Json) -> None:
        async with Fake() as fake:
            play = Play(scenario, fake)
            try:
                play._begin(scenario.get("part", {}))
                for at, step in enumerate(scenario["steps"]):
                    await within(play._step(step), f"step {at}: {json.dumps(step)[:200]}")
                await within(play._end(), "the end")
            finally:
                await play._client.close()
                for asked in [*play._asked.values(), play._connecting, play._asking]:
                    if asked is not None:
                        await asyncio.gather(asked, return_exceptions=True)

    def _begin(self, part: Json) -> None:
        client = self._client
        if "events" in part:
            wish = dict(part["events"])
            self._part = client.events(wish.pop("filters", None), **wish)
        elif "state" in part:
            self._state = client.state()
        elif "open" in part:
            wish = snakes(part["open"])
            self._part = client.open(wish.pop("target"), **wish)
        elif "terminal" in part:
            wish = snakes(part["terminal"])
            self._part = client.terminal(wish.pop("session"), **wish)
        else:
            self._connecting = asyncio.ensure_future(client.connect())

    async def _end(self) -> None:
        """No item is left that was not named."""
        if self._part is None or any("ends" in step or "fails" in step for step in self._scenario["steps"]):
            return
        left = asyncio.ensure_future(self._next())
        done, _ = await asyncio.wait([left], timeout=0.05)
        if done:
            assert left.result() is None, f"an item is left: {left.result()}"
        left.cancel()
        await asyncio.gather(left, return_exceptions=True)

    async def _step(self, step: Json) -> None:
        for kind, value in step.items():
            act = getattr(self, f"_do_{kind}", None)
            if act is not None:
                await act(value, step)
                return
        raise AssertionError("a step of an unknown kind")

    @property
    def _there(self) -> Connection:
        assert self._connection is not None, "no connection was accepted"
        return self._connection

    async def _do_let_in(self, value: Json, _: Json) -> None:
        rest = dict(value)
        token, hello, auth = rest.pop("token", None), rest.pop("hello", {}), rest.pop("auth", {})
        await self._do_accept(rest, {})
        required = auth is not False
        greeting = {"type": "hello", "protocol": 1, "server": "muxwire/0.1.0", "host": "h", "epoch": "e1", "seq": 5}
        await self._send({**greeting, "auth_required": required, "features": [], **hello})
        if not required:
            return
        expected = token or self._scenario.get("client", {}).get("token")
        await self._do_expect({"action": "auth", "token": expected}, {})
        response = {"type": "auth.response", "success": True, "permissions": ["read", "write"], "client_id": "c1"}
        await self._send({**response, "id": self._last_id, **auth})

    async def _do_accept(self, value: Json, _: Json) -> None:
        self._connection = await self._fake.next()
        assert self._connection.path == value.get("path", "/monitor")
        if "offers" in value:
            assert self._connection.offers == value["offers"]
        first = self._connection.offers[0]
        assert value.get("gets", first) == first, "this runner takes the first offer"

    async def _send(self, message: Json) -> None:
        await self._there.send(json.dumps(message))

    async def _do_send(self, message: Json, _: Json) -> None:
        await self._send(filled(message))

    async def _do_send_text(self, text: str, _: Json) -> None:
        await self._there.send(text)

    async def _do_send_binary(self, data: str, _: Json) -> None:
        await self._there.send(bytes.fromhex(data))

    async def _do_send_lines(self, file: str, _: Json) -> None:
        for line in lines(file):
            await self._send(line)

    async def _do_expect(self, expected: Json, step: Json) -> None:
        kind = expected.get("action", expected.get("type"))
        while True:
            said = await self._there.said.get()
            assert isinstance(said, str), f"the client said {said!r}"
            message = json.loads(said)
            if message.get("action", message.get("type")) in {"ack", "ping"} - {kind}:
                continue
            self._last_id = message.get("id")
            if "id" not in expected:
                message.pop("id", None)
            self._matches(message, expected, False)
            if "as" in step:
                self._ids[step["as"]] = self._last_id
            return

    async def _do_expect_binary(self, data: str, _: Json) -> None:
        assert await self._there.said.get() == bytes.fromhex(data)

    async def _do_reply(self, message: Json, step: Json) -> None:
        id = self._ids[step["to"]] if "to" in step else self._last_id
        await self._send(message if id is None else {**message, "id": id})

    async def _do_close(self, code: int, step: Json) -> None:
        await self._there.close(code, step.get("reason", ""))

    async def _do_cut(self, _: bool, __: Json) -> None:
        self._there.cut()

    async def _do_closed(self, code: int, _: Json) -> None:
        while not isinstance(said := await self._there.said.get(), int):
            continue
        assert said == code

    async def _do_yields(self, items: list[Json], _: Json) -> None:
        for expected in items:
            item = await self._next()
            assert item is not None, f"the iterator ended in front of {expected}"
            self._matches(item, expected, True)
        if isinstance(self._part, muxwire.Pane):
            # As a program in a loop does: to ask for more is to have taken what came.
            self._asking = asyncio.ensure_future(self._part.next())
            await asyncio.sleep(0)

    async def _next(self) -> Any:
        asking, self._asking = self._asking, None
        return await (asking or self._part.next())

    async def _do_yields_lines(self, file: str, _: Json) -> None:
        for line in lines(file):
            assert await self._next() == line

    async def _do_ends(self, reason: Any, _: Json) -> None:
        assert await self._next() is None
        if hasattr(self._part, "ended"):
            assert self._part.ended == reason

    async def _do_fails(self, code: str, _: Json) -> None:
        try:
            if self._part is not None:
                await self._next()
            elif self._state is not None:
                await self._state.ready()
            else:
                assert self._connecting is not None
                await self._connecting
        except muxwire.MuxwireError as error:
            assert error.code == code, error
            return
        raise AssertionError("it did not fail")

    async def _do_cursor(self, cursor: Any, _: Json) -> None:
        assert self._part.cursor == cursor

    async def _do_ask(self, message: Json, step: Json) -> None:
        asked = asyncio.ensure_future(self._client.request(message, **step.get("options", {})))
        self._asked[step["as"]] = asked
        # It is asked at once, as a program that does nothing else would.
        await asyncio.sleep(0)

    async def _do_call(self, message: Json, step: Json) -> None:
        fields = dict(message)
        action = fields.pop("action").replace("-", "_")
        method = getattr(self._client, {"screen": "screen_at", "replay_control": "control_replay"}.get(action, action))
        if "from" in fields:
            fields["from_"] = fields.pop("from")
        if action == "replay":
            fields["take"] = lambda _: None
        self._asked[step["as"]] = asyncio.ensure_future(method(**fields))
        await asyncio.sleep(0)

    async def _do_answer(self, message: Json, step: Json) -> None:
        self._matches(await asyncio.shield(self._asked[step["of"]]), message, True)

    async def _do_refused(self, fields: Json, step: Json) -> None:
        try:
            answer = await asyncio.shield(self._asked[step["of"]])
        except muxwire.MuxwireError as error:
            self._matches(vars(error), snakes(fields), True)
            return
        raise AssertionError(f"it was not refused: {answer}")

    async def _do_reports(self, expected: Json, _: Json) -> None:
        while True:
            while self._reports:
                report = self._reports.pop(0)
                if report["type"] == expected["type"]:
                    self._matches(report, snakes(expected), True)
                    return
            await asyncio.sleep(0.005)

    async def _do_state(self, expected: Json, _: Json) -> None:
        assert self._state is not None
        for _try in range(200):
            if plain(self._state) == expected:
                return
            await asyncio.sleep(0.005)
        assert plain(self._state) == expected

    async def _do_state_of(self, snapshot: Any, step: Json) -> None:
        tmux = muxwire.Tmux()
        tmux.replace(snapshot)
        await self._do_state(plain(tmux), step)

    async def _do_write(self, text: str, step: Json) -> None:
        self._tries(step, lambda: self._part.write(text, step.get("paste", False)))

    async def _do_resize(self, size: list[int], step: Json) -> None:
        self._tries(step, lambda: self._part.resize(*size))

    async def _do_stop(self, _: bool, __: Json) -> None:
        part = self._part or self._state
        assert part is not None
        part.close()

    def _tries(self, step: Json, act: Any) -> None:
        try:
            act()
        except muxwire.MuxwireError as error:
            assert error.code == step.get("refused"), error
        else:
            assert "refused" not in step, "it was not refused"

    def _matches(self, value: Any, expected: Any, part: bool) -> None:
        """Compares; with `part`, fields that are not named may be there."""
        assert self._shown(value, expected, part) == expected, f"{value!r} is not {expected!r}"

    def _shown(self, value: Any, expected: Any, part: bool) -> Any:
        """The value in the form of what is expected of it."""
        if isinstance(value, bytes):
            return value.decode() if isinstance(expected, str) else {"$hex": value.hex()}
        if isinstance(value, muxwire.MuxwireError):
            value = vars(value)
        if not isinstance(expected, dict):
            return value
        if "$same" in expected:
            return expected if self._same.setdefault(expected["$same"], value) == value else value
        if not isinstance(value, dict):
            return value
        fields = expected if part else value
        return {name: self._shown(value.get(name), expected.get(name), part) for name in fields if name in value}


def options(given: Json) -> Json:
    found = snakes(given)
    if "limits" in found:
        found["limits"] = muxwire.Limits(**snakes(found["limits"]))
    if "tokens" in found:
        left = list(found.pop("tokens"))

        def get_token(_: muxwire.TokenReason) -> Any:
            token = left.pop(0)
            if isinstance(token, dict) and "error" in token:
                raise muxwire.Unauthorized() if token["error"] == "Unauthorized" else RuntimeError(token["error"])
            return token

        found["get_token"] = get_token
    return {**found, "random": lambda: 0.0}


def filled(message: Json) -> Json:
    """A message with what scenarios need not repeat."""
    if "seq" not in message or "cursor" in message or message["type"] in ("hello", "bookmark"):
        return message
    return {"timestamp": "2026-11-20T05:00:00.123Z", "host": "h", "epoch": "e1", "data": {}, **message}


def lines(file: str) -> list[Json]:
    found = [json.loads(line) for line in (ROOT / file).read_text().splitlines() if line]
    return [{**line, "seq": at + 1} if "seq" in line else line for at, line in enumerate(found)]


def plain(tmux: muxwire.Tmux) -> Any:
    """As JSON has it: the indexes of windows are texts there."""
    names = ("server", "sessions", "windows", "panes", "clients", "buffers")
    return json.loads(json.dumps({name: getattr(tmux, name) for name in names}))


async def within(step: Any, what: str) -> None:
    try:
        await asyncio.wait_for(step, STEP)
    except asyncio.TimeoutError:
        raise AssertionError(f"{what}: not within {STEP} s") from None
    except (AssertionError, muxwire.MuxwireError) as error:
        raise AssertionError(f"{what}: {error}") from error
