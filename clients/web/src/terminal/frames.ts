/** How long painting may take of one frame. What is left comes in the next one. */
const BUDGET = 10;

const waiting = new Set<() => void>();
const frames: Array<() => void> = [];
let requested = false;

/** Calls back once in a frame to come, however often this is asked for before. */
export function paintSoon(paint: () => void): void {
  waiting.add(paint);
  request();
}

/** Paints nothing more of this. */
export function forget(paint: () => void): void {
  waiting.delete(paint);
}

/** Waits for the next frame: in a page that is hidden, until it shows. */
export function nextFrame(): Promise<void> {
  return new Promise((done) => {
    frames.push(done);
    request();
  });
}

function request(): void {
  if (requested) return;
  requested = true;
  requestAnimationFrame(frame);
}

function frame(): void {
  requested = false;
  const start = performance.now();
  for (const paint of waiting) {
    waiting.delete(paint);
    paint();
    if (performance.now() - start > BUDGET) break;
  }
  for (const done of frames.splice(0)) done();
  if (waiting.size > 0) request();
}
