import { WebSocket } from "ws";
import type { World } from "./world.js";

/** What the server says, seen without this library and over a connection that nobody cuts. */
export class Reference {
  readonly events: Array<{
    type: string;
    session?: string;
    pane?: string;
    data: Record<string, unknown>;
    [field: string]: unknown;
  }> = [];
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async follow(world: World): Promise<Reference> {
    const socket = new WebSocket(world.url, ["muxwire.v1"], { headers: { authorization: `Bearer ${world.token}` } });
    const reference = new Reference(socket);
    await new Promise<void>((done, fail) => {
      socket.on("error", fail);
      socket.on("message", (data) => {
        const message = JSON.parse(String(data));
        if (message.type === "auth.response") socket.send(JSON.stringify({ action: "subscribe" }));
        if (message.type === "subscribed") done();
        if ("seq" in message && "data" in message) reference.events.push(message);
        if (message.type === "lagged") fail(new Error("the reference lagged: the machine is too slow for this test"));
      });
    });
    return reference;
  }

  /** Behind the last byte that a pane printed. */
  end(pane: string): number {
    const output = this.events.filter((event) => event.type === "pane.output" && event.pane === pane).at(-1);
    return output ? Number(output.data.offset) + Number(output.data.bytes) : -1;
  }

  close(): void {
    this.#socket.terminate();
  }
}
