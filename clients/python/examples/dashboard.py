"""A table of all panes that keeps itself up to date; Ctrl-C ends it. It needs the package rich."""

import asyncio
import os

from rich.live import Live
from rich.table import Table
from rich.text import Text

import muxwire


def table(tmux: muxwire.State, status: str) -> Table:
    shown = Table("session", "pane", "command", "agent", "title", title=f"tmux, {status}")
    for session in tmux.sessions.values():
        for id, pane in tmux.panes.items():
            if pane["window"] in session["windows"].values():
                agent = pane.get("agent", {}).get("status", "")
                cells = [session["name"], id, pane["command"], agent, pane["title"]]
                shown.add_row(*(Text(muxwire.printable(cell)) for cell in cells))
    return shown


async def main() -> None:
    async with muxwire.Client(os.environ["MUXWIRE_URL"], token=os.environ["MUXWIRE_TOKEN"]) as client:
        tmux = await client.state().ready()
        with Live(table(tmux, client.status)) as live:
            tmux.listen(lambda _: live.update(table(tmux, client.status)))
            client.listen(lambda _: live.update(table(tmux, client.status)))
            await asyncio.Event().wait()


asyncio.run(main())
