"""The processes below a pane, from /proc, and the end of those that outlive it."""

import os
import signal
import time
from pathlib import Path


def status(pid):
    """Parent, name and arguments of a process, or None if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        argv = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    except OSError:
        return None
    name, rest = text.split("(", 1)[1].rsplit(")", 1)
    fields = rest.split()
    return int(fields[1]), name, [word.decode("utf-8", "replace") for word in argv]


def all_processes():
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (known := status(int(entry))):
            found[int(entry)] = known
    return found


def below(pid, processes):
    """The process and all below it, parents first."""
    order = [pid] if pid in processes else []
    for known in order:
        order += [each for each, (parent, _, _) in processes.items() if parent == known]
    return order


def living_below(pid):
    """Those below one that still run. A process whose first thread has ended has no arguments, but may still have children."""
    processes = all_processes()
    return [each for each in below(pid, processes)[1:] if processes[each][2]]


def end_below(pid, seconds=5):
    """Ends all processes below one, but not itself: asks first, then forces. Ends what they start meanwhile, too."""
    end = time.monotonic() + seconds
    while others := living_below(pid):
        for each in others:
            try:
                os.kill(each, signal.SIGTERM if time.monotonic() < end else signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.2)
        reap()


def reap():
    """Takes note of the ends of processes that were left to this one."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return
