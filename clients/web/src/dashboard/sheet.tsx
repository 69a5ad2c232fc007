import { type ComponentChildren, useEffect, useRef } from "vendor";
import type { Board, Sheet } from "./board.ts";
import { Icon } from "./shape.tsx";

interface SheetProps {
  board: Board;
  name: Exclude<Sheet, undefined> | readonly Exclude<Sheet, undefined>[];
  title: string;
  bare?: boolean;
  children: ComponentChildren;
}

/** What opens above the page and has the keys until it is closed. What is in it is made when it opens. */
export function SheetBox({ board, name, title, bare = false, children }: SheetProps) {
  const box = useRef<HTMLDialogElement>(null);
  /** The page has closed it, and not the browser. */
  const own = useRef(false);
  const names: readonly Sheet[] = typeof name === "string" ? [name] : name;
  const isOpen = names.includes(board.sheet.value);
  useEffect(() => {
    const dialog = box.current;
    if (isOpen && dialog && !dialog.open) {
      dialog.showModal();
      // Browsers choose what comes first, which closes it.
      dialog.querySelector<HTMLElement>("textarea, [role=combobox]")?.focus();
    } else if (!isOpen && dialog?.open) {
      own.current = true;
      dialog.close();
    }
  }, [isOpen]);
  const close = () => {
    if (names.includes(board.sheet.peek())) board.sheet.value = undefined;
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it by itself
    <dialog
      ref={box}
      class={`sheet ${names[0]}`}
      aria-label={title}
      onClose={() => {
        // It is told later, and by then another one may have been asked for.
        if (!own.current) close();
        own.current = false;
      }}
      onCancel={() => {
        own.current = true;
        close();
      }}
      onClick={({ target, currentTarget }) => {
        if (target === currentTarget) close();
      }}
    >
      {isOpen ? (
        <div class="sheet-box">
          {bare ? null : (
            <header>
              <h2>{title}</h2>
              <button type="button" class="quiet" onClick={close}>
                <Icon name="close" />
                <span class="unseen">Close</span>
              </button>
            </header>
          )}
          {children}
        </div>
      ) : null}
    </dialog>
  );
}
