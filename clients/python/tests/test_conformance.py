"""The scenarios of tests/conformance, which all clients play; JavaScript's runner checks that each message has one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.scenario import Play
from support.world import ROOT

SCENARIOS = [
    pytest.param(scenario, id=f"{file.stem}: {scenario['about']}")
    for file in sorted((ROOT / "tests/conformance").glob("*.json"))
    for scenario in json.loads(file.read_text())
    if "python" in scenario.get("only", ["python"])
]


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_scenario(scenario: Any) -> None:
    await Play.run(scenario)


# What the client says by itself; programs get it by parts of the client, not by a method.
OWN = {"auth", "subscribe", "unsubscribe", "open", "close", "ack", "ping"}


def test_every_request_has_a_method_that_a_scenario_calls() -> None:
    schema = json.loads((ROOT / "grammar/protocol/v1/client.schema.json").read_text())
    actions = {one["$ref"].removeprefix("#/$defs/") for one in schema["oneOf"]}
    scenarios: Any = [param.values[0] for param in SCENARIOS]
    called = {step["call"]["action"] for scenario in scenarios for step in scenario["steps"] if "call" in step}
    assert actions - OWN == called, "add a method for these actions, and a scenario that calls it"
