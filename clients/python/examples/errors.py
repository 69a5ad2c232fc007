"""Prints what looks like an error in any pane of any session, from now on."""

import asyncio
import os

import muxwire


async def main() -> None:
    async with muxwire.Client(os.environ["MUXWIRE_URL"], token=os.environ["MUXWIRE_TOKEN"]) as client:
        async for item in client.events({"types": ["pane.output", "pane.gap"]}):
            if item["type"] == "pane.output" and item["data"]["severity"] == "error":
                for line in item["data"]["content"].splitlines():
                    # What a program prints may control a terminal, so it is not printed as it is.
                    print(f"{item['session']} {item['pane']}: {muxwire.printable(line)}", flush=True)
            elif item["type"] == "pane.gap" or item["type"] == "lost":
                print("something may be missing here", flush=True)


asyncio.run(main())
