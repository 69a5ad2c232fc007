"""A server that says what a scenario says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol


class Connection:
    """A connection of a client, on the server's side."""

    def __init__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.path = socket.request.path
        self.offers = [one.strip() for one in socket.request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        # What the client said; at the end the code with which the connection was closed.
        self.said: asyncio.Queue[str | bytes | int] = asyncio.Queue()
        self._socket = socket

    async def read(self) -> None:
        try:
            while True:
                self.said.put_nowait(await self._socket.recv())
        except ConnectionClosed as closed:
            self.said.put_nowait(1006 if closed.rcvd is None else closed.rcvd.code)

    async def send(self, data: str | bytes) -> None:
        await self._socket.send(data)

    async def close(self, code: int, reason: str) -> None:
        # The client's answer is not waited for: it may be gone.
        closing = asyncio.ensure_future(self._socket.close(code, reason))
        await asyncio.sleep(0)
        self._closing = closing

    def cut(self) -> None:
        self._socket.transport.abort()


class Fake:
    async def __aenter__(self) -> Fake:
        self._connections: asyncio.Queue[Connection] = asyncio.Queue()
        self._server = await serve(
            self._accept,
            "127.0.0.1",
            0,
            select_subprotocol=_first,
            compression=None,
            ping_interval=None,
            close_timeout=1,
            max_size=None,
        )
        self.url = f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}/monitor"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def next(self) -> Connection:
        return await self._connections.get()

    async def _accept(self, socket: ServerConnection) -> None:
        connection = Connection(socket)
        self._connections.put_nowait(connection)
        await connection.read()


def _first(_: Any, offers: Sequence[Subprotocol]) -> Subprotocol | None:
    return offers[0] if offers else None
