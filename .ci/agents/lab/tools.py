"""Turns what a script wants done into a call of a tool that the agent offers, with the arguments that it names."""

import json
import re
from dataclasses import dataclass, field

from scripts import COMMAND, PLAN, TASKS

FOLDER = "/home/dev/project"
GREETING = f"{FOLDER}/hello.txt"
OLD, NEW = "hello world", "hello moon"


class NotOffered(Exception):
    """The agent offers no tool for this."""


@dataclass
class Call:
    """A call: of a function with arguments, or of a tool that takes a text."""

    name: str
    given: dict | str


@dataclass
class Offered:
    """The tools of one request, by name, with the names of their arguments, and the whole request as text."""

    arguments: dict[str, set] = field(default_factory=dict)
    request: str = ""

    def first(self, *names):
        by_lower = {name.lower(): name for name in self.arguments}
        return next((by_lower[name.lower()] for name in names if name.lower() in by_lower), None)

    def argument(self, tool, *names):
        return next((name for name in names if name in self.arguments[tool]), names[0])

    def call(self, kind, given):
        made = getattr(self, kind)(**given)
        if made is None:
            raise NotOffered(f"no tool for {kind} among {sorted(self.arguments)}")
        return made

    def shell(self, background=False):
        name = self.first(
            "Bash", "run_shell_command", "exec_command", "shell_command", "shell", "execute_command", "run_commands", "local_shell"
        )
        if name is None:
            return None
        if name == "exec_command":
            given = {"cmd": "./slow.sh" if background else COMMAND, "yield_time_ms": 500 if background else 30000}
            if "sandbox_permissions" in self.arguments[name]:
                given |= {"sandbox_permissions": "require_escalated", "justification": "May I run the checks?"}
            return Call(name, given)
        command = "./slow.sh" if background else COMMAND
        if name == "shell":
            return Call(name, {"command": ["bash", "-lc", command], "timeout_ms": 120000})
        if name == "shell_command":
            return Call(name, {"command": command, "timeout_ms": 120000})
        given = {"command": command}
        if name == "run_commands":
            given = {"commands": [command]}
        optional = {
            "description": "Run the checks",
            "requires_approval": True,
            "is_background": background,
            "run_in_background": background,
            "mode": "async" if background else "sync",
        }
        return Call(name, given | {key: value for key, value in optional.items() if key in self.arguments[name]})

    def read(self):
        name = self.first("Read", "read_file", "view", "read_files")
        if name is None:
            return Call("exec_command", {"cmd": "cat hello.txt"}) if self.first("exec_command") else None
        key = self.argument(name, "file_path", "filePath", "path", "absolute_path", "paths")
        return Call(name, {key: [GREETING] if key == "paths" else GREETING})

    def edit(self):
        name = self.first("Edit", "replace", "edit_file", "replace_in_file", "str_replace_editor")
        if name is None:
            return self.patch(f"*** Update File: hello.txt\n@@\n-{OLD}\n+{NEW}\n")
        given = {
            self.argument(name, "file_path", "filePath", "path"): GREETING,
            self.argument(name, "old_string", "oldString", "old_str", "old_text"): OLD,
            self.argument(name, "new_string", "newString", "new_str", "new_text"): NEW,
        }
        if "instruction" in self.arguments[name]:
            given["instruction"] = "Change the greeting"
        return Call(name, given)

    def write(self):
        lines = "one\ntwo\nthree\n"
        name = self.first("Write", "write_file", "create", "write_to_file", "editor")
        if name is None:
            return self.patch("*** Add File: lines.txt\n+one\n+two\n+three\n")
        path = self.argument(name, "file_path", "filePath", "path")
        content = self.argument(name, "content", "file_text", "new_text", "contents")
        return Call(name, {path: f"{FOLDER}/lines.txt", content: lines})

    def patch(self, change):
        text = f"*** Begin Patch\n{change}*** End Patch\n"
        if name := self.first("apply_patch"):
            return Call(name, text)
        if self.first("exec_command"):
            return Call("exec_command", {"cmd": f"apply_patch <<'EOF'\n{text}EOF\n"})
        return None

    def fetch(self):
        name = self.first("WebFetch", "web_fetch", "webfetch", "fetch")
        if name is None:
            return None
        url = "https://example.com/greetings"
        given = {"url": url, "prompt": f"Read {url}", "format": "text"}
        return Call(name, {key: value for key, value in given.items() if key in self.arguments[name]})

    def question(self):
        name = self.first(
            "AskUserQuestion", "ask_user_question", "ask_user", "question", "request_user_input", "ask_followup_question"
        )
        if name is None:
            return None
        options = [{"label": "Red", "description": "A red bar"}, {"label": "Blue", "description": "A blue bar"}]
        asked = {"question": "Which colour should the bar have?", "header": "Colour", "options": options}
        keys = self.arguments[name]
        if name == "request_user_input":
            return Call(name, {"questions": [asked | {"id": "colour"}]})
        if "questions" in keys:
            return Call(name, {"questions": [asked | {"multiSelect": False, "type": "choice"}]})
        if "requestedSchema" in keys:
            colour = {"type": "string", "title": "Colour", "enum": ["Red", "Blue"]}
            schema = {"type": "object", "properties": {"colour": colour}, "required": ["colour"]}
            return Call(name, {"message": asked["question"], "requestedSchema": schema})
        choices = self.argument(name, "choices", "options")
        return Call(name, {"question": asked["question"], "message": asked["question"], choices: ["Red", "Blue"]})

    def plan(self):
        name = self.first("ExitPlanMode", "exit_plan_mode", "plan_exit", "present_plan")
        if name is None:
            return None
        paths = re.findall(r"(/[^\s\"'`\\]*/plans/[^\s\"'`\\]+\.md)", self.request)
        path = paths[-1] if paths else ""
        given = {"plan": PLAN, "plan_path": path, "plan_filename": path}
        return Call(name, {key: value for key, value in given.items() if key in self.arguments[name]})

    def plan_file(self):
        """Where the agent wants its plan written before it is presented, and the call that writes it."""
        paths = re.findall(r"(/[^\s\"'`\\]*/plans/[^\s\"'`\\]+\.md)", self.request)
        name = self.first("Write", "write_file")
        if not paths or name is None:
            return None
        return Call(name, {self.argument(name, "file_path", "filePath"): paths[-1], "content": PLAN})

    def todo(self, at):
        states = ["completed" if task < at else "in_progress" if task == at else "pending" for task in range(len(TASKS))]
        name = self.first("TodoWrite", "todo_write", "write_todos", "todowrite", "todos", "update_plan")
        if name == "update_plan":
            plan = [{"step": task, "status": state} for task, state in zip(TASKS, states)]
            return Call(name, {"explanation": "The steps", "plan": plan})
        if name:
            todos = [
                {"id": str(number), "content": task, "description": task, "activeForm": f"{task} now", "status": state, "priority": "high"}
                for number, (task, state) in enumerate(zip(TASKS, states))
            ]
            return Call(name, {"todos": todos})
        if name := self.first("TaskCreate"):
            return Call(name, {"subject": TASKS[at], "description": TASKS[at], "activeForm": f"{TASKS[at]} now"})
        return None

    def subagent(self):
        name = self.first("Agent", "Task", "delegate", "agent")
        if name is None:
            return None
        given = {"description": "Look around", "prompt": "Look around in the project.", "subagent_type": "general-purpose"}
        if "name" in self.arguments[name] and name == "task":
            given["agent_type"] = "general-purpose"
        return Call(name, given)


def text_of(call):
    return call.given if isinstance(call.given, str) else json.dumps(call.given)
