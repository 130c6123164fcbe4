/** A device that is gone: a graphics card that was reset, or taken away. */

/** Whether an error is of a device that was lost, so that a run can go on from its files on another. */
export function isDeviceLost(error: unknown): boolean {
  return /\blost\b/i.test(error instanceof Error ? error.message : String(error));
}
