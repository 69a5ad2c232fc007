"""Stands between a client and the server, and cuts: after some bytes in either direction, or at once."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from types import TracebackType
from urllib.parse import urlsplit


class Proxy:
    """Without `seeded`, it cuts when it is told to."""

    def __init__(self, target: str, seeded: random.Random | None = None) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 0)
        self._random = seeded
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_cutting = True
        self.cuts = 0
        self.url = ""

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/monitor"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Cuts all connections now."""
        for writer in list(self._open):
            _reset(writer)

    async def _accept(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        writers = [near_out]
        self._open.add(near_out)
        try:
            far_in, far_out = await asyncio.open_connection(*self._target)
            writers.append(far_out)
            self._open.add(far_out)
            passes = [
                asyncio.ensure_future(self._pass(near_in, far_out, 2_000)),
                asyncio.ensure_future(self._pass(far_in, near_out, 30_000)),
            ]
            done, pending = await asyncio.wait(passes, return_when=asyncio.FIRST_COMPLETED)
            cut = any(one.result() for one in done)
            for one in pending:
                one.cancel()
            for writer in writers:
                _reset(writer) if cut else writer.close()
        except OSError:
            pass
        finally:
            for writer in writers:
                self._open.discard(writer)
                writer.transport.abort()
            self._tasks.discard(task)

    async def _pass(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, most: int) -> bool:
        """Passes bytes on, up to where it cuts: in the middle of frames, of the handshake, anywhere.

        Returns whether it was a cut that ended it.
        """
        seeded = self._random
        left = int(most ** seeded.random() * (1 + seeded.random())) + 20 if seeded else None
        try:
            while data := await source.read(65_536):
                if left is not None and self.is_cutting and len(data) >= left:
                    to.write(data[:left])
                    await to.drain()
                    self.cuts += 1
                    return True
                if left is not None:
                    left = max(left - len(data), 1)
                to.write(data)
                await to.drain()
        except OSError:
            # The other end has gone.
            pass
        return False


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection as a network does that goes away: by a reset."""
    found = writer.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
