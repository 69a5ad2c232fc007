import type { MuxwireError } from "./errors.js";
import { Follower, type Position, type Sink, type StreamItem, type Wish } from "./follower.js";
import type { Link, Shared } from "./link.js";
import { Queue } from "./queue.js";

interface Waiting {
  item: StreamItem | undefined;
  position: Position;
  length: number;
}

/** Events, in order, each once, over any number of connections. */
export class EventStream implements AsyncIterableIterator<StreamItem> {
  /** What of the filters matches nothing now, in sentences for people. */
  warnings: ReadonlyArray<string> = [];
  /** Behind the last item that was taken: a stream with this as `since` goes on from here. */
  cursor: Position | string | undefined;
  readonly #queue = new Queue<Waiting>();
  readonly #follower: Follower;
  readonly #limits: Shared["limits"];
  readonly #done: (link: Link) => void;
  #items = 0;
  #text = 0;
  #paused = false;

  /** @internal Streams come from `Client.events`. */
  constructor(shared: Shared, url: URL, wish: Wish, done: (link: Link) => void) {
    this.#limits = shared.limits;
    this.#done = done;
    this.cursor = wish.since;
    const sink: Sink = {
      item: (item, position, length) => this.#put(item as StreamItem, position, length),
      moved: (position) => this.#moved(position),
      warnings: (warnings) => {
        this.warnings = warnings;
      },
      end: (error) => this.#end(error),
    };
    this.#follower = new Follower(shared, url, wish, sink, false);
  }

  /** @internal */
  get link(): Link {
    return this.#follower.link;
  }

  /** Ends the stream. What waits in it is dropped. */
  close(): void {
    this.link.close();
    this.#queue.end(undefined, true);
    this.#done(this.link);
  }

  /** @internal */
  fail(error: MuxwireError): void {
    this.link.close();
    this.#end(error);
  }

  async next(): Promise<IteratorResult<StreamItem, undefined>> {
    for (;;) {
      const { value, done } = await this.#queue.next();
      if (done || !value) return { value: undefined, done: true };
      this.#took(value);
      // A bookmark behind an item counts with it.
      for (let next = this.#queue.peek(); next && !next.item; next = this.#queue.peek()) this.#took(this.#queue.take());
      if (value.item) return { value: value.item, done: false };
    }
  }

  return(): Promise<IteratorResult<StreamItem, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #put(item: StreamItem, position: Position, length: number): void {
    this.#items += 1;
    this.#text += length;
    this.#queue.push({ item, position, length });
    const { waitingItems, waitingText } = this.#limits;
    if (this.#paused || this.#queue.isEnded) return;
    if (this.#items <= waitingItems && this.#text <= waitingText) return;
    // To read no more would have the server leave out output. So the stream goes, and resumes from here.
    this.#paused = true;
    this.link.pause();
  }

  #moved(position: Position): void {
    if (this.#queue.length === 0) this.cursor = position;
    else this.#queue.push({ item: undefined, position, length: 0 });
  }

  #took(waiting: Waiting | undefined): void {
    if (!waiting) return;
    this.cursor = waiting.position;
    if (waiting.item) this.#items -= 1;
    this.#text -= waiting.length;
    const { waitingItems, waitingText } = this.#limits;
    if (!this.#paused || this.#items > waitingItems / 2 || this.#text > waitingText / 2) return;
    this.#paused = false;
    if (!this.#queue.isEnded) this.link.start();
  }

  #end(error: MuxwireError): void {
    this.#queue.end(error);
    this.#done(this.link);
  }
}
