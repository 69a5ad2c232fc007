"""The recipe of each agent, by its name."""

from aider import Aider
from claude import Claude
from codex import Codex
from copilot import Copilot
from gemini import Gemini
from opencode import OpenCode
from qwen import Qwen
from starts import Amp, Cline

RECIPES = {
    "claude": Claude,
    "codex": Codex,
    "gemini": Gemini,
    "opencode": OpenCode,
    "copilot": Copilot,
    "qwen": Qwen,
    "aider": Aider,
    "cline": Cline,
    "amp": Amp,
}
