import { Client, MuxwireError } from "muxwire";
import { computed, signal } from "vendor";
import { errorText } from "./live.ts";
import { isSame, type Moment, type Span, spanOf } from "./moment.ts";
import { type Pace, Player } from "./past-player.ts";
import { PastSource } from "./past-source.ts";
import { monitorUrl } from "./place.ts";

/** So many screens are asked for at a time: a connection may ask four questions. */
const AT_ONCE = 3;
/** The moment moves on so often while it plays, in milliseconds. */
const TICK = 250;
/** A screen that could not be had for now is asked for again after so long. */
const AGAIN = 500;
/** So long it is said that nothing is typed. */
const REFUSED_SHOWS = 5000;
/** So many panes are shown that are gone by now, and so many events looked at for them. */
const MOST_GONE = 100;
const MOST_REMOVED = 500;

/** A pane that was there then and is gone. */
export interface GonePane {
  readonly pane: string;
  readonly session: string;
  readonly place: string;
}

/** The moment at which the panes are looked at, if that is not now. */
export class Past {
  /** Without one, all is live. */
  readonly moment = signal<Moment | undefined>(undefined);
  readonly isOn = computed(() => this.moment.value !== undefined);
  /** Where it is while it plays. */
  readonly time = signal(0);
  readonly state = signal<"stands" | "plays" | "paused">("stands");
  readonly pace = signal<Pace>({ speed: 1, skipIdle: true });
  readonly span = signal<Span>("1h");
  /** Where the slider ends. */
  readonly until = signal(0);
  /** The first that is kept. */
  readonly begins = signal<number | undefined>(undefined);
  /** Why there is no past; what is to be said of it. */
  readonly problem = signal("");
  readonly note = signal("");
  /** Somebody wanted to go further back than there is anything. */
  readonly isBefore = signal(false);
  /** Somebody has tried to type into the past a moment ago. */
  readonly refused = signal(false);
  /** Panes that were there then and are not now. */
  readonly gone = signal<readonly GonePane[]>([]);
  readonly #now: () => number;
  readonly #sources = new Set<PastSource>();
  /** For which moment each source was asked. */
  readonly #asked = new Map<PastSource, Moment>();
  readonly #underWay = new Set<PastSource>();
  /** Those that are asked for again in a while. */
  readonly #resting = new Set<PastSource>();
  #client: Client | undefined;
  #player: Player | undefined;
  #ticks: ReturnType<typeof setInterval> | undefined;
  #refusal: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** `now` is the time by the server's clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  close(): void {
    this.#isClosed = true;
    this.#halt();
    clearTimeout(this.#refusal);
    clearTimeout(this.#again);
    void this.#client?.close();
  }

  now(): number {
    return this.#now();
  }

  /** Where the slider begins. */
  get from(): number {
    const from = this.until.value - (spanOf(this.span.value) ?? 0);
    return Math.max(from, Math.min(this.begins.value ?? from, this.until.value - 1000));
  }

  /** Whether what plays is what was printed, and not one screen after the other. */
  get isAlone(): boolean {
    const [first, ...others] = this.#sources;
    return first?.isAlone === true && others.length === 0;
  }

  /** The page shows another moment, or what is live. */
  show(moment: Moment | undefined): void {
    const before = this.moment.peek();
    if (isSame(before, moment)) return;
    this.#halt();
    this.note.value = "";
    this.isBefore.value = false;
    if (!moment) {
      this.moment.value = undefined;
      this.gone.value = [];
      return;
    }
    if (!before) void this.#look();
    this.#set(moment);
  }

  /** To another time, of those that there are. */
  seek(at: number): void {
    const begins = this.begins.peek();
    this.#halt();
    const isBefore = begins !== undefined && at < begins;
    this.isBefore.value = isBefore;
    this.note.value = isBefore ? "Nothing is kept from before that." : "";
    this.#set({ at: Math.round(Math.min(isBefore ? begins : at, this.#now())) });
  }

  step(by: number): void {
    this.seek(this.time.peek() + by);
  }

  setSpan(span: Span): void {
    this.span.value = span;
    this.#fit();
  }

  setPace(pace: Partial<Pace>): void {
    this.pace.value = { ...this.pace.peek(), ...pace };
    this.#player?.setPace(this.pace.peek());
  }

  /** Plays from here, goes on, or stands still. */
  toggle(): void {
    const moment = this.moment.peek();
    if (!moment || this.problem.peek()) return;
    this.note.value = "";
    this.isBefore.value = false;
    if (this.state.peek() === "plays") return this.#pause();
    if (this.#player) this.#player.resume();
    else if (this.isAlone) this.#play(moment);
    this.state.value = "plays";
    let last = performance.now();
    this.#ticks = setInterval(() => {
      const passed = performance.now() - last;
      last += passed;
      this.#tick(passed);
    }, TICK);
  }

