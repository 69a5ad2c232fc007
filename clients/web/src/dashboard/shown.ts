/** For so long one waits for another that lists or shows, in milliseconds: the icon of a notification may take far longer. */
const PATIENCE = 10_000;

/** The lock that whoever lists or shows notifications of a worker takes, pages and the worker itself. */
export function shownLock({ scope }: Pick<ServiceWorkerRegistration, "scope">): string {
  return `muxwire.shown ${new URL(scope).pathname}`;
}

/**
 * Lists and shows notifications of a worker while nobody else does. What Chromium lists it compares with the screen, and forgets
 * what is not there: also one that another page, or the worker, is just about to show. That one is shown all the same, but a
 * click on it leads nowhere, and it can't be closed when it is over.
 */
export async function inTurn<T>(worker: ServiceWorkerRegistration, run: () => Promise<T>): Promise<T> {
  let hasBegun = false;
  const begin = () => {
    hasBegun = true;
    return run();
  };
  try {
    return await navigator.locks.request(shownLock(worker), { signal: AbortSignal.timeout(PATIENCE) }, begin);
  } catch (error) {
    if (hasBegun) throw error;
    // It is not to be had, or another keeps it: to be told counts for more.
    return run();
  }
}
