"""One WebSocket to the server, and all that it takes to keep it."""

from __future__ import annotations

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any, Literal, Protocol, TypedDict, Union

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from .backoff import Backoff
from .errors import MuxwireError, Unauthorized, printable
from .options import Limits
from .tokens import Credential, Tokens

# A message of the server, of which only the kind is known.
Message = dict[str, Any]
# The states of a link, and of a client.
Status = Literal["connecting", "connected", "disconnected"]

# The handshake's answers that another attempt does not change.
_LASTING = (400, 401, 403, 404, 421)
# The server has too much of this client: how long to wait at least after these.
_CROWDED = (4004, 4006)


class Connecting(TypedDict):
    """A connection ended or could not be made, and another attempt follows in `retry_in` milliseconds."""

    type: Literal["connecting"]
    code: int | None
    reason: str
    retry_in: int


class Connected(TypedDict):
    """The server let the client in."""

    type: Literal["connected"]
    host: str
    server: str
    epoch: str
    permissions: list[str]
    redacted: bool
    client_id: str | None
    # Whether it is not the first time.
    again: bool


class Disconnected(TypedDict):
    """No link comes back by itself any more."""

    type: Literal["disconnected"]
    code: str
    reason: str


# What a client reports of its connections.
Report = Union[Connecting, Connected, Disconnected]


class Owner(ABC):
    """What a link is for."""

    url: str
    protocols: list[str]

    @abstractmethod
    def on_open(self) -> None:
        """The server let the client in: what is wanted is to be said now."""

    @abstractmethod
    def on_message(self, message: Message, length: int) -> None:
        """The server said something; `length` is that of its text."""

    @abstractmethod
    def on_bytes(self, data: bytes) -> None: ...

    @abstractmethod
    def on_down(self) -> None:
        """The connection is gone."""

    @abstractmethod
    def on_end(self, error: MuxwireError) -> None:
        """There will be no other connection."""


class Shared(Protocol):
    """What the links of one client share."""

    limits: Limits
    tokens: Tokens
    random: Callable[[], float]

    def changed(self, link: Link, report: Connecting | Connected | MuxwireError | None) -> None: ...


