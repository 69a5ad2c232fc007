import { Client } from "muxwire";
import { effect, signal } from "vendor";
import type { Live } from "./live.ts";
import { monitorUrl } from "./place.ts";
import { lastLine } from "./saying.ts";
import { plain } from "./words.ts";

/** How often panes are looked at that no tile shows. */
const AGAIN = 5000;
/** How soon behind something that happened: what it says of it is on the screen by then. */
const SOON = 250;
/** So many of them in one go. */
const AT_ONCE = 24;

/** What panes show now, in a line each. */
export class Glances {
  /** The last line with text, by pane. */
  readonly lines = signal<ReadonlyMap<string, string>>(new Map());
  readonly #live: Live;
  /** Captures hold up what their connection brings, so it is none of those that show panes. */
  #client: Client | undefined;
  /** Tiles that are open, and say by themselves what they show. */
  readonly #tiles = new Map<string, () => string[]>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;
  /** What was needed when panes were looked at last. */
  #known = "";

  constructor(live: Live) {
    this.#live = live;
  }

  /** The connection for captures. */
  get client(): Client {
    this.#client ??= new Client(monitorUrl());
    return this.#client;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    void this.#client?.close();
  }

  /** A tile shows this pane. Returns what ends that. */
  tile(pane: string, lines: () => string[]): () => void {
    this.#tiles.set(pane, lines);
    return () => {
      if (this.#tiles.get(pane) === lines) this.#tiles.delete(pane);
    };
  }

  /** A tile has painted. */
  painted(pane: string): void {
    const lines = this.#tiles.get(pane);
    if (lines) this.#set(pane, lines());
  }

  /** Looks at those of these panes that no tile shows, and again after a while. */
  follow(panes: () => readonly string[]): () => void {
    let isEnded = false;
    let isUnderWay = false;
    const round = async () => {
      // One that has begun goes on, and the next comes in its time.
      if (isUnderWay) return;
      isUnderWay = true;
      const isLooking = document.visibilityState === "visible" && this.#live.link.peek().kind === "live";
      const some = isLooking ? panes().filter((pane) => !this.#tiles.has(pane)) : [];
      for (const pane of some.slice(0, AT_ONCE)) {
        if (isEnded || this.#isStopped) return;
        await this.#look(pane);
      }
      isUnderWay = false;
      clearTimeout(this.#timer);
      if (!isEnded && !this.#isStopped) this.#timer = setTimeout(() => void round(), AGAIN);
    };
    // When it is there, when it is back, and when somebody is needed who was not.
    const end = effect(() => {
      const needs = this.#live.items.value.map(({ pane, need }) => `${pane} ${need}`).sort();
      const now = `${this.#live.link.value.kind} ${needs.join()}`;
      if (now === this.#known) return;
      this.#known = now;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void round(), SOON);
    });
    return () => {
      isEnded = true;
      this.#known = "";
      end();
      clearTimeout(this.#timer);
    };
  }

  /** What all panes show, those of tiles as they are painted. */
  async all(): Promise<ReadonlyMap<string, readonly string[]>> {
    const shows = new Map<string, readonly string[]>();
    const { sessions } = await this.client.snapshot({ screen: true });
    for (const { id, screen } of sessions.flatMap(({ windows }) => windows).flatMap(({ panes }) => panes)) {
      if (screen) shows.set(id, screen.lines.map(plain));
    }
    for (const [pane, lines] of this.#tiles) shows.set(pane, lines().map(plain));
    return shows;
  }

  async #look(pane: string): Promise<void> {
    try {
      const { sessions } = await this.client.snapshot({ target: { pane }, screen: true });
      const found = sessions.flatMap(({ windows }) => windows).flatMap(({ panes }) => panes);
      const { screen } = found.find(({ id }) => id === pane) ?? {};
      if (screen) this.#set(pane, screen.lines);
    } catch {
      // The pane has gone, or the connection: the list says so.
    }
  }

  #set(pane: string, lines: readonly string[]): void {
    const line = lastLine(lines, this.#live.item(pane)?.agent?.status);
    if (this.lines.peek().get(pane) === line) return;
    this.lines.value = new Map(this.lines.peek()).set(pane, line);
  }
}
