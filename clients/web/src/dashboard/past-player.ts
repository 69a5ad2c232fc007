import { type Client, MuxwireError, type ReplayItem } from "muxwire";
import { errorText } from "./live.ts";
import type { PastSource } from "./past-source.ts";

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64] as const;

/** How a replay goes. */
export interface Pace {
  readonly speed: number;
  readonly skipIdle: boolean;
}

/** So much output may be on its way to the terminal. */
const WINDOW = 262_144;
/** So much of it is read before the server is told. */
const ACK = WINDOW / 8;
const MISSING = "Some of what was printed here is not kept: what follows may look otherwise than it did.";

/** Plays what a pane printed into a terminal. */
export class Player {
  readonly source: PastSource;
  readonly #client: Client;
  readonly #ended: (why: string) => void;
  #pace: Pace;
  #isPaused = false;
  #isOver = false;
  /** Its number on the connection, once it has begun. */
  #replay: number | undefined;
  /** What time it is in the replay, and when it was that here. */
  #time: number;
  #at = performance.now();
  #acked = 0;

  /** `ended` is told once, unless it is stopped: with why, if that is no end of what was printed. */
  constructor(client: Client, source: PastSource, from: number, pace: Pace, ended: (why: string) => void) {
    this.#client = client;
    this.source = source;
    this.#time = from;
    this.#pace = pace;
    this.#ended = ended;
    void this.#begin(from);
  }

  /** What time it is in the replay. */
  get time(): number {
    if (this.#isPaused || this.#replay === undefined) return this.#time;
    return this.#time + (performance.now() - this.#at) * this.#pace.speed;
  }

  pause(): void {
    this.#set(this.time);
    this.#isPaused = true;
    this.#control({ paused: true });
  }

  resume(): void {
    this.#set(this.#time);
    this.#isPaused = false;
    this.#control({ paused: false });
  }

  setPace(pace: Pace): void {
    this.#set(this.time);
    this.#pace = pace;
    this.#control({ speed: pace.speed, skip_idle: pace.skipIdle });
  }

  stop(): void {
    if (this.#isOver) return;
    this.#set(this.time);
    this.#isOver = true;
    this.#control({ stop: true });
  }

  async #begin(from: number): Promise<void> {
    const { speed, skipIdle } = this.#pace;
    const fields = { speed, skip_idle: skipIdle, ack_window: WINDOW };
    try {
      const at = new Date(from).toISOString();
      const take = (item: ReplayItem) => void this.#take(item);
      const started = await this.#client.replay({ pane: this.source.id }, at, take, fields);
      this.#replay = started.replay;
      // A pane that came later plays from its first moment on.
      this.#set(Math.max(this.#time, Date.parse(started.from)));
      // What was asked for before it had a number.
      if (this.#isOver) this.#control({ stop: true });
      else if (this.#isPaused) this.#control({ paused: true });
      else if (this.#pace.speed !== speed || this.#pace.skipIdle !== skipIdle) this.setPace(this.#pace);
    } catch (error) {
      this.#end(errorText(error));
    }
  }

  async #take(item: ReplayItem): Promise<void> {
    if (this.#isOver) return;
    const at = Date.parse(item.timestamp);
    switch (item.type) {
      case "replay.snapshot":
        this.#acked = item.data.offset;
        return this.source.show(item.data, at);
      case "replay.output": {
        this.#set(at);
        if (item.missing) {
          this.source.note.value = MISSING;
          return this.#ack(item.offset + item.bytes);
        }
        await this.source.output(item.content, item.offset, at);
        return this.#ack(item.offset + item.bytes);
      }
      case "replay.resized":
        this.#set(at);
        return this.source.resize(item.cols, item.rows);
      case "replay.end":
        this.#set(at);
        return this.#end(item.reason === "failed" ? (item.message ?? "the replay failed") : "");
    }
  }

  #set(time: number): void {
    this.#time = time;
    this.#at = performance.now();
  }

  #ack(offset: number): void {
    if (offset - this.#acked < ACK) return;
    this.#acked = offset;
    this.#control({ ack: offset });
  }

  #end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended(why);
  }

  #control(fields: Parameters<Client["controlReplay"]>[1]): void {
    if (this.#replay === undefined) return;
    this.#client.controlReplay(this.#replay, fields).catch((error: unknown) => {
      // It has ended meanwhile: that is told by itself.
      if (error instanceof MuxwireError && ["NOT_FOUND", "CONNECTION_LOST", "CLOSED"].includes(error.code)) return;
      this.#end(errorText(error));
    });
  }
}
