/** Ctrl-C ends the work at hand in order; a second one ends it at once. */

/** A signal that aborts on the first SIGINT or SIGTERM; `release` puts the default back. */
export function interruptSignal(onFirst: () => void): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const handler = (): void => {
    if (controller.signal.aborted) process.exit(130);
    onFirst();
    controller.abort();
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, handler);
  return {
    signal: controller.signal,
    release() {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, handler);
    },
  };
}
