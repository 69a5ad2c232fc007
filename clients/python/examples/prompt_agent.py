"""Waits until the agent in a pane takes a prompt, gives it one, and tells what came of it: prompt_agent.py %7 PROMPT"""

import asyncio
import os
import sys

import muxwire


async def main(pane: str, prompt: str) -> None:
    async with muxwire.Client(os.environ["MUXWIRE_URL"], token=os.environ["MUXWIRE_TOKEN"]) as client:
        tmux = await client.state().ready()

        def agent_is(*statuses: str) -> bool:
            return tmux.panes[pane].get("agent", {}).get("status") in statuses

        await tmux.until(lambda: agent_is("ready"))
        begins = asyncio.ensure_future(tmux.until(lambda: not agent_is("ready")))
        # It is typed once, whatever the network does, and only where the agent shows an empty prompt.
        reply = await client.prompt(pane, prompt)
        if not reply["submitted"]:
            sys.exit(f"the agent did not take it: {muxwire.printable(reply.get('message', ''))}")
        await begins
        await tmux.until(lambda: agent_is("ready", "waiting", "error"))
        agent = tmux.panes[pane]["agent"]
        print(agent["agent_type"], agent["status"], muxwire.printable(agent.get("message", "")))


asyncio.run(main(*sys.argv[1:]))
