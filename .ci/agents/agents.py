"""The agents: how each is installed, configured for the API of api.py, started, and brought to its empty prompt."""

import itertools
import json
import os
import re
import shlex
import subprocess
import time
from pathlib import Path

from install import newest

START = 90
BUSY = r"esc (to )?(interrupt|cancel)\b|\besc interrupt"
STARTS = itertools.count(1)


class Agent:
    """One agent in a pane of its own."""

    def __init__(self, name, idle, config):
        self.name, self.idle, self.config = name, idle, config
        self.pinned = newest(name)

    def install(self, lab):
        self.pinned.install(lab)

    def start(self, lab, tmux, url):
        """Starts it in a session of its name, with a new home, and waits until it waits for a prompt."""
        home = Path(lab) / "home" / f"{self.name}-{os.getpid()}-{next(STARTS)}"
        work = home / "work"
        work.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "init", "-q", "."], cwd=work, check=True)
        environment, arguments = self.config(home, work, url)
        base = {"HOME": home, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "SHELL": "/bin/bash", "DO_NOT_TRACK": "1"}
        given = [f"{name}={value}" for name, value in (base | environment).items()]
        binary = self.pinned.program_below(lab)
        program = ["node", binary] if binary.suffix == ".js" else [binary]
        words = " ".join(shlex.quote(str(word)) for word in [*given, *program, *arguments])
        command = f'exec env -i TERM="$TERM" TMUX="$TMUX" TMUX_PANE="$TMUX_PANE" {words}'
        tmux("new-session", "-d", "-s", self.name, "-x", "120", "-y", "35", "-c", str(work), command)
        self.reach_prompt(tmux)

    def screen(self, tmux):
        return tmux("capture-pane", "-p", "-t", f"={self.name}:")

    def keys(self, tmux, *keys):
        for key in keys:
            tmux("send-keys", "-t", f"={self.name}:", key)
            time.sleep(0.4)

    def rest(self, tmux):
        """Waits until it has answered."""
        end = time.monotonic() + START
        while time.monotonic() < end and re.search(BUSY, self.screen(tmux)):
            time.sleep(0.3)
        time.sleep(0.7)

    def reach_prompt(self, tmux):
        """Answers what it asks at its first start, until it shows its prompt."""
        end = time.monotonic() + START
        while time.monotonic() < end:
            screen = self.screen(tmux)
            if "Detected a custom API key" in screen or "use this API key" in screen:
                self.keys(tmux, "Up", "Enter")
            elif "❯ No, exit" in screen:
                self.keys(tmux, "Down", "Enter")
            elif re.search("rust the files|rust this folder|Confirm folder trust|rust this directory", screen):
                self.keys(tmux, "Enter")
                time.sleep(3)
            elif re.search(self.idle, screen):
                time.sleep(2)
                return
            time.sleep(0.5)
        raise TimeoutError(f"{self.name} does not reach its prompt; it shows:\n{self.screen(tmux)}")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))


def codex(home, work, url):
    write(home / "codex" / "config.toml", f"""model = "gpt-5"
model_provider = "fake"
check_for_update_on_startup = false
[model_providers.fake]
name = "fake"
base_url = "{url}/v1"
env_key = "FAKE_KEY"
wire_api = "responses"
[analytics]
enabled = false
[feedback]
enabled = false
[tui]
screen_reader_detection_done = true
[projects."{work}"]
trust_level = "trusted"
""")
    return {"CODEX_HOME": home / "codex", "FAKE_KEY": "sk-fake"}, ["-a", "on-request", "-s", "read-only", "say hello"]


def claude(home, work, url):
    write(home / "claude" / ".claude.json", {"hasCompletedOnboarding": True, "theme": "dark"})
    quiet = {name: "1" for name in (
        "DISABLE_AUTOUPDATER", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING"
    )}
    key = "sk-ant-fake-0123456789-0123456789-0123456789"
    given = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": key, "CLAUDE_CONFIG_DIR": home / "claude"}
    return given | quiet, ["--permission-mode", "default"]


def gemini(home, work, url):
    settings = {"security": {"auth": {"selectedType": "gemini-api-key"}}, "general": {"enableAutoUpdate": False}}
    settings |= {"privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False}}
    write(home / ".gemini" / "settings.json", settings)
    write(home / ".gemini" / "trustedFolders.json", {str(home): "TRUST_FOLDER", str(work): "TRUST_FOLDER"})
    return {"GEMINI_API_KEY": "fake", "GOOGLE_GEMINI_BASE_URL": url, "NO_BROWSER": "1"}, ["-m", "gemini-2.5-flash"]


def qwen(home, work, url):
    settings = {"security": {"auth": {"selectedType": "openai"}}, "general": {"enableAutoUpdate": False, "disableAutoUpdate": True}}
    settings |= {"privacy": {"usageStatisticsEnabled": False}, "telemetry": {"enabled": False}}
    write(home / ".qwen" / "settings.json", settings)
    return {"OPENAI_API_KEY": "sk-fake", "OPENAI_BASE_URL": url + "/v1", "OPENAI_MODEL": "fake-model"}, []


def opencode(home, work, url):
    model = {"name": "Fake model", "tool_call": True, "limit": {"context": 100000, "output": 8000}}
    provider = {"npm": "@ai-sdk/openai-compatible", "name": "Fake", "models": {"fake-model": model}}
    provider |= {"options": {"baseURL": url + "/v1", "apiKey": "sk-fake"}}
    settings = {"autoupdate": False, "share": "disabled", "model": "fake/fake-model", "small_model": "fake/fake-model"}
    write(home / ".config" / "opencode" / "opencode.json", settings | {"provider": {"fake": provider}})
    return {name: "1" for name in ("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_LSP_DOWNLOAD")}, []


def copilot(home, work, url):
    given = {"BASE_URL": url + "/v1", "TYPE": "openai", "API_KEY": "sk-fake"}
    given = {f"COPILOT_PROVIDER_{name}": value for name, value in given.items()}
    return given | {"COPILOT_MODEL": "fake-model", "COPILOT_OFFLINE": "true", "COPILOT_AUTO_UPDATE": "false"}, ["--no-auto-update"]


AGENTS = [
    Agent("codex", "for agents", codex),
    Agent("claude", "shortcuts|for agents", claude),
    Agent("gemini", "Type your message", gemini),
    Agent("opencode", "Ask anything|ctrl.p commands", opencode),
    Agent("copilot", "commands · . help", copilot),
    Agent("qwen", "Type your message", qwen),
]
