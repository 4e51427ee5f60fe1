// How often the page writes to the kernel: at once, then at most every 100 ms, and the last value for certain.

export const INTERVAL = 100;

/**
 * Throttles `save`: `request` saves now or after the interval, `flush` saves what still waits.
 * The returned functions never throw; what `save` throws goes to `failed`.
 */
export function throttled(save: () => void, failed: (error: unknown) => void, signal: AbortSignal) {
  let timer: number | undefined;
  let waiting = false;

  function now() {
    waiting = false;
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      timer = undefined;
      if (waiting) now();
    }, INTERVAL);
    try {
      save();
    } catch (error) {
      failed(error);
    }
  }

  const flush = () => {
    if (waiting) now();
  };
  signal.addEventListener("abort", () => {
    flush();
    clearTimeout(timer);
  });
  return {
    request() {
      waiting = true;
      if (timer === undefined) now();
    },
    flush,
  };
}
