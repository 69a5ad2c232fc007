"""What the server says, seen without this library and over a connection that nobody cuts."""

from __future__ import annotations

import asyncio
import json
from types import TracebackType
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from .world import World


class Reference:
    def __init__(self, world: World) -> None:
        self._world = world
        self.events: list[dict[str, Any]] = []
        self.error: str | None = None

    async def __aenter__(self) -> Reference:
        bearer = {"Authorization": f"Bearer {self._world.token}"}
        self._socket = await connect(self._world.url, additional_headers=bearer, max_size=None)
        await self._socket.send('{"action":"subscribe"}')
        while json.loads(await self._socket.recv())["type"] != "subscribed":
            continue
        self._task = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        await self._task

    async def _read(self) -> None:
        try:
            while True:
                message = json.loads(await self._socket.recv())
                if message["type"] == "lagged":
                    self.error = "the reference lagged: the machine is too slow for this test"
                if "seq" in message and "data" in message and message["type"] != "pane.snapshot":
                    self.events.append(message)
        except ConnectionClosed:
            return

    def end(self, pane: str) -> int:
        """Behind the last byte that a pane printed."""
        for event in reversed(self.events):
            if event["type"] == "pane.output" and event["pane"] == pane:
                return int(event["data"]["offset"] + event["data"]["bytes"])
        return -1
