"""What needs no server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import muxwire
from muxwire.backoff import Backoff
from muxwire.errors import printable
from muxwire.frames import epoch_check, read_frame
from muxwire.options import endpoint, terminal_endpoint

HERE = Path(__file__).resolve().parent.parent


def test_waits_grow_and_begin_anew() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.next() for _ in range(8)] == [200, 400, 800, 1600, 3200, 5000, 5000, 5000]
    backoff.reset()
    assert backoff.next() == 200
    backoff.ask(3000)
    assert [backoff.next(), backoff.next()] == [3300, 800]
    backoff.ask(10_000_000)
    assert Backoff(lambda: 0.0).next() == 100
    assert backoff.next() == 60_000 + 1500


def test_addresses() -> None:
    assert endpoint("http://h:1") == "ws://h:1/monitor"
    assert endpoint("wss://h/mux/monitor") == "wss://h/mux/monitor"
    assert terminal_endpoint("wss://h/mux/monitor", "a b/%", {"pane": "%7"}) == (
        "wss://h/mux/ws/terminal/a%20b%2F%25?pane=%257"
    )
    for bad in ("h:1", "ftp://h", "ws://user:mine@h/monitor", "ws://h/monitor?token=mine"):
        with pytest.raises(muxwire.MuxwireError, match="INVALID_ARGUMENT") as found:
            endpoint(bad)
        assert "mine" not in str(found.value)


def test_frames() -> None:
    header = bytes([1, 1, 0, 0]) + (7).to_bytes(4, "big") + (0xB3F1C9).to_bytes(4, "big")
    frame = read_frame(header + (5).to_bytes(8, "big") + (90).to_bytes(8, "big") + b"bytes")
    assert frame is not None
    assert (frame.pane, frame.offset, frame.data, frame.is_replay) == ("%7", 90, b"bytes", False)
    assert frame.check == epoch_check("b3f1c9") == epoch_check("b3f1c9xyz")
    assert epoch_check("0123456789") == 0x01234567
    assert read_frame(b"\x02" + bytes(40)) is None
    assert read_frame(b"\x01\x09" + bytes(40)) is None
    assert read_frame(b"\x01\x01") is None


def test_errors_control_no_terminal() -> None:
    assert printable("a\x1b[31m\n\u202e") == "a\\u{1b}[31m\\u{a}\\u{202e}"
    error = muxwire.MuxwireError.of({"code": "X", "message": "\x07", "retryable": True, "retry_after_ms": 5})
    assert str(error) == "X: \\u{7}"
    assert (error.retryable, error.retry_after_ms) == (True, 5)


def test_types_are_those_of_the_schemas() -> None:
    subprocess.run([sys.executable, str(HERE / "scripts/make_types.py"), "--check"], check=True)


def test_licenses_are_those_of_the_repository() -> None:
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        assert (HERE / name).read_bytes() == (HERE.parent.parent / name).read_bytes()
