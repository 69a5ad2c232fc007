// The least that a bridge on uWebSockets does, to compare with: it reads `tmux -C` and publishes each line of output.
// Run by Bun with the command line of the reader as arguments; it prints the address that it listens on.

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, server) => (server.upgrade(request) ? undefined : new Response("no WebSocket", { status: 426 })),
  websocket: {
    open: (socket) => socket.subscribe("output"),
    message: () => {},
    perMessageDeflate: false,
  },
});
const reader = Bun.spawn(process.argv.slice(2), { stdin: "pipe", stdout: "pipe" });
console.log(`127.0.0.1:${server.port}`);

const unescape = (text) => text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
let kept = "";
const decoder = new TextDecoder();
for await (const chunk of reader.stdout) {
  const lines = (kept + decoder.decode(chunk, { stream: true })).split("\n");
  kept = lines.pop();
  for (const line of lines) {
    if (line.startsWith("%output ")) {
      const end = line.indexOf(" ", 8);
      const message = { type: "pane.output", pane: line.slice(8, end), data: { content: unescape(line.slice(end + 1)) } };
      server.publish("output", JSON.stringify(message));
    }
  }
}
