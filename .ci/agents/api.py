"""A model API on loopback that notes what it is asked and answers "Done." to everything.

It speaks what the agents speak: Anthropic messages, OpenAI responses and chat completions, Gemini.
"""

import json
import os
import sys
import threading
import time

import loopback

ANSWER = "Done."
DEBUG = "DEBUG" in os.environ


class Api:
    """The server and all that was asked of it."""

    def __init__(self):
        self.asked = []
        self.lock = threading.Condition()
        api = self

        class Handler(Requests):
            def note(self, texts):
                with api.lock:
                    api.asked.extend(texts)
                    api.lock.notify_all()

        self.url = loopback.serve(Handler)

    def wait_for(self, word, seconds):
        """The text of a user's message that holds the word, or None if none comes in time."""
        end = time.monotonic() + seconds
        seen = 0
        with self.lock:
            while True:
                for text in self.asked[seen:]:
                    if word in text:
                        return text
                seen = len(self.asked)
                left = end - time.monotonic()
                if left <= 0:
                    return None
                self.lock.wait(left)


def texts_of(body):
    """All texts of users in a request, of any of the four shapes."""
    messages = body.get("messages") or body.get("contents") or []
    given = body.get("input")
    if isinstance(given, str):
        return [given]
    found = []
    for message in [*messages, *(given or [])]:
        if not isinstance(message, dict) or message.get("role") not in ("user", None):
            continue
        content = message.get("content", message.get("parts", []))
        if isinstance(content, str):
            found.append(content)
            continue
        found.extend(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return found


class Requests(loopback.Requests):
    def note(self, texts):
        raise NotImplementedError

    def do_GET(self):
        models = [{"id": name, "object": "model", "created": 1} for name in ("fake-model", "gpt-5")]
        self.give({"object": "list", "data": models, "models": []})

    def do_POST(self):
        try:
            body = json.loads(self.body() or b"{}")
        except ValueError:
            return self.give({}, 400)
        path = self.path.split("?")[0]
        if DEBUG:
            print(path, texts_of(body)[-1:], file=sys.stderr, flush=True)
        if path.endswith("count_tokens") or path.endswith(":countTokens"):
            return self.give({"input_tokens": 10, "totalTokens": 10})
        shapes = {"/messages": messages, "/responses": responses, "/chat/completions": chat}
        for end, events in shapes.items():
            if path.endswith(end):
                self.note(texts_of(body))
                return self.stream(events(body)) if body.get("stream") else self.give(whole(end, body))
        if "enerateContent" in path:
            self.note(texts_of(body))
            event = gemini()
            return self.stream([(None, event)]) if ":stream" in path else self.give(event)
        self.give({}, 404)

    def stream(self, events):
        try:
            super().stream(events)
        except (BrokenPipeError, ConnectionResetError):
            """The agent has heard enough."""


def messages(body):
    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model"), "content": []}
    start |= {"stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1}}
    events = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ANSWER}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ]
    return [(event["type"], event) for event in events]


def responses(body):
    response = {"id": "resp_1", "object": "response", "model": body.get("model")}
    item = {"type": "message", "id": "msg_1", "role": "assistant"}
    part = {"type": "output_text", "text": ANSWER, "annotations": []}
    done = item | {"status": "completed", "content": [part]}
    usage = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}
    usage |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    events = [
        {"type": "response.created", "response": response | {"status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"status": "in_progress", "content": []}},
        {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": ANSWER},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": response | {"status": "completed", "output": [done], "usage": usage}},
    ]
    return [(event["type"], event | {"sequence_number": at}) for at, event in enumerate(events)]


def chat(body):
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body.get("model")}

    def choice(delta, finish=None):
        return chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    chunks = [choice({"role": "assistant", "content": ANSWER}), choice({}, "stop"), chunk | {"choices": [], "usage": usage}]
    return [(None, event) for event in [*chunks, "[DONE]"]]


def whole(end, body):
    """The answer to one that does not want a stream."""
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "input_tokens": 10, "output_tokens": 2}
    shared = {"id": "1", "created": 1, "model": body.get("model"), "usage": usage}
    if end == "/messages":
        content = [{"type": "text", "text": ANSWER}]
        return shared | {"type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn"}
    message = {"role": "assistant", "content": ANSWER}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return shared | {"object": "chat.completion", "choices": [choice], "output": []}


def gemini():
    candidate = {"content": {"role": "model", "parts": [{"text": ANSWER}]}, "index": 0, "finishReason": "STOP"}
    usage = {"promptTokenCount": 10, "candidatesTokenCount": 2, "totalTokenCount": 12}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "fake", "responseId": "1"}
