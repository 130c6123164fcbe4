/**
 * Keeps the studio: what the build lists at once, data sets when they are first fetched. Adds the headers that isolate a page, so that
 * threads work on hosts that cannot set them. Bundled by `build/offline.ts`, which fills in the lists.
 */

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope {
  addEventListener(type: "install" | "activate", listen: (event: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", listen: (event: FetchEvent) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly registration: { readonly scope: string };
}

/** Filled in by the build. */
declare const kept: readonly string[];
declare const version: string;

const scope = globalThis as unknown as Scope;
const codeCache = `dl-studio-code-${version}`;
/** Names of shards hold their checksum: they never change. */
const dataCache = "dl-studio-data-1";

scope.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(codeCache)
      .then((cache) => cache.addAll(kept.map((file) => new Request(new URL(file, scope.registration.scope), { cache: "no-cache" }))))
      .then(() => scope.skipWaiting()),
  );
});

scope.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== codeCache && name !== dataCache).map((name) => caches.delete(name))))
      .then(() => scope.clients.claim()),
  );
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || !request.url.startsWith(scope.registration.scope)) return;
  const answer = answerOf(request, url);
  if (answer) event.respondWith(answer().then(isolated));
});

/** How the studio's own files are had; undefined for others, which may lie beside it on a host and are none of its business. */
function answerOf(request: Request, url: URL): (() => Promise<Response>) | undefined {
  const path = url.href.slice(scope.registration.scope.length).replace(/[?#].*$/, "");
  const code = (): Promise<Cache> => caches.open(codeCache);
  const data = (): Promise<Cache> => caches.open(dataCache);
  if (path === "" || path === "index.html")
    return async () => fresh(request, await code(), new URL("index.html", scope.registration.scope).href);
  if (path === "data/index.json") return async () => fresh(request, await data(), url.href);
  if (path.startsWith("data/")) return async () => first(request, await data());
  // A newer page may ask for files that this worker does not know yet; their names hold their checksum.
  if (kept.includes(path) || path.startsWith("assets/")) return async () => first(request, await code());
  // The documentation changes under one name.
  if (path.startsWith("api/")) return async () => fresh(request, await code(), url.href);
  return undefined;
}

/** From the network, and from the cache where there is none: for what changes under one name. */
async function fresh(request: Request, cache: Cache, key: string): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.ok) await keep(cache, key, response);
    return response;
  } catch (error) {
    const found = await cache.match(key);
    if (found) return found;
    throw error;
  }
}

/** From the cache, and from the network once. */
async function first(request: Request, cache: Cache): Promise<Response> {
  const found = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
  if (found) return found;
  const response = await fetch(request);
  if (response.ok && response.status === 200) await keep(cache, request.url, response);
  return response;
}

/** A full disk is no reason not to answer. */
async function keep(cache: Cache, key: string, response: Response): Promise<void> {
  await cache.put(key, response.clone()).catch(() => undefined);
}

/** With the headers that let a page share memory. */
function isolated(response: Response): Response {
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
