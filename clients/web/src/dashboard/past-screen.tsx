import { type Signal, useSignal } from "vendor";
import type { Focus } from "../terminal/index.ts";
import type { Board } from "./board.ts";
import type { PastSource } from "./past-source.ts";
import { Screen } from "./screen.tsx";

/** The terminal that shows a pane as it was, and where that comes from. */
export interface Then {
  readonly focus?: Focus | undefined;
  readonly source?: PastSource | undefined;
}

interface Props {
  board: Board;
  pane: string;
  nonce: string;
  then: Signal<Then>;
}

/** A pane as it was, in a terminal of its own: nothing is typed there. */
export function PastScreen({ board, pane, nonce, then }: Props) {
  const { past } = board;
  const problem = useSignal("");
  const source = then.value.source;
  const note = problem.value || source?.note.value;
  return (
    <div class={`then-screen ${source?.isEmpty.value ? "empty-then" : ""}`}>
      <Screen
        client={board.terminals}
        target={{ pane }}
        settings={board.settings}
        nonce={nonce}
        canWrite={false}
        source={() => {
          const made = past.view(pane, true);
          then.value = { source: made };
          return made;
        }}
        onKey={(event) => {
          // All keys are the page's, but for those that copy.
          const isCopy = event.ctrlKey && ((event.shiftKey && event.code === "KeyC") || event.code === "Insert");
          return !isCopy;
        }}
        onProblem={(text, kind) => {
          if (kind === "typing") past.refuse();
          else problem.value = text;
        }}
        onFocus={(focus) => {
          then.value = focus ? { ...then.peek(), focus } : {};
        }}
      />
      {note ? <p class="then-note">{note}</p> : null}
    </div>
  );
}
