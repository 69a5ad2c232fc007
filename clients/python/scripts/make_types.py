#!/usr/bin/env python3
"""Makes src/muxwire/protocol.py from grammar/protocol/v1. With --check it only says whether the file is stale.

It reads as much of JSON Schema as the protocol's schemas use, and refuses what it does not know: a constraint that
silently became `Any` would be worse than a failure here.
"""

from __future__ import annotations

import json
import keyword
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
SCHEMAS = HERE.parent.parent / "grammar/protocol/v1"
OUT = HERE / "src/muxwire/protocol.py"
FILES = ["objects", "event", "server", "client", "terminal-server", "terminal-client"]
PREFIX = {"terminal-server": "Terminal", "terminal-client": "Terminal"}
SUFFIX = {
    "event": "Event",
    "server": "Message",
    "client": "Request",
    "terminal-server": "Message",
    "terminal-client": "Request",
}
# Names that mean something else already, in the language or in this library.
RENAMED = {
    "number": "Count",
    "server": "TmuxServer",
    "window": "TmuxWindow",
    "pane": "TmuxPane",
    "client": "TmuxClient",
    "buffer": "TmuxBuffer",
    "warning": "ServerWarning",
}
# They say more about values than types can, or only describe.
IGNORED = set(
    "description pattern minimum maximum minLength maxLength minItems maxItems minProperties maxProperties format "
    "dependentSchemas if then else $schema $id title $defs".split()
)
KNOWN = set("type $ref const enum oneOf anyOf allOf required properties items additionalProperties".split())
SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
# Events that change nothing of what there is, and so are not for a state.
PASSING = {"pane.output", "pane.gap", "pane.bell", "pane.missed", "window.missed", "server.unfit", "log.gap"}

Schema = dict[str, Any]
# The name of a field, its type, and what it is.
Line = tuple[str, str, str | None]
schemas: dict[str, Schema] = {file: json.loads((SCHEMAS / f"{file}.schema.json").read_text()) for file in FILES}
classes: list[str] = []
aliases: list[str] = []


def messages(file: str) -> list[str]:
    return [one["$ref"].removeprefix("#/$defs/") for one in schemas[file].get("oneOf", [])]


def capitals(name: str) -> str:
    # `task.*` stands for all types that begin so.
    words = name.removesuffix(".*").replace("-", "_").replace(".", "_").split("_")
    return "".join(word[:1].upper() + word[1:] for word in words)


def type_name(file: str, name: str) -> str:
    if file == "objects":
        return RENAMED.get(name, capitals(name))
    if name in messages(file):
        return PREFIX.get(file, "") + capitals(name) + SUFFIX[file]
    if name == "id":
        return "Id"
    others = [other for other in FILES if name in schemas[other]["$defs"] and name not in messages(other)]
    return capitals(name) + (f"Of{capitals(file)}" if len(others) > 1 else "")


def locate(file: str, ref: str) -> tuple[str, str]:
    place, _, name = ref.partition("#/$defs/")
    other = place.removeprefix("urn:muxwire:protocol:v1:") or file
    if name not in schemas.get(other, {}).get("$defs", {}):
        raise SystemExit(f"types: nothing is at {ref}")
    return other, name


def only_requires(schema: Schema) -> bool:
    return set(schema) <= {"required"}


def union(types: list[str]) -> str:
    found = list(dict.fromkeys(types))
    # None stands last, as people write it.
    return " | ".join([one for one in found if one != "None"] + [one for one in found if one == "None"])


def literal(values: list[Any]) -> str:
    return f"Literal[{', '.join(json.dumps(value) if isinstance(value, str) else repr(value) for value in values)}]"


def merged(file: str, schema: Schema) -> Schema:
    """The fields of an object with those of all that it refers to; each remembers the file that it came from."""
    fields: dict[str, tuple[str, Schema]] = {}
    required: list[str] = []
    for part in schema.get("allOf", []):
        found = merged(file, part)
        fields.update(found["fields"])
        required += found["required"]
    if "$ref" in schema:
        other, name = locate(file, schema["$ref"])
        found = merged(other, schemas[other]["$defs"][name])
        fields.update(found["fields"])
        required += found["required"]
    fields.update({name: (file, of) for name, of in schema.get("properties", {}).items()})
    return {"fields": fields, "required": required + schema.get("required", [])}


def type_of(file: str, schema: Schema, hint: str) -> str:
    unknown = set(schema) - IGNORED - KNOWN
    if unknown:
        raise SystemExit(f"types: {hint} has {sorted(unknown)}, which this script does not know")
    structural = set(schema) - IGNORED
    if structural == {"$ref"}:
        found = locate(file, schema["$ref"])
        # What has an envelope is an event.
        return "AnyEvent | EmittedEvent" if found == ("event", "envelope") else type_name(*found)
    if "const" in schema:
        return literal([schema["const"]])
    if "enum" in schema:
        return literal(schema["enum"])
    if "allOf" in schema or "$ref" in schema:
        return class_of(hint, merged(file, schema), schema.get("description"))
    for key in ("anyOf", "oneOf"):
        if key in schema and not all(only_requires(one) for one in schema[key]):
            return union([type_of(file, one, f"{hint}{at}") for at, one in enumerate(schema[key])])
    types = schema.get("type")
    if types is None:
        raise SystemExit(f"types: {hint} has no type")
    return union([one(file, schema, kind, hint) for kind in ([types] if isinstance(types, str) else types)])


