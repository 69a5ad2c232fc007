"""Answers in the four kinds of model API: a stream's events, whole answers, and errors.

Each stream is a generator that is given the steps of an answer. It yields `(event name or None, data)` and pauses by itself.
"""

import json
import re
import time
import uuid

from scripts import Drop, Silence, Text, Think
from tools import Call, text_of

RESET = 3 * 3600
INPUT, OUTPUT = 1200, 50


class Broken(Exception):
    """The script ends the connection here."""


def identity(prefix):
    return f"{prefix}_{uuid.uuid4().hex[:20]}"


def words(step):
    """The words of a text, each after its share of the time."""
    found = re.findall(r"\S+\s*", step.text)
    for word in found:
        yield word
        time.sleep(step.seconds / len(found))


def pause(step):
    if isinstance(step, Drop):
        raise Broken
    if isinstance(step, Silence):
        time.sleep(step.seconds)


def messages(steps, model):
    def event(kind, **fields):
        return kind, {"type": kind, **fields}

    usage = {"input_tokens": INPUT, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}
    message = {"id": identity("msg"), "type": "message", "role": "assistant", "model": model, "content": []}
    yield event("message_start", message=message | {"stop_reason": None, "stop_sequence": None, "usage": usage})
    index, written, reason = 0, 1, "end_turn"
    for step in steps:
        if isinstance(step, Think):
            block, field = {"type": "thinking", "thinking": "", "signature": ""}, "thinking"
        elif isinstance(step, Text):
            block, field = {"type": "text", "text": ""}, "text"
        elif isinstance(step, Call):
            block, reason = {"type": "tool_use", "id": identity("toolu"), "name": step.name, "input": {}}, "tool_use"
        else:
            pause(step)
            continue
        yield event("content_block_start", index=index, content_block=block)
        if isinstance(step, Call):
            given = text_of(step)
            for at in range(0, len(given), 40):
                yield event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": given[at : at + 40]})
        else:
            for word in words(step):
                written += 2
                yield event("content_block_delta", index=index, delta={"type": f"{field}_delta", field: word})
        if isinstance(step, Think):
            yield event("content_block_delta", index=index, delta={"type": "signature_delta", "signature": "ZmFrZQ=="})
        yield event("content_block_stop", index=index)
        index += 1
    yield event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage={"output_tokens": written})
    yield event("message_stop")


def response_of(identifier, model, status, output, **more):
    return {"id": identifier, "object": "response", "status": status, "model": model, "output": output, **more}


def response_usage():
    return {
        "input_tokens": INPUT,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": OUTPUT,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": INPUT + OUTPUT,
    }


def responses(steps, model):
    events = response_events(steps, model)
    for number, (kind, fields) in enumerate(events):
        yield kind, {"type": kind, "sequence_number": number, **fields}


def response_events(steps, model):
    identifier, output = identity("resp"), []
    yield "response.created", {"response": response_of(identifier, model, "in_progress", [])}
    for step in steps:
        at = {"output_index": len(output)}
        if isinstance(step, Think):
            item = yield from response_thought(step, at)
        elif isinstance(step, Text):
            item = yield from response_text(step, at)
        elif isinstance(step, Call):
            item = yield from response_call(step, at)
        else:
            pause(step)
            continue
        yield "response.output_item.done", {**at, "item": item}
        output.append(item)
    done = response_of(identifier, model, "completed", output, usage=response_usage())
    yield "response.completed", {"response": done}


def response_text(step, at):
    item = {"type": "message", "id": identity("msg"), "role": "assistant", "status": "in_progress", "content": []}
    part = {"type": "output_text", "text": "", "annotations": []}
    where = {**at, "item_id": item["id"], "content_index": 0}
    yield "response.output_item.added", {**at, "item": item}
    yield "response.content_part.added", {**where, "part": part}
    for word in words(step):
        yield "response.output_text.delta", {**where, "delta": word}
    yield "response.output_text.done", {**where, "text": step.text}
    return item | {"status": "completed", "content": [part | {"text": step.text}]}


def response_thought(step, at):
    item = {"type": "reasoning", "id": identity("rs"), "summary": []}
    thought = Think(f"**Weighing the rules**\n\n{step.text}", step.seconds)
    where = {**at, "item_id": item["id"], "summary_index": 0}
    yield "response.output_item.added", {**at, "item": item}
    yield "response.reasoning_summary_part.added", {**where, "part": {"type": "summary_text", "text": ""}}
    for word in words(thought):
        yield "response.reasoning_summary_text.delta", {**where, "delta": word}
    yield "response.reasoning_summary_text.done", {**where, "text": thought.text}
    return item | {"summary": [{"type": "summary_text", "text": thought.text}]}


def response_call(step, at):
    if isinstance(step.given, str):
        item = {"type": "custom_tool_call", "id": identity("ct"), "call_id": identity("call"), "name": step.name, "status": "completed"}
        yield "response.output_item.added", {**at, "item": item | {"input": "", "status": "in_progress"}}
        return item | {"input": step.given}
    item = {"type": "function_call", "id": identity("fc"), "call_id": identity("call"), "name": step.name, "status": "completed"}
    given = text_of(step)
    yield "response.output_item.added", {**at, "item": item | {"arguments": "", "status": "in_progress"}}
    yield "response.function_call_arguments.delta", {**at, "item_id": item["id"], "delta": given}
    yield "response.function_call_arguments.done", {**at, "item_id": item["id"], "arguments": given}
    return item | {"arguments": given}


