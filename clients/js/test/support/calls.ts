import assert from "node:assert/strict";
import type { Client } from "../../src/index.js";
import type {
  AnswerRequest,
  CancelRequest,
  CommandRequest,
  DigestRequest,
  DisconnectRequest,
  EmitRequest,
  ExplainRequest,
  HistoryRequest,
  PromptRequest,
  ReplayControlRequest,
  ReplayRequest,
  ScreenRequest,
  SearchRequest,
  SeenRequest,
  SendKeysRequest,
  SnapshotRequest,
} from "../../src/protocol.js";

type Method = (client: Client, fields: never) => Promise<unknown>;

/** The method of the client for each action, with what it takes. */
const METHODS: Record<string, Method> = {
  snapshot: (client, fields: Omit<SnapshotRequest, "action">) => client.snapshot(fields),
  command: (client, { target, command, ...fields }: CommandRequest) => client.command(target, command, fields),
  "send-keys": (client, { target, ...fields }: SendKeysRequest) => client.sendKeys(target, fields),
  prompt: (client, { target, text, ...fields }: PromptRequest) => client.prompt(target, text, fields),
  answer: (client, { target, dialog, choice, ...fields }: AnswerRequest) =>
    client.answer(target, dialog, choice, fields),
  seen: (client, { target }: SeenRequest) => client.seen(target),
  explain: (client, { target }: ExplainRequest) => client.explain(target),
  history: (client, fields: Omit<HistoryRequest, "action">) => client.history(fields),
  search: (client, fields: Omit<SearchRequest, "action">) => client.search(fields),
  screen: (client, { target, at, ...fields }: ScreenRequest) => client.screenAt(target, at, fields),
  replay: (client, { target, from, ...fields }: ReplayRequest) => client.replay(target, from, () => undefined, fields),
  "replay-control": (client, { replay, ...fields }: ReplayControlRequest) => client.controlReplay(replay, fields),
  digest: (client, { since, ...fields }: DigestRequest) => client.digest(since, fields),
  cancel: (client, { request }: CancelRequest) => client.cancel(request),
  emit: (client, { events, ...fields }: EmitRequest) => client.emit(events, fields),
  stats: (client) => client.stats(),
  clients: (client) => client.clients(),
  disconnect: (client, { client_id, reason }: DisconnectRequest) => client.disconnect(client_id, reason),
};

/** Makes a request as programs do, by the method that there is for it. */
export function call(client: Client, { action, ...fields }: { action: string }): Promise<unknown> {
  const method = METHODS[action];
  assert.ok(method, `there is no method for ${action}`);
  return method(client, fields as never);
}
