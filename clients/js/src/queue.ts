import { MuxwireError } from "./errors.js";

/** What waits to be taken by one reader. */
export class Queue<T> {
  #items: T[] = [];
  #first = 0;
  #ended = false;
  #error: MuxwireError | undefined;
  #reader: { resolve(result: IteratorResult<T, undefined>): void; reject(error: Error): void } | undefined;

  get length(): number {
    return this.#items.length - this.#first;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  push(item: T): void {
    if (this.#ended) return;
    const reader = this.#reader;
    if (!reader) {
      this.#items.push(item);
      return;
    }
    this.#reader = undefined;
    reader.resolve({ value: item, done: false });
  }

  /** The item that is next, if one is there. */
  peek(): T | undefined {
    return this.#items[this.#first];
  }

  /** Takes what is there, without waiting. */
  take(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#first];
    this.#first += 1;
    if (this.#first > 1024 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Nothing more comes. What waits can still be taken, unless it is to be dropped. */
  end(error?: MuxwireError, drop = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    if (drop) this.#items = [];
    if (drop) this.#first = 0;
    const reader = this.#reader;
    this.#reader = undefined;
    if (!reader) return;
    this.#error = undefined;
    if (error) reader.reject(error);
    else reader.resolve({ value: undefined, done: true });
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.length > 0) return Promise.resolve({ value: this.take() as T, done: false });
    if (this.#ended) {
      const error = this.#error;
      // An iterator fails once, and is at its end then.
      this.#error = undefined;
      return error ? Promise.reject(error) : Promise.resolve({ value: undefined, done: true });
    }
    if (this.#reader) {
      return Promise.reject(new MuxwireError("INVALID_ARGUMENT", "it has one reader, which waits already"));
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }
}
