/** Starts the service worker, which keeps the studio for visits without a connection and isolates the page where the host does not. */

import { type Signal, signal } from "@preact/signals";
import type { ShardIndex } from "../data/shard-format.ts";

/** `ready` once everything is kept that a visit without a connection begins with. */
export const offlineState: Signal<"none" | "installing" | "ready"> = signal("none");

/** Sets that are kept before anyone asks for them: digits and a text, 2.4 MB. The others are kept when they are first used. */
const early = { images: ["mnist"], texts: ["shakespeare"] } as const;

export function registerOffline(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  addEventListener("load", () => {
    // The first paint and the first training come first.
    setTimeout(() => {
      offlineState.value = "installing";
      prepare().then(
        () => {
          offlineState.value = "ready";
          document.documentElement.dataset.offline = "ready";
        },
        // An insecure page or a browser without storage: everything works, online.
        () => {
          offlineState.value = "none";
        },
      );
    }, 1500);
  });
}

async function prepare(): Promise<void> {
  const { serviceWorker } = navigator;
  await serviceWorker.register(new URL("./service-worker.js", document.baseURI));
  await serviceWorker.ready;
  // What is fetched before the worker controls the page is not kept.
  if (!serviceWorker.controller)
    await new Promise((resolve) => serviceWorker.addEventListener("controllerchange", resolve, { once: true }));
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (connection?.saveData) return;
  const file = (name: string): Promise<Response> => fetch(new URL(`./data/${name}`, document.baseURI));
  const { images, texts } = (await (await file("index.json")).json()) as ShardIndex;
  const places = [
    ...early.images.flatMap((name) => [...(images[name]?.train ?? []), ...(images[name]?.test ?? [])]),
    ...early.texts.flatMap((name) => texts[name]?.shard ?? []),
  ];
  for (const place of places) await (await file(place.file)).arrayBuffer();
}
