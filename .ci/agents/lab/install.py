"""Installs agents, each version in a folder of its own: below target/agents/, or elsewhere."""

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
TARGET = ROOT / "target" / "agents"
LIBRARIES = TARGET / "python"
REQUIREMENTS = ROOT / "clients" / "python" / "requirements.txt"


@dataclass(frozen=True)
class Pinned:
    """One agent in one version."""

    name: str
    version: str
    registry: str
    package: str
    program: str

    @property
    def id(self):
        return f"{self.name}-{self.version}"

    def folder(self, root=TARGET):
        return Path(root) / self.id

    def program_below(self, root=TARGET):
        return self.folder(root) / self.program

    def install(self, root=TARGET):
        if self.program_below(root).exists():
            return
        print(f"installing {self.package} {self.version}", file=sys.stderr, flush=True)
        folder = self.folder(root)
        folder.mkdir(parents=True, exist_ok=True)

        def run(*words):
            subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)

        if self.registry == "npm":
            (folder / "package.json").write_text('{"private":true}')
            run("npm", "install", "--no-audit", "--no-fund", f"{self.package}@{self.version}")
        else:
            run("python3", "-m", "venv", ".")
            run("bin/pip", "install", "--quiet", "--disable-pip-version-check", f"{self.package}=={self.version}")
        if not self.program_below(root).exists():
            raise RuntimeError(f"{self.package} {self.version} has no {self.program} on this machine")


def pinned():
    with open(HERE / "versions.toml", "rb") as file:
        given = tomllib.load(file)
    for name, agent in given.items():
        versions = agent.pop("versions")
        yield from (Pinned(name, version, **agent) for version in versions)


def newest(name):
    """The first version of an agent in the list."""
    return next(agent for agent in pinned() if agent.name == name)


def install_websockets():
    """The library with which the lab talks to muxwire, in the version that the Python client is tested with."""
    if (LIBRARIES / "websockets").exists():
        return
    wanted = next(line for line in REQUIREMENTS.read_text().splitlines() if line.startswith("websockets=="))
    words = ["pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(LIBRARIES), wanted]
    subprocess.run([sys.executable, "-m", *words], check=True)
