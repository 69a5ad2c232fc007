"""Follow and steer what runs in tmux: a client of muxwire that comes back and resumes by itself.

    async with muxwire.Client("ws://127.0.0.1:8765/monitor", token=...) as client:
        async for event in client.events({"types": ["pane.output"]}):
            print(event)

What it does is written in docs/client.md of muxwire. `muxwire.sync` is the same for scripts without asyncio.
"""

from . import protocol
from .client import Client
from .errors import MuxwireError, Unauthorized, printable
from .follower import Assumed, Cursor, Lost, Position, StreamItem
from .link import Connected, Connecting, Disconnected, Report, Status
from .options import Limits
from .pane import Pane, PaneEnd, PaneEvent, PaneGap, PaneItem, PaneLagged, PaneOutput, PaneSince, PaneSnapshot
from .state import Change, State, Tmux
from .stream import Stream
from .terminal import Terminal, TerminalItem, TerminalOutput, TerminalRefusal, TerminalReplay
from .tokens import Credential, Ticket, TokenReason, TokenSource

__version__ = "0.1.0"

__all__ = [
    "Assumed",
    "Change",
    "Client",
    "Connected",
    "Connecting",
    "Credential",
    "Cursor",
    "Disconnected",
    "Limits",
    "Lost",
    "MuxwireError",
    "Pane",
    "PaneEnd",
    "PaneEvent",
    "PaneGap",
    "PaneItem",
    "PaneLagged",
    "PaneOutput",
    "PaneSince",
    "PaneSnapshot",
    "Position",
    "Report",
    "State",
    "Status",
    "Stream",
    "StreamItem",
    "Terminal",
    "TerminalItem",
    "TerminalOutput",
    "TerminalRefusal",
    "TerminalReplay",
    "Ticket",
    "Tmux",
    "TokenReason",
    "TokenSource",
    "Unauthorized",
    "printable",
    "protocol",
]
