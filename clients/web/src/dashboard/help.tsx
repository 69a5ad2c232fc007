import type { Board } from "./board.ts";
import { NEEDS } from "./items.ts";
import { Shape } from "./shape.tsx";
import { SheetBox } from "./sheet.tsx";
import { NEED_WORDS } from "./words.ts";

/** Keys, for help and for the palette. */
export const KEYS = [
  ["n", "to the next pane that needs you; N goes back"],
  ["1 … 9", "answers the dialog of the chosen pane"],
  ["arrows, hjkl", "to another pane"],
  ["Enter", "works in the chosen pane; Shift+Enter opens it beside"],
  ["x", "marks the chosen pane as seen"],
  ["c", "writes a prompt for one or several agents"],
  ["/", "searches names and what panes show"],
  ["f", "filters by name"],
  ["Ctrl+K", "all commands"],
  ["[, ]", "to the tab before, or the next one"],
  ["w", "closes the open pane"],
  ["p, o, a", "panes, overview, activity"],
  ["s, d", "searches what panes printed; what agents did since you were last here"],
  ["t", "shows the panes as they were at another time"],
  ["Esc", "closes what is open; back to all panes, tabs stay"],
  ["?", "this help"],
] as const;

const MEANINGS = {
  waiting: "an agent waits for an answer",
  error: "an agent gave up",
  finished: "an agent has finished, and you have not looked",
  busy: "an agent works",
  idle: "an agent takes a prompt",
  none: "a pane without an agent",
} as const;

export function Help({ board }: { board: Board }) {
  return (
    <SheetBox board={board} name="help" title="Keys and help">
      <h3>Keys of the dashboard</h3>
      <dl class="keys">
        {KEYS.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <h3>While you type into a pane</h3>
      <p>All keys go to the pane, Esc and Ctrl+K too, but for these:</p>
      <dl class="keys">
        <div>
          <dt>
            <kbd>Ctrl+Shift+Space</kbd>
          </dt>
          <dd>gives the keys back to the dashboard; Enter goes on typing</dd>
        </div>
        <div>
          <dt>
            <kbd>Ctrl+Shift+↓</kbd>
          </dt>
          <dd>to the next pane that needs you, ↑ to the one before</dd>
        </div>
        <div>
          <dt>
            <kbd>Ctrl+Shift+→</kbd>
          </dt>
          <dd>to the next tab, ← to the one before</dd>
        </div>
      </dl>
      <h3>While you look at the past</h3>
      <p>Nothing is typed into the past: keys that would be are refused.</p>
      <dl class="keys">
        <div>
          <dt>
            <kbd>Space</kbd>
          </dt>
          <dd>plays from there, or stands still</dd>
        </div>
        <div>
          <dt>
            <kbd>,</kbd> <kbd>.</kbd>
          </dt>
          <dd>10 seconds back, or on; &lt; and &gt; a minute</dd>
        </div>
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>back to live; so does t</dd>
        </div>
      </dl>
      <h3>States</h3>
      <dl class="keys">
        {NEEDS.map((need) => (
          <div key={need}>
            <dt>
              <Shape need={need} label={false} /> {NEED_WORDS[need]}
            </dt>
            <dd>{MEANINGS[need]}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">
        Nothing here resizes a pane by itself: tiles are scaled. <code>muxwire explain PANE</code> says on what grounds
        a state is said.
      </p>
    </SheetBox>
  );
}
