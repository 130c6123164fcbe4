/** One message at a time at the foot of the page, for what no panel owns. */

import { type Signal, signal } from "@preact/signals";

export const notice: Signal<string | undefined> = signal(undefined);

/** Shows a message until it is closed, or another comes. */
export function showNotice(message: string): void {
  notice.value = message;
}

/** Shows why something failed. */
export function showError(error: unknown): void {
  showNotice(error instanceof Error ? error.message : String(error));
}
