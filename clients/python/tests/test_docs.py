"""The examples of docs/ in Python, as they stand there."""

from __future__ import annotations

import base64
import re
from typing import Any

from support.world import ROOT


def examples(file: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / file).read_text(), re.DOTALL)


def test_the_signature_of_a_webhook_is_verified() -> None:
    (code,) = examples("docs/alerts.md")
    found: dict[str, Any] = {}
    exec(code, found)
    # The example of the Standard Webhooks specification.
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert found["is_ours"](secret, headers, b'{"test": 2432232314}')
    assert not found["is_ours"](secret, headers, b'{"test": 2432232315}')


def test_all_examples_of_docs_are_known() -> None:
    """The README's is run by .ci/smoke.py; one that is added is added here."""
    counts = {path.name: len(examples(f"docs/{path.name}")) for path in (ROOT / "docs").glob("*.md")}
    assert {name: count for name, count in counts.items() if count} == {"alerts.md": 1}
    assert len(examples("README.md")) == 1
