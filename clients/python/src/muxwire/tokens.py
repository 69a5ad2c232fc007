"""The token of all links of a client, and where it comes from."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Literal, TypedDict, Union

from .errors import MuxwireError, Unauthorized

# Why a token is asked for.
TokenReason = Literal["first", "refused", "expiring"]


class Ticket(TypedDict):
    """It lets one connection in."""

    ticket: str


Credential = Union[str, Ticket]
# Gives tokens.
TokenSource = Callable[[TokenReason], Union[Credential, Awaitable[Credential]]]

# So many tokens in a row may be refused.
_REFUSALS = 3


class Tokens:
    def __init__(self, token: str | None, source: TokenSource | None) -> None:
        self._source = source
        self._current = token
        self._refused: str | None = None
        self._refusals = 0
        self._asking: asyncio.Task[Credential] | None = None

    @property
    def can_renew(self) -> bool:
        return self._source is not None

    async def get(self) -> Credential | None:
        """What a connection is to be made with, if there is anything. Links that ask at the same time ask once."""
        while self._current is None:
            if self._source is None:
                if self._refused is not None:
                    raise MuxwireError("AUTH_FAILED", "the token was not accepted")
                return None
            if self._asking is None:
                return await self._ask(self._source, "refused" if self._refusals else "first")
            await asyncio.wait([self._asking])
        return self._current

    async def renew(self, had: Credential) -> Credential:
        """Another token before this one ends."""
        if self._source is None or (self._current is not None and self._current != had):
            return self._current or had
        if self._asking is not None:
            return await asyncio.shield(self._asking)
        return await self._ask(self._source, "expiring")

    def accepted(self) -> None:
        self._refusals = 0
        self._refused = None

    def reject(self, credential: Credential | None) -> bool:
        """The server does not take it, or not any more. Returns whether there may be another one."""
        # Another link has had it refused already, and there is a newer one.
        if isinstance(credential, str) and self._current is not None and credential != self._current:
            return True
        self._current = None
        if isinstance(credential, str):
            self._refused = credential
        self._refusals += 1
        return self._source is not None and self._refusals < _REFUSALS

    def forget(self) -> None:
        """Begins anew, as after a login."""
        self._refusals = 0

    async def _ask(self, source: TokenSource, reason: TokenReason) -> Credential:
        async def ask() -> Credential:
            answer = source(reason)
            return await answer if inspect.isawaitable(answer) else answer

        self._asking = asyncio.ensure_future(ask())
        try:
            found = await asyncio.shield(self._asking)
        finally:
            self._asking = None
        if isinstance(found, str):
            if found == self._refused:
                raise Unauthorized("the token was not accepted, and there is no other one")
            self._current = found
        return found
