import { useEffect, useSignal } from "vendor";

/** So many are made at once, and so many more in each frame that follows. */
const FIRST = 40;
const STEP = 40;

/** How many of a long list are shown by now: it grows frame by frame, so that none takes long. */
export function useGrowing(length: number): number {
  const shown = useSignal(FIRST);
  const isMore = shown.value < length;
  useEffect(() => {
    if (!isMore) return;
    // A page that is hidden has no frames, and nobody who waits.
    const frame = requestAnimationFrame(() => {
      shown.value += STEP;
    });
    return () => cancelAnimationFrame(frame);
  }, [shown.value, isMore]);
  return Math.min(shown.value, length);
}
