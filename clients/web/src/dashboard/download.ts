import { type Client, MuxwireError, type ReplayItem } from "muxwire";
import { signal } from "vendor";
import { TextReader } from "../terminal/index.ts";
import { CastWriter, type Form, fileName } from "./cast.ts";
import { errorText } from "./live.ts";
import { pastProblem } from "./past.ts";
import { bytesText } from "./words.ts";

/** As fast as the page reads. */
const SPEED = 10_000;
/** So much may be on its way, and so much of it is read before the server is told. */
const WINDOW = 1_048_576;
const ACK = WINDOW / 4;
/** A file is no larger. */
const MOST = 134_217_728;
/** So many characters are put together before the browser gets them. */
const PART = 1_048_576;

export interface Wish {
  readonly pane: string;
  readonly place: string;
  readonly from: number;
  readonly to: number;
  readonly form: Form;
}

/** A file that is there until the next one is wanted. */
interface Made {
  readonly name: string;
  readonly size: number;
  /** Where the browser has it. */
  readonly url: string;
}

/** A file that is made of what a pane printed, and what became of the last one. */
export class Download {
  readonly isUnderWay = signal(false);
  /** How far it is, from 0 to 1. */
  readonly progress = signal(0);
  readonly problem = signal("");
  readonly made = signal<Made | undefined>(undefined);
  readonly #client: () => Client;
  #making: Making | undefined;

  constructor(client: () => Client) {
    this.#client = client;
  }

  async begin(wish: Wish): Promise<void> {
    this.cancel();
    const making = new Making(this.#client(), wish, (part) => {
      if (this.#making === making) this.progress.value = part;
    });
    this.#making = making;
    this.isUnderWay.value = true;
    this.progress.value = 0;
    this.problem.value = "";
    try {
      const file = await making.file();
      if (this.#making !== making) return;
      const name = fileName(wish.place, wish.from, wish.form);
      this.made.value = { name, size: file.size, url: URL.createObjectURL(file) };
    } catch (error) {
      if (this.#making === making) this.problem.value = problemOf(error);
    } finally {
      making.end();
      if (this.#making === making) {
        this.#making = undefined;
        this.isUnderWay.value = false;
      }
    }
  }

  /** Ends what is under way, of which there is no file then, and lets go the last one. */
  cancel(): void {
    const making = this.#making;
    this.#making = undefined;
    making?.end();
    this.isUnderWay.value = false;
    if (this.made.peek()) URL.revokeObjectURL(this.made.peek()?.url ?? "");
    this.made.value = undefined;
  }
}

function problemOf(error: unknown): string {
  if (error instanceof MuxwireError && error.code === "NOT_FOUND") return "Nothing is kept of this pane in this time.";
  if (error instanceof MuxwireError) return pastProblem(error);
  return `There is no file: ${errorText(error)}.`;
}

/** One file on its way. */
class Making {
  readonly #client: Client;
  readonly #wish: Wish;
  readonly #tell: (part: number) => void;
  readonly #cast: CastWriter | undefined;
  readonly #text: TextReader | undefined;
  readonly #parts: Blob[] = [];
  #part = "";
  #size = 0;
  #replay: number | undefined;
  #acked = 0;
  #isOver = false;
  /** What came is taken one after the other. */
  #last: Promise<void> = Promise.resolve();
  #finish: () => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(client: Client, wish: Wish, tell: (part: number) => void) {
    this.#client = client;
    this.#wish = wish;
    this.#tell = tell;
    if (wish.form === "text") this.#text = new TextReader();
    else this.#cast = new CastWriter(wish.form === "cast-v2" ? 2 : 3, wish.place);
  }

  async file(): Promise<Blob> {
    const { pane, from, to } = this.#wish;
    const ended = new Promise<void>((done, fail) => {
      this.#finish = done;
      this.#fail = fail;
    });
    // It may fail before it is waited for below.
    ended.catch(() => undefined);
    const take = (item: ReplayItem) => {
      this.#last = this.#last.then(() => this.#take(item)).catch((error: unknown) => this.#fail(error));
    };
    const fields = { to: new Date(to).toISOString(), speed: SPEED, ack_window: WINDOW };
    const { replay } = await this.#client.replay({ pane }, new Date(from).toISOString(), take, fields);
    this.#replay = replay;
    // It was given up before it began.
    if (this.#isOver) this.#control({ stop: true });
    await ended;
    if (this.#text) this.#add(await this.#text.text());
    this.#flush();
    return new Blob(this.#parts, { type: this.#text ? "text/plain;charset=utf-8" : "application/x-asciicast" });
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#control({ stop: true });
    this.#text?.dispose();
    this.#finish();
  }

  async #take(item: ReplayItem): Promise<void> {
    if (this.#isOver) return;
    const { from, to } = this.#wish;
    if (item.type === "replay.end") {
      if (item.reason === "failed") throw new Error(item.message ?? "the replay failed");
      return this.#finish();
    }
    if (this.#cast) this.#add(this.#cast.lines(item, from));
    else await this.#read(item);
    if (this.#size > MOST) throw new Error(`it would be larger than ${bytesText(MOST)}: choose a shorter time`);
    this.#tell(Math.min(1, Math.max(0, (Date.parse(item.timestamp) - from) / Math.max(1, to - from))));
    if (item.type === "replay.output") this.#ack(item.offset + item.bytes);
    else if (item.type === "replay.snapshot") this.#acked = item.data.offset;
  }

  async #read(item: ReplayItem): Promise<void> {
    if (item.type === "replay.snapshot") {
      this.#text?.resize(item.data.cols, item.data.rows);
      await this.#text?.write(item.data.replay ?? "");
    } else if (item.type === "replay.resized") this.#text?.resize(item.cols, item.rows);
    else if (item.type === "replay.output" && !item.missing) await this.#text?.write(item.content);
  }

  #add(text: string): void {
    this.#part += text;
    this.#size += text.length;
    if (this.#part.length > PART) this.#flush();
  }

  #flush(): void {
    this.#parts.push(new Blob([this.#part]));
    this.#part = "";
  }

  #ack(offset: number): void {
    if (offset - this.#acked < ACK) return;
    this.#acked = offset;
    this.#control({ ack: offset });
  }

  #control(fields: { ack: number } | { stop: true }): void {
    if (this.#replay === undefined) return;
    this.#client.controlReplay(this.#replay, fields).catch((error: unknown) => {
      // It has ended meanwhile: that is told by itself.
      if (!(error instanceof MuxwireError && ["NOT_FOUND", "CONNECTION_LOST", "CLOSED"].includes(error.code))) {
        this.#fail(error);
      }
    });
  }
}
