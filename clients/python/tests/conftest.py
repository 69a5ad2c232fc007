"""Tests that are coroutines are run, each in a loop of its own."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

# A test that hangs fails.
SECONDS = 120


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: Any) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), SECONDS), debug=True)
    return True
