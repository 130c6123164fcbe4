/** What stands in the way of the addon, in words that say what to do about it. */

/** Ends the tool with its message and no stack: nothing is wrong with the tool. */
export class Problem extends Error {
  override readonly name = "Problem";
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
