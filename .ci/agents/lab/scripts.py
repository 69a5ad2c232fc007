"""What the model says: for each prompt, the answer before each result of a tool and after the last.

A prompt is found by its text in the request, and the step by the number of tool results behind it. So the answer depends
on nothing but the request, however often an agent asks again.
"""

from dataclasses import dataclass, field
from typing import Any

PROSE = (
    "The greeting is printed by one line in hello.txt. The check reads that file and compares it with what it expects. "
    "If both agree, it says so and ends with status 0. If they differ, it prints the two lines one below the other. "
    "Nothing else in the project depends on the greeting, so a change to it is small and safe. "
)
QUOTES = (
    "Here is what such a tool prints while it works:\n\n"
    "    * Thinking... (esc to interrupt)\n\n"
    "and this is what it prints when it asks:\n\n"
    "    Do you want to proceed?\n    > 1. Yes\n      2. No, and tell it what to do differently (esc)\n\n"
    "Other tools say: Would you like to run the following command? Press enter to confirm or esc to cancel. "
    "Apply this change? Allow execution? Waiting for user confirmation. Permission required. Working (12s - esc to interrupt)"
)


@dataclass(frozen=True)
class Text:
    """Text, word by word, in so many seconds."""

    text: str
    seconds: float = 0.5


@dataclass(frozen=True)
class Think(Text):
    """A thought, word by word."""


@dataclass(frozen=True)
class Silence:
    """Nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Tool:
    """A call of the tool that does this, by whatever name the agent offers it."""

    kind: str
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Error:
    """An error in place of an answer: an HTTP status, or `limit` or `credit`. `times`: so many requests get it, then the
    answer comes."""

    kind: Any
    times: int = 1000


@dataclass(frozen=True)
class Drop:
    """The connection ends in the middle."""


@dataclass(frozen=True)
class Script:
    """A prompt, and the steps of each answer to it."""

    prompt: str
    answers: list[list[Any]]


def after_tool(text="Done: the checks pass."):
    return [Text(text, 1.0)]


COMMAND = "./check.sh"
PLAN = "# Plan\n\n1. Read hello.txt\n2. Change the greeting\n3. Run the checks\n"
TASKS = ["Read the greeting", "Change the greeting", "Run the checks"]

SCRIPTS = {
    "short": Script("Say hello.", [[Text("Hello! What shall we do?", 0.3)]]),
    "turn": Script("Explain how the greeting is printed.", [[Text(PROSE * 2, 5)]]),
    "long": Script("Explain every line at length.", [[Text(PROSE * 6, 70)]]),
    "thinking": Script(
        "Think about the greeting first.", [[Think(PROSE * 2, 5), Text("It is best to keep the greeting short.", 1.5)]]
    ),
    "silent": Script("Take your time with the greeting.", [[Silence(6), Text("The greeting is fine as it is.", 1)]]),
    "bash": Script("Run the checks.", [[Text("I run the checks.", 0.4), Tool("shell")], after_tool()]),
    "background": Script(
        "Run the checks in the background.",
        [[Tool("shell", {"background": True})], [Text("The checks run in the background.", 1)]],
    ),
    "edit": Script(
        "Change the greeting to the moon.",
        [[Tool("read")], [Tool("edit")], after_tool("The greeting is changed.")],
    ),
    "write": Script("Write a new file with three lines.", [[Tool("write")], after_tool("The file is written.")]),
    "fetch": Script("Read the page about greetings.", [[Tool("fetch")], after_tool("The page says little.")]),
    "question": Script("Ask me for the colour.", [[Tool("question")], after_tool("Red it is.")]),
    "plan": Script("Plan the change of the greeting.", [[Tool("plan")], after_tool("The plan is carried out.")]),
    "todo": Script(
        "Work through the list.",
        [[Tool("todo", {"at": 0})], [Tool("todo", {"at": 1})], [Tool("todo", {"at": 2})], [Text(PROSE * 2, 5)]],
    ),
    "subagent": Script("Send somebody to look around.", [[Tool("subagent")], after_tool("They have looked around.")]),
    "look": Script("Look around in the project.", [[Text(PROSE, 5)]]),
    "quote": Script("Show what other tools print.", [[Text(QUOTES, 2)]]),
    "asks": Script(
        "Say what you need to know.",
        [[Text("I looked at the file. Should I change the greeting, or would you like to keep it? (y/n)", 1)]],
    ),
    "retry": Script("Try until it works.", [[Error(429, times=2), Text("It worked in the end. " + PROSE, 3)]]),
    "retry-overload": Script(
        "Try until they have time.", [[Error(529, times=5), Text("It worked in the end. " + PROSE, 3)]]
    ),
    "unauthorized": Script("Answer without a key.", [[Error(401)]]),
    "forbidden": Script("Answer without permission.", [[Error(403)]]),
    "rate-limit": Script("Answer at once.", [[Error(429)]]),
    "overload": Script("Answer although all are busy.", [[Error(529)]]),
    "server-error": Script("Answer although it fails.", [[Error(500)]]),
    "too-long": Script("Answer to all of this.", [[Error(400)]]),
    "usage-limit": Script("Answer beyond the limit.", [[Error("limit")]]),
    "credit": Script("Answer without credit.", [[Error("credit")]]),
    "hang": Script("Begin and stop.", [[Text("It starts well and then", 0.5), Silence(240)]]),
    "drop": Script("Begin and break off.", [[Text("It starts well and then", 0.5), Drop()]]),
    "shell-text": Script("Propose the command.", [[Text("Run this:\n\n```bash\n./check.sh\n```\n", 1)], after_tool()]),
    "file-text": Script("Change what you have not seen.", [[Text("I would need to see check.sh first.", 1)], after_tool()]),
    "new-file-text": Script(
        "Write the file in your own words.",
        [[Text("brandnew.txt\n```\n<<<<<<< SEARCH\n=======\none\n>>>>>>> REPLACE\n```\n", 1)], after_tool()],
    ),
}
