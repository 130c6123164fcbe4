/** Starts the service worker, which keeps the studio for visits without a connection and isolates the page where the host does not. */

import { type Signal, signal } from "@preact/signals";

/** `ready` once everything is kept. */
export const offlineState: Signal<"none" | "installing" | "ready"> = signal("none");

export function registerOffline(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  addEventListener("load", () => {
    // The first paint and the first training come first.
    setTimeout(async () => {
      try {
        offlineState.value = "installing";
        await navigator.serviceWorker.register(new URL("./service-worker.js", document.baseURI));
        await navigator.serviceWorker.ready;
        offlineState.value = "ready";
      } catch {
        // An insecure page or a browser without storage: everything works, online.
        offlineState.value = "none";
      }
    }, 1500);
  });
}
