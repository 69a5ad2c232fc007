"""Composes prompts as agents do, and writes each that is submitted to a file, as a line of JSON.

    composer.py FILE

An Enter that comes in the same read as other keys, or within 30 ms of some, belongs to pasted text and is a line break.
What stands in paste brackets is text, whatever it is.
"""

import json
import os
import sys
import time
import tty

BURST = 0.03
BEGINS, ENDS = b"\x1b[200~", b"\x1b[201~"

tty.setraw(0)
text, pasting, last = b"", False, 0.0
with open(sys.argv[1], "a", buffering=1) as submitted:
    os.write(1, b"\x1b[?2004hREADY")
    while read := os.read(0, 65536):
        now, burst = time.monotonic(), False
        while read:
            if read.startswith((BEGINS, ENDS)):
                pasting, read = read.startswith(BEGINS), read[len(BEGINS) :]
                continue
            byte, read = read[:1], read[1:]
            if byte == b"\r" and not pasting and not burst and now - last > BURST:
                submitted.write(json.dumps(text.decode()) + "\n")
                text = b""
            elif pasting or byte != b"\r":
                text, last, burst = text + byte, now, not pasting
            else:
                text, last, burst = text + b"\n", now, True
