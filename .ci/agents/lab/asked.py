"""Reads requests of the four kinds of model API: which prompt, how many results of tools behind it, and the tools on offer."""

import json
from dataclasses import dataclass, field

from scripts import SCRIPTS
from tools import Offered



class Result(str):
    """What a tool has given back, as JSON."""


@dataclass
class Asked:
    """What a request asks for: `script` is None where no prompt of ours stands in it. `texts` are those of the user, `results`
    those of tools."""

    script: str | None
    step: int
    offered: Offered
    texts: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)


def parts_of(content):
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def messages(body):
    for message in body.get("messages", []):
        if message["role"] != "user":
            continue
        for part in parts_of(message["content"]):
            if part["type"] == "text":
                yield part["text"]
            elif part["type"] == "tool_result":
                yield Result(json.dumps(part))


def responses(body):
    for item in parts_of(body.get("input")):
        if item.get("type", "message") == "message" and item.get("role", "user") == "user":
            content = item.get("content", item.get("text", ""))
            yield " ".join(part.get("text", "") for part in parts_of(content))
        elif str(item.get("type", "")).endswith("_call_output"):
            yield Result(json.dumps(item))


def chat(body):
    for message in body.get("messages", []):
        if message["role"] == "user":
            yield " ".join(part.get("text", "") for part in parts_of(message.get("content")))
        elif message["role"] == "tool":
            yield Result(json.dumps(message))


def gemini(body):
    for message in body.get("contents", []):
        if message.get("role") != "user":
            continue
        for part in message.get("parts", []):
            if "text" in part:
                yield part["text"]
            elif "functionResponse" in part:
                yield Result(json.dumps(part))


def tools_of(kind, body):
    """Each tool's name and the names of its arguments."""
    for tool in body.get("tools") or []:
        if kind == "gemini":
            for function in tool.get("functionDeclarations") or []:
                schema = function.get("parametersJsonSchema") or function.get("parameters") or {}
                yield function["name"], schema
        elif kind == "messages":
            yield tool["name"], tool.get("input_schema") or {}
        elif kind == "chat":
            function = tool.get("function") or tool
            yield function["name"], function.get("parameters") or {}
        else:
            yield tool.get("name") or tool["type"], tool.get("parameters") or {}
            for inner in tool.get("tools") or []:
                yield inner["name"], inner.get("parameters") or {}


READERS = {"messages": messages, "responses": responses, "chat": chat, "gemini": gemini}


def read(kind, body):
    script, step = None, 0
    found = list(READERS[kind](body))
    for text in found:
        if isinstance(text, Result):
            step += 1
            continue
        places = [(text.rfind(each.prompt), name) for name, each in SCRIPTS.items() if each.prompt in text]
        if places:
            script, step = max(places)[1], 0
    arguments = {name: set(schema.get("properties", {})) for name, schema in tools_of(kind, body)}
    texts = [text for text in found if not isinstance(text, Result)]
    results = [text for text in found if isinstance(text, Result)]
    return Asked(script, step, Offered(arguments, json.dumps(body)), texts, results)