  /** Nobody types into the past: it is said. */
  refuse(): void {
    this.refused.value = true;
    clearTimeout(this.#refusal);
    this.#refusal = setTimeout(() => {
      this.refused.value = false;
    }, REFUSED_SHOWS);
  }

  /** What a terminal shows of this pane, as long as it does. One `alone` plays what was printed. */
  view(pane: string, isAlone: boolean): PastSource {
    const source = new PastSource(pane, isAlone, (closed) => this.#left(closed));
    this.#sources.add(source);
    // One that comes beside it can't play along.
    if (this.#player) this.#halt();
    this.#pump();
    return source;
  }

  /** Looks for panes that were there then and are gone, but for these. */
  async lookForGone(known: (pane: string) => boolean): Promise<void> {
    const moment = this.moment.peek();
    if (!moment) return;
    const from = new Date(moment.at).toISOString();
    const gone = new Map<string, GonePane>();
    try {
      const fields = { types: ["pane.removed"], from, order: "oldest" as const, limit: MOST_REMOVED };
      for (const event of (await this.client.history(fields)).events) {
        if (event.type !== "pane.removed" || event.data.moved || known(event.pane) || gone.has(event.pane)) continue;
        const { pane, session, window } = event;
        if (gone.size < MOST_GONE) gone.set(pane, { pane, session, place: `${session}:${window} ${pane}` });
      }
    } catch (error) {
      this.#failed(error);
    }
    if (isSame(this.moment.peek(), moment)) this.gone.value = [...gone.values()];
  }

  /** The connection for screens and replays: their questions keep no others waiting. */
  get client(): Client {
    this.#client ??= new Client(monitorUrl());
    return this.#client;
  }

  #set(moment: Moment): void {
    this.moment.value = moment;
    this.time.value = moment.at;
    this.#fit();
    this.#pump();
  }

  /** The slider has room for the moment. */
  #fit(): void {
    const at = this.time.peek();
    const length = spanOf(this.span.peek()) ?? 0;
    const now = this.#now();
    if (at > this.until.peek() || this.until.peek() === 0 || now - at < length) this.until.value = now;
    else if (at < this.until.peek() - length) this.until.value = Math.min(now, at + length / 2);
  }

  /** How far back there is something. */
  async #look(): Promise<void> {
    this.problem.value = "";
    try {
      const { events } = await this.client.history({ order: "oldest", limit: 1 });
      const first = Date.parse(events[0]?.timestamp ?? "");
      this.begins.value = Number.isNaN(first) ? undefined : first;
      const moment = this.moment.peek();
      if (moment && moment.at < first) this.seek(moment.at);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** There is no past at all, or it could not be asked for now. */
  #failed(error: unknown): void {
    if (isNever(error)) this.problem.value = pastProblem(error);
    else if (!this.#isClosed) this.note.value = pastProblem(error);
  }

  #left(source: PastSource): void {
    this.#sources.delete(source);
    this.#asked.delete(source);
    if (this.#player?.source === source) this.#halt();
  }

  #play({ at }: Moment): void {
    const [source] = this.#sources;
    if (!source) return;
    const player = new Player(this.client, source, at, this.pace.peek(), (why) => {
      if (this.#player !== player) return;
      this.#player = undefined;
      this.#stand(player.time, source);
      this.note.value = why ? `It plays no further: ${why}.` : "Up to here. Nothing was printed behind that.";
    });
    this.#player = player;
  }

  #tick(passed: number): void {
    if (this.#player) {
      this.time.value = Math.min(this.#player.time, this.#now());
      this.#fit();
      return;
    }
    const at = this.time.peek() + passed * this.pace.peek().speed;
    const now = this.#now();
    this.#set({ at: Math.round(Math.min(at, now)) });
    if (at < now) return;
    this.#stand(now);
    this.note.value = "Up to now.";
  }

  #pause(): void {
    this.#player?.pause();
    this.#stand(this.#player?.time ?? this.time.peek(), this.#player?.source);
    if (this.#player) this.state.value = "paused";
  }

  /** Stands still at this time, which is what a source shows that was played up to there. */
  #stand(at: number, played?: PastSource): void {
    clearInterval(this.#ticks);
    this.state.value = "stands";
    const moment = { at: Math.round(Math.min(at, this.#now())) };
    if (played) this.#asked.set(played, moment);
    this.moment.value = moment;
    this.time.value = moment.at;
    this.#fit();
  }

  /** Ends what plays, and stands where that was. */
  #halt(): void {
    const player = this.#player;
    const isPlaying = this.state.peek() === "plays";
    clearInterval(this.#ticks);
    this.state.value = "stands";
    this.#player = undefined;
    player?.stop();
    if (player && isPlaying) this.#stand(player.time, player.source);
  }

  /** Asks for the screens of this moment that nobody has asked for, those first that have waited. */
  #pump(): void {
    const moment = this.moment.peek();
    if (!moment || this.#isClosed || this.problem.peek()) return;
    for (const source of [...this.#sources]) {
      if (this.#underWay.size >= AT_ONCE) return;
      const isAsked = isSame(this.#asked.get(source), moment) || this.#underWay.has(source);
      if (isAsked || this.#player?.source === source) continue;
      // The next time it comes behind the others.
      this.#sources.delete(source);
      this.#sources.add(source);
      void this.#ask(source, moment);
    }
  }

  async #ask(source: PastSource, moment: Moment): Promise<void> {
    this.#asked.set(source, moment);
    this.#underWay.add(source);
    const { at, offset } = moment;
    try {
      const exactly = offset !== undefined && this.isAlone ? { offset } : {};
      const then = await this.client.screenAt({ pane: source.id }, new Date(at).toISOString(), exactly);
      if (this.#player?.source !== source) source.show(then.data, Date.parse(then.timestamp));
    } catch (error) {
      this.#notShown(source, error);
    } finally {
      this.#underWay.delete(source);
      if (!this.#sources.has(source)) this.#asked.delete(source);
      this.#pump();
    }
  }

  #notShown(source: PastSource, error: unknown): void {
    if (!(error instanceof MuxwireError)) throw error;
    if (error.code === "NOT_FOUND") return source.fail("Nothing is kept of this pane at this time.");
    if (isNever(error)) return this.#failed(error);
    source.fail(errorText(error));
    if (!error.retryable) return;
    this.#resting.add(source);
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      for (const one of this.#resting) this.#asked.delete(one);
      this.#resting.clear();
      this.#pump();
    }, AGAIN);
  }
}

/** Asking again is of no use. */
function isNever(error: unknown): boolean {
  return error instanceof MuxwireError && ["HISTORY_OFF", "UNKNOWN_ACTION", "PERMISSION_DENIED"].includes(error.code);
}

/** Why the past can't be asked for, for people. */
export function pastProblem(error: unknown): string {
  if (error instanceof MuxwireError && error.code === "HISTORY_OFF") {
    return "No history is kept: `history.enabled` is off, or muxwire's log says why it can't be.";
  }
  if (error instanceof MuxwireError && error.code === "UNKNOWN_ACTION") {
    return "This muxwire is too old to be asked about the past.";
  }
  return `The past can't be asked for: ${errorText(error)}`;
}