def chat(steps, model):
    chunk = {"id": identity("chatcmpl"), "object": "chat.completion.chunk", "created": int(time.time()), "model": model}

    def choice(delta, finish=None):
        return None, chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield choice({"role": "assistant", "content": ""})
    calls = 0
    for step in steps:
        if isinstance(step, Text):
            field = "reasoning_content" if isinstance(step, Think) else "content"
            for word in words(step):
                yield choice({field: word})
        elif isinstance(step, Call):
            given = text_of(step) if isinstance(step.given, dict) else json.dumps({name: step.given for name in ("input", "patch", "patchText")})
            function = {"name": step.name, "arguments": given}
            yield choice({"tool_calls": [{"index": calls, "id": identity("call"), "type": "function", "function": function}]})
            calls += 1
        else:
            pause(step)
    yield choice({}, "tool_calls" if calls else "stop")
    usage = {"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT}
    yield None, chunk | {"choices": [], "usage": usage}
    yield None, "[DONE]"


def gemini(steps, _model):
    usage = {"promptTokenCount": INPUT, "candidatesTokenCount": OUTPUT, "totalTokenCount": INPUT + OUTPUT}

    def candidate(part, **more):
        content = {"content": {"role": "model", "parts": [part]}, "index": 0, **more}
        return None, {"candidates": [content], "usageMetadata": usage, "modelVersion": "scripted", "responseId": "r1"}

    for step in steps:
        if isinstance(step, Think):
            sentences = step.text.split(". ")
            for sentence in sentences:
                yield candidate({"text": f"**Weighing the rules**\n{sentence}\n", "thought": True})
                time.sleep(step.seconds / len(sentences))
        elif isinstance(step, Text):
            for word in words(step):
                yield candidate({"text": word})
        elif isinstance(step, Call):
            given = step.given if isinstance(step.given, dict) else {"patch": step.given}
            yield candidate({"functionCall": {"name": step.name, "args": given}})
        else:
            pause(step)
    yield candidate({"text": ""}, finishReason="STOP")


STREAMS = {"messages": messages, "responses": responses, "chat": chat, "gemini": gemini}


def whole(kind, steps, model):
    """The same for a request that wants no stream: the texts alone."""
    text = "".join(step.text for step in steps if type(step) is Text)
    if kind == "messages":
        shared = {"id": identity("msg"), "type": "message", "role": "assistant", "model": model}
        usage = {"input_tokens": INPUT, "output_tokens": OUTPUT}
        return shared | {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
    if kind == "responses":
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {"type": "message", "id": identity("msg"), "role": "assistant", "status": "completed", "content": [part]}
        return response_of(identity("resp"), model, "completed", [item], usage=response_usage())
    if kind == "chat":
        usage = {"prompt_tokens": INPUT, "completion_tokens": OUTPUT, "total_tokens": INPUT + OUTPUT}
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return {"id": identity("chatcmpl"), "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": usage}
    content = {"role": "model", "parts": [{"text": text}]}
    usage = {"promptTokenCount": INPUT, "candidatesTokenCount": OUTPUT, "totalTokenCount": INPUT + OUTPUT}
    return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}


ERRORS = {
    400: ("invalid_request_error", "INVALID_ARGUMENT", "prompt is too long: 210000 tokens > 200000 maximum"),
    401: ("authentication_error", "UNAUTHENTICATED", "invalid x-api-key"),
    403: ("permission_error", "PERMISSION_DENIED", "Request not allowed"),
    429: ("rate_limit_error", "RESOURCE_EXHAUSTED", "This request would exceed your rate limit"),
    500: ("api_error", "INTERNAL", "Internal server error"),
    529: ("overloaded_error", "UNAVAILABLE", "Overloaded"),
}
CREDIT = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."


def error(kind, what):
    """Status, headers and body of an error."""
    if what == "limit":
        return usage_limit(kind)
    if what == "credit":
        what, (type_, name, text) = 400, (*ERRORS[400][:2], CREDIT)
    else:
        type_, name, text = ERRORS[what]
    if kind == "messages":
        return what, {}, {"type": "error", "error": {"type": type_, "message": text}, "request_id": "req_scripted"}
    if kind == "gemini":
        status = 503 if what == 529 else what
        return status, {}, {"error": {"code": status, "message": text, "status": name, "details": []}}
    return what, {}, {"error": {"type": type_, "code": type_, "message": text}}


def usage_limit(kind):
    reset = int(time.time()) + RESET
    if kind == "messages":
        prefix = "anthropic-ratelimit-unified"
        headers = {
            f"{prefix}-status": "rejected",
            f"{prefix}-reset": str(reset),
            f"{prefix}-representative-claim": "five_hour",
            f"{prefix}-5h-status": "rejected",
            f"{prefix}-5h-reset": str(reset),
            f"{prefix}-5h-utilization": "1.0",
            f"{prefix}-overage-status": "rejected",
            f"{prefix}-overage-disabled-reason": "org_level_disabled",
            "x-should-retry": "false",
        }
        text = "This request would exceed your account's rate limit. Please try again later."
        return 429, headers, {"type": "error", "error": {"type": "rate_limit_error", "message": text}, "request_id": "req_scripted"}
    if kind == "gemini":
        violation = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel", "quotaMetric": "requests"}
        detail = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}
        text = "You have exhausted your daily quota on this model."
        return 429, {}, {"error": {"code": 429, "message": text, "status": "RESOURCE_EXHAUSTED", "details": [detail]}}
    given = {"type": "usage_limit_reached", "code": "insufficient_quota", "message": "The usage limit has been reached"}
    return 429, {}, {"error": given | {"plan_type": "plus", "resets_at": reset, "resets_in_seconds": RESET}}
