import { connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "./random.js";

/** Stands between a client and the server, and cuts: after some bytes in either direction, or at once. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #random: Random | undefined;
  isCutting = true;
  cuts = 0;
  port = 0;

  private constructor(target: URL, random: Random | undefined) {
    this.#random = random;
    this.#server = createServer((near) => this.#accept(near, target));
  }

  /** Without `random`, it cuts when it is told to. */
  static async start(target: string, random?: Random): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(new URL(target), random);
    await new Promise<void>((done) => proxy.#server.listen(0, "127.0.0.1", done));
    const address = proxy.#server.address();
    proxy.port = typeof address === "object" && address ? address.port : 0;
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/monitor`;
  }

  /** Cuts all connections now. */
  cut(): void {
    for (const socket of this.#open) socket.resetAndDestroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #accept(near: Socket, target: URL): void {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      this.#open.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#open.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    const cut = () => {
      this.cuts += 1;
      near.resetAndDestroy();
      far.resetAndDestroy();
    };
    this.#pass(near, far, cut, 2_000);
    this.#pass(far, near, cut, 30_000);
  }

  /** Passes bytes on, up to where it cuts: in the middle of frames, of the handshake, anywhere. */
  #pass(from: Socket, to: Socket, cut: () => void, most: number): void {
    const random = this.#random;
    let left = random ? Math.floor(most ** random.next() * (1 + random.next())) + 20 : Number.POSITIVE_INFINITY;
    from.on("data", (bytes: Buffer) => {
      if (!this.isCutting || bytes.length < left) {
        left -= bytes.length;
        to.write(bytes);
        return;
      }
      to.write(bytes.subarray(0, left), cut);
    });
    from.on("end", () => to.end());
  }
}
