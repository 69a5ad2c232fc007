const KEYS: ReadonlyArray<readonly [string, string]> = [
  ["c", "connect, or disconnect"],
  ["m", "choose a message"],
  ["e", "write in the editor; Esc leaves it"],
  ["Ctrl+Enter", "send, in the editor"],
  ["Ctrl+Space", "show what fits, in the editor"],
  ["/", "filter the log"],
  ["l", "go to the log; arrow keys move, Enter opens an entry"],
  ["p", "pause the log, or go on"],
  ["?", "this help"],
];

const FILTERS: ReadonlyArray<readonly [string, string]> = [
  ["error", "entries with this word, in any letters"],
  ['"two words"', "with these words as they stand"],
  ["type:pane.*", "of this type; * is any run of characters"],
  ["-type:bookmark", "all but these"],
];

export function Help({ dialog }: { dialog: { current: HTMLDialogElement | null } }) {
  return (
    <dialog ref={dialog} aria-labelledby="help-title">
      <h2 id="help-title">Help</h2>
      <h3>Keys</h3>
      <Rows rows={KEYS} />
      <h3>Filter</h3>
      <Rows rows={FILTERS} />
      <h3>What this page does with a token</h3>
      <p>
        It stands in no address, in no entry of the log and in no code that is copied. It is kept nowhere, unless you
        ask for that, and then until this tab is closed. The page speaks to nothing but this server.
      </p>
      <p>
        To complete names, the page follows tmux over a second connection, which is not in the log. docs/protocol.md
        describes the messages, docs/protocol-page.md this page.{" "}
        <a href={new URL("licences.txt", import.meta.url).href}>Licences</a> of what it is made with.
      </p>
      <form method="dialog">
        <button type="submit" class="main" autofocus>
          Close
        </button>
      </form>
    </dialog>
  );
}

function Rows({ rows }: { rows: ReadonlyArray<readonly [string, string]> }) {
  return (
    <dl class="rows">
      {rows.map(([name, about]) => (
        <div key={name}>
          <dt>
            <kbd>{name}</kbd>
          </dt>
          <dd>{about}</dd>
        </div>
      ))}
    </dl>
  );
}
