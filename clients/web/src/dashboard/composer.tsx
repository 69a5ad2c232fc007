import { useRef, useSignal } from "vendor";
import type { Board } from "./board.ts";
import type { Item } from "./items.ts";
import { ReceiptLine } from "./parts.tsx";
import { Shape } from "./shape.tsx";
import { SheetBox } from "./sheet.tsx";
import { countText, reasonText } from "./words.ts";

/** A prompt for one or several agents. */
export function Composer({ board }: { board: Board }) {
  return (
    <SheetBox board={board} name="composer" title="Prompt agents">
      <Form board={board} />
    </SheetBox>
  );
}

function Form({ board }: { board: Board }) {
  const { addressed, drafts } = board;
  const agents = board.live.items.value.filter(({ agent }) => agent !== undefined);
  const to = agents.filter(({ pane }) => addressed.value.has(pane));
  const queue = useSignal(false);
  const sent = useSignal<ReadonlySet<string>>(new Set());
  const isSending = useSignal(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const text = drafts.value.get("") ?? "";
  const send = async () => {
    if (!text.trim() || to.length === 0 || isSending.value) return;
    isSending.value = true;
    sent.value = new Set(to.map(({ pane }) => pane));
    const taken = await Promise.all(to.map(({ pane }) => board.prompt(pane, text, queue.value)));
    isSending.value = false;
    // What somebody did not get stays, for another try.
    addressed.value = new Set(to.filter((_, at) => !taken[at]).map(({ pane }) => pane));
    if (taken.every(Boolean)) board.draft("", "");
    field.current?.focus();
  };
  if (agents.length === 0) {
    return (
      <p class="empty">
        No agent runs in a pane that you see. Start one in tmux, such as <code>claude</code> or <code>codex</code>, and
        it shows here.
      </p>
    );
  }
  return (
    <form
      class="composer-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <fieldset class="addressees">
        <legend>To</legend>
        {agents.map((item) => (
          <Addressee key={item.pane} board={board} item={item} wasSent={sent.value.has(item.pane)} />
        ))}
      </fieldset>
      <label for="prompt">Prompt</label>
      <textarea
        id="prompt"
        ref={field}
        rows={5}
        value={text}
        placeholder="What should they do?"
        onInput={({ currentTarget }) => board.draft("", currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          void send();
        }}
      />
      <div class="actions">
        <label class="check">
          <input
            type="checkbox"
            checked={queue.value}
            onChange={({ currentTarget }) => {
              queue.value = currentTarget.checked;
            }}
          />
          <span>Also for agents that work: they keep it for later</span>
        </label>
        <button type="submit" class="main" disabled={to.length === 0 || !text.trim() || isSending.value}>
          {isSending.value
            ? "Waiting for proof"
            : to.length === 0
              ? "Choose an agent"
              : `Send to ${countText(to.length, "agent")}`}{" "}
          <kbd>Ctrl+Enter</kbd>
        </button>
      </div>
    </form>
  );
}

function Addressee({ board, item, wasSent }: { board: Board; item: Item; wasSent: boolean }) {
  const { addressed, receipts } = board;
  const toggle = (isChosen: boolean) => {
    const all = new Set(addressed.value);
    if (isChosen) all.add(item.pane);
    else all.delete(item.pane);
    addressed.value = all;
  };
  return (
    <label class="addressee">
      <input
        type="checkbox"
        checked={addressed.value.has(item.pane)}
        onChange={({ currentTarget }) => toggle(currentTarget.checked)}
      />
      <Shape need={item.need} />
      <span class="place">{item.place}</span>
      <span class="about">
        {item.agent?.agent_type}, {reasonText(item)}
      </span>
      {wasSent ? <ReceiptLine receipt={receipts.value.get(item.pane)} /> : null}
    </label>
  );
}
