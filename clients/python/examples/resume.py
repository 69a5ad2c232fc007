"""Prints each window that is made, and goes on behind the last one when it is started again: resume.py FILE"""

import json
import os
import sys
from pathlib import Path

import muxwire.sync

place = Path(sys.argv[1])
since = json.loads(place.read_text()) if place.exists() else None
with muxwire.sync.Client(os.environ["MUXWIRE_URL"], token=os.environ["MUXWIRE_TOKEN"]) as client:
    stream = client.events({"types": ["window.created"]}, since=since)
    for item in stream:
        if item["type"] == "window.created":
            print("a window was made:", muxwire.printable(item["data"]["name"]), flush=True)
        elif item["type"] == "lost":
            print("the server no longer knows what was in between", flush=True)
        # A file that is exchanged is never half written.
        place.with_suffix(".new").write_text(json.dumps(stream.cursor))
        place.with_suffix(".new").rename(place)