class _Lost(Exception):
    """The connection ended: the client comes back."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Link:
    def __init__(self, shared: Shared, owner: Owner) -> None:
        self.status: Status = "disconnected"
        self._shared = shared
        self._owner = owner
        self._backoff = Backoff(shared.random)
        self._task: asyncio.Task[None] | None = None
        self._socket: ClientConnection | None = None
        self._outgoing: asyncio.Queue[str | bytes] | None = None
        self._drop: asyncio.Future[None] | None = None
        self._woken = asyncio.Event()
        self._heard = 0.0
        self._again = False
        self._error: MuxwireError | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begins to connect, if that is not under way."""
        if self.status != "disconnected":
            return
        self.status = "connecting"
        self._shared.changed(self, None)
        self._task = asyncio.get_running_loop().create_task(self._run())

    @property
    def is_open(self) -> bool:
        return self._outgoing is not None

    def send(self, message: Message) -> bool:
        """Sends, if there is a connection. Returns whether there was."""
        if self._outgoing is None:
            return False
        self._outgoing.put_nowait(json.dumps(message, ensure_ascii=False, separators=(",", ":")))
        return True

    def progress(self) -> None:
        """The connection has brought something: it is worth coming back to."""
        self._backoff.reset()

    def drop(self, reason: str, asked: int | None = None) -> None:
        """Ends the connection and comes back, after what the server asked for if it did."""
        if asked is not None:
            self._backoff.ask(asked)
        if self._drop is not None and not self._drop.done():
            self._outgoing = None
            self._drop.set_exception(_Lost(None, reason))

    def pause(self) -> None:
        """Ends the connection in order until `start`."""
        self._leave()
        self._owner.on_down()

    def close(self) -> None:
        """Ends the connection in order, for good."""
        if self.status != "disconnected":
            self._leave()

    def wake(self) -> None:
        """The network is back, or the machine slept."""
        self._woken.set()

    async def wait_closed(self) -> None:
        """Until the closing handshakes of `close` and `pause` are through."""
        if self._leaving:
            await asyncio.wait(set(self._leaving))

    def _leave(self) -> None:
        socket, task, outgoing = self._socket, self._task, self._outgoing
        self._socket = self._task = self._outgoing = None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        if socket is not None:
            leaving = asyncio.get_running_loop().create_task(_say_goodbye(socket, outgoing))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
        self.status = "disconnected"
        self._shared.changed(self, None)

    async def _run(self) -> None:
        task = self._task
        try:
            while self._task is task:
                try:
                    await self._connection()
                except _Lost as lost:
                    if self._task is not task:
                        return
                    await self._wait(lost)
        except MuxwireError as error:
            self._fail(error)

    async def _wait(self, lost: _Lost) -> None:
        wait = self._backoff.next()
        self.status = "connecting"
        self._woken.clear()
        self._owner.on_down()
        reason = printable(lost.reason)
        self._shared.changed(self, {"type": "connecting", "code": lost.code, "reason": reason, "retry_in": wait})
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._woken.wait(), wait / 1000)

    def _fail(self, error: MuxwireError) -> None:
        self._leave()
        self._owner.on_end(error)
        self._shared.changed(self, error)

    async def _connection(self) -> None:
        """One connection, from the token to its end, which is always an exception."""
        credential = await self._token()
        socket = await self._shake_hands()
        self._error = None
        writer: asyncio.Task[None] | None = None
        self._socket = socket
        drop: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._drop = drop
        try:
            response = await self._greet(socket, credential)
            outgoing: asyncio.Queue[str | bytes] = asyncio.Queue()
            self._outgoing = outgoing
            writer = asyncio.ensure_future(_write(socket, outgoing))
            self._open(response)
            await self._until_one_ends(socket, drop, credential, response)
        except ConnectionClosed as closed:
            self._closed(closed, credential)
        finally:
            if writer is not None:
                writer.cancel()
            # What left in order has taken the socket along, and closes it.
            if self._socket is socket:
                self._socket = self._outgoing = None
                socket.transport.abort()

    async def _token(self) -> Credential | None:
        try:
            return await self._shared.tokens.get()
        except MuxwireError:
            raise
        except Unauthorized as why:
            raise MuxwireError("AUTH_FAILED", str(why) or "there is no token") from why
        except Exception as why:
            # It is the program's own code, of which anything may come.
            raise _Lost(None, f"there is no token: {why}") from why

    async def _shake_hands(self) -> ClientConnection:
        limits = self._shared.limits
        try:
            return await connect(
                self._owner.url,
                subprotocols=[Subprotocol(name) for name in self._owner.protocols],
                open_timeout=limits.connect / 1000,
                close_timeout=5,
                ping_interval=None,
                max_size=limits.message,
                user_agent_header=None,
            )
        except InvalidStatus as refused:
            status = refused.response.status_code
            if status in _LASTING:
                raise MuxwireError("REFUSED", f"the server answers {status}") from refused
            raise _Lost(None, f"the server answers {status}") from refused
        except TimeoutError as late:
            raise _Lost(None, "no answer: it could not connect in time") from late
        except (InvalidHandshake, OSError, EOFError, asyncio.TimeoutError) as why:
            raise _Lost(None, f"it could not connect: {why}") from why

    async def _greet(self, socket: ClientConnection, credential: Credential | None) -> Message:
        hello = await self._answer(socket, "the server does not greet", True)
        if hello.get("type") != "hello":
            raise _unsupported(f"it greets with {json.dumps(hello.get('type'))}")
        if hello.get("protocol") != 1:
            raise _unsupported(f"it speaks version {hello.get('protocol')} of the protocol")
        if hello.get("auth_required") is False:
            return {**hello, "permissions": []}
        if credential is None:
            raise MuxwireError("AUTH_REQUIRED", "the server asks for a token, and none was given")
        await socket.send(_proof(credential))
        while True:
            response = await self._answer(socket, "the server does not say whether it takes the token", False)
            if response.get("type") == "auth.response":
                break
            if response.get("type") == "error":
                error = MuxwireError.of(response)
                if not error.retryable:
                    raise error
                self._backoff.ask(error.retry_after_ms or 0)
                raise _Lost(None, f"the server refused: {error.message}")
            self._note(response)
        if response.get("success") is not True:
            self._not_accepted(credential, str(response.get("message", "")), None)
        self._shared.tokens.accepted()
        return {**hello, **response}

    async def _answer(self, socket: ClientConnection, late: str, first: bool) -> Message:
        try:
            data = await asyncio.wait_for(socket.recv(), self._shared.limits.answer / 1000)
        except asyncio.TimeoutError:
            raise _Lost(None, late) from None
        self._heard = time.monotonic()
        message = _parsed(data)
        if message is None:
            raise _unsupported("it says no JSON") if first else _Lost(None, _NO_MESSAGE)
        return message

    def _open(self, response: Message) -> None:
        self.status = "connected"
        again, self._again = self._again, True
        self._owner.on_open()
        connected: Connected = {
            "type": "connected",
            "host": str(response.get("host")),
            "server": str(response.get("server")),
            "epoch": str(response.get("epoch")),
            "permissions": response.get("permissions", []),
            "redacted": response.get("redacted") is True,
            "client_id": response.get("client_id"),
            "again": again,
        }
        self._shared.changed(self, connected)

    async def _until_one_ends(
        self,
        socket: ClientConnection,
        drop: asyncio.Future[None],
        credential: Credential | None,
        response: Message,
    ) -> None:
        works = [
            asyncio.ensure_future(self._read(socket)),
            asyncio.ensure_future(self._watch()),
            asyncio.ensure_future(self._renew(credential, response)),
        ]
        try:
            await asyncio.wait([*works, drop], return_when=asyncio.FIRST_COMPLETED)
            # What was read before the end counts for what is done about it, so that end goes first.
            for work in (drop, *works):
                if work.done():
                    work.result()
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            data = await socket.recv()
            self._heard = time.monotonic()
            # It was dropped, or left.
            if self._socket is not socket or self._outgoing is None:
                raise _Lost(None, "the connection was dropped")
            try:
                self._take(data)
            except (KeyError, TypeError, ValueError, AttributeError) as why:
                raise _Lost(None, f"{_NO_MESSAGE}: {why!r}") from why

    def _take(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self._owner.on_bytes(data)
            return
        message = _parsed(data)
        if message is None:
            raise _Lost(None, _NO_MESSAGE)
        self._note(message)
        if message.get("type") == "auth.response":
            self._renewed(message)
        else:
            self._owner.on_message(message, len(data))

    def _note(self, message: Message) -> None:
        """What counts should the connection end behind it."""
        if message.get("type") == "shutdown":
            after = message.get("retry_after_ms")
            self._backoff.ask(after if isinstance(after, int) else 0)
        self._error = MuxwireError.of(message) if message.get("type") == "error" else None

    async def _watch(self) -> None:
        """Looks after the connection while it stands: no timer is set anew for each message."""
        limits = self._shared.limits
        self._woken.clear()
        while True:
            rest = self._heard + limits.quiet / 1000 - time.monotonic()
            woken = False
            if rest > 0:
                try:
                    await asyncio.wait_for(self._woken.wait(), rest)
                except asyncio.TimeoutError:
                    continue
                self._woken.clear()
                woken = True
            asked = self._heard
            self.send({"action": "ping"})
            # Not by the clock: a machine that slept must get the answer first that came meanwhile.
            await asyncio.sleep((limits.woken if woken else limits.pong) / 1000)
            if self._heard == asked:
                raise _Lost(None, "nothing was heard of the server for too long")

    async def _renew(self, credential: Credential | None, response: Message) -> None:
        """Authenticates again before the token ends, if there can be another one."""
        self._expires: asyncio.Queue[str] = asyncio.Queue()
        expires = response.get("expires")
        tokens = self._shared.tokens
        while True:
            if not isinstance(expires, str) or credential is None or not tokens.can_renew:
                expires = await self._expires.get()
                continue
            left = (_time(expires) - datetime.now(timezone.utc)).total_seconds()
            before = self._shared.limits.renew / 1000
            await asyncio.sleep(max(left / 2 if left < 2 * before else left - before, 0))
            expires = None
            try:
                credential = await tokens.renew(credential)
            except Exception:
                # The connection stays until the server ends it, and then the token is asked for again.
                continue
            if self._outgoing is not None:
                self._outgoing.put_nowait(_proof(credential))

    def _renewed(self, response: Message) -> None:
        if response.get("success") is True and isinstance(response.get("expires"), str):
            self._expires.put_nowait(response["expires"])

    def _not_accepted(self, credential: Credential | None, message: str, code: int | None) -> None:
        text = message or "the token was not accepted"
        if self._shared.tokens.reject(credential):
            raise _Lost(code, f"the token was not accepted: {message}" if message else text)
        raise MuxwireError("AUTH_FAILED", text, close_code=code)

    def _closed(self, closed: ConnectionClosed, credential: Credential | None) -> None:
        code = closed.rcvd.code if closed.rcvd is not None else None
        reason = closed.rcvd.reason if closed.rcvd is not None else ""
        said = self._error.message if self._error is not None else reason
        if code in (4500, 4503):
            self._not_accepted(credential, reason, code)
        if code == 4501:
            raise MuxwireError("AUTH_REQUIRED", reason or "no token came in time", close_code=code)
        if code == 4504:
            raise MuxwireError("DISCONNECTED", said or "an admin ended the connection", close_code=code)
        if code is not None and code > 4500:
            text = reason or f"the server closed the connection with {code}"
            raise MuxwireError("CLOSED", text, close_code=code)
        if self._error is not None and self._error.retry_after_ms is not None:
            self._backoff.ask(self._error.retry_after_ms)
        if code in _CROWDED:
            self._backoff.ask(1000)
        raise _Lost(None if code in (1005, 1006) else code, reason or "the connection ended") from closed


_NO_MESSAGE = "the server said something that is no message"


def _parsed(data: str | bytes) -> Message | None:
    if isinstance(data, bytes):
        return None
    try:
        message = json.loads(data)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _proof(credential: Credential) -> str:
    proof = {"token": credential} if isinstance(credential, str) else {"ticket": credential["ticket"]}
    return json.dumps({"action": "auth", "id": "auth", **proof})


def _unsupported(why: str) -> MuxwireError:
    return MuxwireError("UNSUPPORTED", f"this is no server for this client: {why}")


def _time(text: str) -> datetime:
    # Python 3.10 does not know the Z.
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


async def _write(socket: ClientConnection, outgoing: asyncio.Queue[str | bytes]) -> None:
    try:
        while True:
            await socket.send(await outgoing.get())
    except ConnectionClosed:
        # The reader says why.
        return


async def _say_goodbye(socket: ClientConnection, outgoing: asyncio.Queue[str | bytes] | None) -> None:
    """Says what was still to be said, and closes in order."""
    with suppress(ConnectionClosed):
        while outgoing is not None and not outgoing.empty():
            await socket.send(outgoing.get_nowait())
    await socket.close(1000)
