import assert from "node:assert/strict";
import { createECDH, createPublicKey, randomBytes, verify } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import ece from "http_ece";
import type { BrowserContext } from "playwright-core";
import { until } from "../../../js/test/support/world.ts";

interface Got {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A push service on a loopback address, in the place of the one that the browser's maker runs, and the keys of the browser. */
export class PushService {
  readonly got: Got[] = [];
  /** The next messages are answered so. */
  readonly answers: number[] = [];
  readonly #server: Server;
  readonly #keys = createECDH("prime256v1");
  readonly #secret = randomBytes(16).toString("base64url");

  private constructor(server: Server) {
    this.#server = server;
    this.#keys.generateKeys();
  }

  static async start(): Promise<PushService> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const service = new PushService(server);
    server.on("request", async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      service.got.push({ path: request.url ?? "", headers: request.headers, body: Buffer.concat(parts) });
      response.writeHead(service.answers.shift() ?? 201).end();
    });
    return service;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Pages subscribe here, where a headless browser reaches no service of its maker's. What they ask with is kept by the page. */
  async serve(context: BrowserContext, path = "/browser"): Promise<void> {
    const keys = { p256dh: this.#keys.getPublicKey("base64url"), auth: this.#secret };
    const given = { endpoint: `${this.origin}${path}`, keys };
    await context.addInitScript((given) => {
      const kept = "test.push";
      const made = (options: string) => ({
        endpoint: given.endpoint,
        options: { applicationServerKey: Uint8Array.from(JSON.parse(options) as number[]).buffer },
        toJSON: () => given,
        unsubscribe: async () => {
          localStorage.removeItem(kept);
          return true;
        },
      });
      const known = () => localStorage.getItem(kept);
      const manager = {
        getSubscription: async () => {
          const options = known();
          return options === null ? null : made(options);
        },
        subscribe: async (options: { userVisibleOnly: boolean; applicationServerKey: Uint8Array }) => {
          if (!options.userVisibleOnly) throw new TypeError("browsers want to show what is pushed");
          const text = JSON.stringify([...options.applicationServerKey]);
          localStorage.setItem(kept, text);
          return made(text);
        },
      };
      Object.defineProperty(ServiceWorkerRegistration.prototype, "pushManager", { get: () => manager });
    }, given);
  }

  /** The next message that has come since so many: what stands in its head, and what it says for the browser. */
  async next(since: number): Promise<{ headers: IncomingHttpHeaders; told: Record<string, unknown>; text: string }> {
    await until("a message is pushed", () => this.got.length > since);
    const { headers, body } = this.got[since] as Got;
    const read = { version: "aes128gcm", privateKey: this.#keys, authSecret: this.#secret } as const;
    const text = ece.decrypt(body, read).toString("utf8");
    return { headers, told: JSON.parse(text) as Record<string, unknown>, text };
  }
}

/** The claims that a message is signed with, by this key. */
export function claimsOf(headers: IncomingHttpHeaders, key: Uint8Array): Record<string, unknown> {
  const [, token, named] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(headers.authorization ?? "") ?? [];
  assert.equal(named, Buffer.from(key).toString("base64url"));
  const [head, claims, signature] = (token ?? "").split(".") as [string, string, string];
  const [x, y] = [Buffer.from(key.slice(1, 33)), Buffer.from(key.slice(33))].map((part) => part.toString("base64url"));
  const jwk = { kty: "EC", crv: "P-256", x: x as string, y: y as string };
  const known = createPublicKey({ key: jwk, format: "jwk" });
  const signed = Buffer.from(`${head}.${claims}`);
  const isGood = verify(
    "sha256",
    signed,
    { key: known, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  assert.ok(isGood, "the signature is that of the key");
  return JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<string, unknown>;
}