def one(file: str, schema: Schema, kind: str, hint: str) -> str:
    if kind in SIMPLE:
        return SIMPLE[kind]
    if kind == "array":
        return f"list[{type_of(file, schema['items'], hint.removesuffix('s'))}]"
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict):
        return f"dict[str, {type_of(file, rest, hint + 'Value')}]"
    if not schema.get("properties"):
        return "dict[str, Any]"
    return class_of(hint, merged(file, schema), schema.get("description"))


def class_of(name: str, found: Schema, description: str | None) -> str:
    required: list[Line] = []
    optional: list[Line] = []
    for field, (file, schema) in found["fields"].items():
        line = (field, type_of(file, schema, name + capitals(field)), schema.get("description"))
        (required if field in found["required"] else optional).append(line)
    missing = set(found["required"]) - set(found["fields"])
    if missing:
        raise SystemExit(f"types: nothing says what {sorted(missing)} of {name} is")
    if optional and required:
        emit(f"_{name}", "TypedDict", required, None, True)
        emit(name, f"_{name}", optional, description, False)
    else:
        emit(name, "TypedDict", required or optional, description, bool(required) or not optional)
    return name


def emit(name: str, base: str, fields: list[Line], about: str | None, total: bool) -> None:
    ending = "" if total else ", total=False"
    if any(keyword.iskeyword(field) or not field.isidentifier() for field, *_ in fields):
        if base != "TypedDict":
            emit(f"{base}More", "TypedDict", fields, None, total)
            about = f'    """{about}"""' if about else "    pass"
            classes.append(f"class {name}({base}, {base}More):\n{about}\n")
            return
        inner = ", ".join(f'"{field}": {kind!r}' for field, kind, _ in fields)
        classes.append(f'{name} = TypedDict("{name}", {{{inner}}}{ending})\n')
        return
    lines = [f"class {name}({base}{ending}):"]
    if about:
        lines += [f'    """{about}"""', ""]
    for field, kind, says in fields:
        lines += [f"    # {says}"] if says else []
        lines.append(f"    {field}: {kind}")
    if len(fields) == 0 and not about:
        lines.append("    pass")
    classes.append("\n".join(lines) + "\n")


def declare(file: str, name: str, schema: Schema) -> None:
    if name == "id" and file != "client":
        return
    if "properties" not in schema and "anyOf" in schema and all(only_requires(each) for each in schema["anyOf"]):
        return
    made = type_name(file, name)
    merges = "allOf" in schema or ("$ref" in schema and bool(schema.get("properties")))
    if schema.get("type") == "object" and not schema.get("properties"):
        aliases.append(f"{made} = dict[str, Any]")
    elif schema.get("type") == "object" or merges:
        class_of(made, merged(file, schema), schema.get("description"))
    else:
        found = type_of(file, schema, made + "Object" if isinstance(schema.get("type"), list) else made)
        if found != made:
            aliases.append(f"{made}: TypeAlias = {quoted(found)}")


def quoted(kind: str) -> str:
    """As text where it names what comes below, or joins types in a way that needs a name to be a type."""
    return kind if kind in ("str", "int", "float", "bool") or kind.startswith("Literal[") else repr(kind)


def joined(name: str, about: str, names: list[str]) -> str:
    return f"# {about}\n{name}: TypeAlias = Union[\n" + "".join(f"    {one},\n" for one in names) + "]"


def unions() -> list[str]:
    def of(file: str, patterns: bool = False) -> list[str]:
        return [type_name(file, name) for name in messages(file) if ("*" in name) == patterns]

    def names(values: list[str]) -> str:
        return "(\n" + "".join(f'    "{value}",\n' for value in values) + ")"

    actions = schemas["client"]["$defs"]
    keyed = [name for name in messages("client") if "key" in actions[name]["properties"]]
    structural = [name for name in messages("event") if name not in PASSING and "*" not in name]
    codes = schemas["server"]["$defs"]["error"]["properties"]["code"]["enum"]
    return [
        joined("AnyEvent", "An event of a type that this version knows.", of("event", False)),
        joined(
            "EmittedEvent",
            "What clients emit. Its types begin so, and so are in no union that a type tells apart: cast to it.",
            of("event", True),
        ),
        joined("ServerMessage", "What the server sends besides events.", of("server")),
        joined("AnyRequest", "What clients send.", of("client")),
        joined("TerminalServerMessage", "What a terminal sends.", of("terminal-server")),
        f"# The codes of errors that the server knows.\nERROR_CODES: tuple[str, ...] = {names(codes)}",
        f"# Requests that change something, each under a key that makes repeating it safe.\n"
        f"KEYED: tuple[str, ...] = {names(keyed)}",
        f"# Types of events that change what there is: all that a state takes in.\n"
        f"STRUCTURAL: tuple[str, ...] = {names(structural)}",
    ]


def make() -> str:
    for file in FILES:
        for name, schema in schemas[file]["$defs"].items():
            declare(file, name, schema)
    head = (
        '"""The messages of the protocol, made by scripts/make_types.py from grammar/protocol/v1."""\n\n'
        "# ruff: noqa: E501\n"
        "from __future__ import annotations\n\n"
        "from typing import Any, Literal, TypeAlias, TypedDict, Union\n"
    )
    return "\n\n".join([head, *classes, "\n".join(aliases) + "\n", "\n\n".join(unions()) + "\n"])


def main() -> None:
    made = make()
    if "--check" not in sys.argv[1:]:
        OUT.write_text(made)
    elif OUT.read_text() != made:
        raise SystemExit(
            "types: src/muxwire/protocol.py is stale: run clients/python/scripts/make_types.py, and commit it"
        )


if __name__ == "__main__":
    main()
