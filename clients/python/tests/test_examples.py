"""The examples, each run against the real program."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from support.panes import FakeAgent, new_pane
from support.world import World, until

import muxwire

HERE = Path(__file__).resolve().parent.parent
EXAMPLES = HERE / "examples"


def environment(world: World) -> dict[str, str]:
    own = {"MUXWIRE_URL": world.url, "MUXWIRE_TOKEN": world.token, "PYTHONPATH": str(HERE / "src")}
    return {**world.environment, **own, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


@asynccontextmanager
async def running(world: World, *command: str) -> Any:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, env=environment(world), stdout=pipe, stderr=pipe
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        _, errors = await process.communicate()
        assert not errors, errors.decode()


async def test_errors() -> None:
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        pane = await new_pane(world, client, "one", "cat")
        async with running(world, str(EXAMPLES / "errors.py")) as example:
            # It listens when it is there; what was printed before is not for it.
            await until("it is connected", lambda: is_connected(client, 2))
            await client.send_keys(pane, text="error: it \x1bbroke\r")
            line = await asyncio.wait_for(example.stdout.readline(), 20)
        assert re.match(rf"one {pane}: error: it \^\[broke", line.decode()), line


async def is_connected(client: muxwire.Client, count: int) -> bool:
    return (await client.clients())["total"] >= count


async def test_dashboard() -> None:
    async with World() as world:
        given = [f"-e{name}={value}" for name, value in environment(world).items()]
        command = f"{sys.executable} {EXAMPLES / 'dashboard.py'}"
        size = ("-x", "120", "-y", "30")
        pane = (await world.run("new-session", "-dPF", "#{pane_id}", "-s", "board", *size, *given, command)).strip()
        await world.new_pane("other", "cat")

        async def shows() -> bool:
            shown = await world.run("capture-pane", "-p", "-t", pane)
            return bool(re.search(r"other +│ %\d+ +│ \w+ ", shown))

        await until("the new session is in the table", shows)


async def test_prompt_agent() -> None:
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        agent = FakeAgent(world)
        pane = await new_pane(world, client, "work", agent.command, 120, 35)
        async with running(world, str(EXAMPLES / "prompt_agent.py"), pane, "say\nhello") as example:
            line = await asyncio.wait_for(example.stdout.readline(), 60)
        assert re.match(r"claude ready ", line.decode()), line
        assert agent.log == [{"prompt": "say\nhello"}]


async def test_resume() -> None:
    async with World() as world, muxwire.Client(world.url, token=world.token) as client:
        await new_pane(world, client, "one", "cat")
        place = world.folder / "place.json"
        printed: list[str] = []

        async def prints(example: Any, name: str, made: bool) -> None:
            """Reads until a window of this name is printed; if it is to be made, that is done until it is heard of."""
            reading = asyncio.ensure_future(example.stdout.readline())
            while not printed or name not in printed[-1]:
                if made:
                    await world.run("new-window", "-d", "-n", name, "-t", "one:", "cat")
                done, _ = await asyncio.wait([reading], timeout=1 if made else 20)
                if done or not made:
                    printed.append(reading.result().decode())
                    reading = asyncio.ensure_future(example.stdout.readline())
            reading.cancel()

        async with running(world, str(EXAMPLES / "resume.py"), str(place)) as example:
            await prints(example, "first", True)
            await until("the place is stored", lambda: place.exists() and is_written(place))
        await world.run("new-window", "-d", "-n", "meanwhile", "-t", "one:", "cat")
        async with running(world, str(EXAMPLES / "resume.py"), str(place)) as example:
            await prints(example, "meanwhile", False)
        names = [line.removeprefix("a window was made: ").strip() for line in printed]
        assert names[0] == "first" and names[-1] == "meanwhile", printed


def is_written(place: Path) -> bool:
    return '"seq"' in place.read_text()


def test_the_readme_shows_the_examples() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL)
    names = ("errors", "prompt_agent", "dashboard", "resume")
    assert blocks[:-1] == [(EXAMPLES / f"{name}.py").read_text() for name in names]
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == sorted(names)


async def test_the_example_without_asyncio() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (HERE / "README.md").read_text(), re.DOTALL)
    async with World() as world:
        await world.new_pane("other", "cat")
        async with muxwire.Client(world.url, token=world.token) as client:
            tmux = await client.state().ready()
            await tmux.until(lambda: len(tmux.sessions) == 2)
        async with running(world, "-c", blocks[4]) as example:
            assert (await asyncio.wait_for(example.stdout.read(), 20)).decode() == "keep 1\nother 1\n"
