"""Agents that are seen at their start alone: the rest of them needs an account server that nobody may imitate here."""

from recipe import Given, Recipe
from states import State


def provider(session):
    session.go()
    session.waiting("login", r"[Pp]rovider|[Ss]ign in|[Ll]og in", hold=3, seconds=60)


class Cline(Recipe):
    def configure(self, session):
        return Given({"CLINE_TELEMETRY_DISABLED": "1", "CLINE_NO_AUTO_UPDATE": "1"})

    states = {"login": State(provider)}


def refused(session):
    """It ends at once, since no account server answers; the shell is back."""
    session.go()
    session.see(r"^Error", 60)
    session.see(r"\$ *\n*\Z", 15)
    session.now_is("exited")
    session.hold(2)


class Amp(Recipe):
    def configure(self, session):
        return Given({"AMP_API_KEY": "sgamp_fake", "AMP_URL": session.model.url, "AMP_SKIP_UPDATE_CHECK": "1"})

    states = {"refused": State(refused, shell=True)}
