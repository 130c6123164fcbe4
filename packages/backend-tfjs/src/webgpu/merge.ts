/**
 * Launches that follow one another over the same elements become one: each invocation does its element of the first, then of the
 * second, and so on. Every result is still written, so nothing depends on who reads it later.
 */

import type { DeviceBuffer } from "./memory.ts";
import type { Binding, Launch } from "./program.ts";

/** Parameters of one launch, in words, with room for `threads`. */
const mostParameters = 120;

/** Where a read finds its words: a binding of its own, or what an earlier part wrote. */
function writerOf(parts: readonly Launch[], { buffer }: Binding): { part: number; binding: Binding } | undefined {
  for (let part = parts.length - 1; part >= 0; part--) {
    for (const binding of parts[part]!.writes) if (overlaps(binding.buffer, buffer)) return { part, binding };
  }
  return undefined;
}

const overlaps = (a: DeviceBuffer, b: DeviceBuffer): boolean => a.block === b.block && a.offset === b.offset;

export interface JoinLimits {
  /** Bindings of storage buffers a shader may have. */
  readonly maxBuffers: number;
  readonly mostParts: number;
}

/** Whether `next` may run in the same invocations as `parts`. */
export function joins(parts: readonly Launch[], next: Launch, { maxBuffers, mostParts }: JoinLimits): boolean {
  const first = parts[0]!;
  if (!next.pointwise || !first.pointwise || next.threads !== first.threads || parts.length >= mostParts) return false;
  let buffers = 0;
  let parameters = 0;
  for (const part of [...parts, next]) {
    buffers += part.reads.length + part.writes.length;
    parameters += Object.keys(part.ints ?? {}).length + Object.keys(part.floats ?? {}).length;
  }
  if (parameters > mostParameters) return false;
  for (const read of next.reads) {
    const writer = writerOf(parts, read);
    if (!writer) {
      // The block of a buffer written before, seen from elsewhere.
      if (parts.some(({ writes }) => writes.some(({ buffer }) => buffer.block === read.buffer.block))) return false;
      continue;
    }
    if (!read.own || writer.binding.type !== read.type || writer.binding.buffer.bytes !== read.buffer.bytes) return false;
    buffers--;
  }
  if (buffers > maxBuffers) return false;
  // What one invocation writes another must not still be reading, and a block is bound for reading or for writing.
  const written = new Set(next.writes.map(({ buffer }) => buffer.block));
  return !parts.some(({ reads, writes }) => [...reads, ...writes].some(({ buffer }) => written.has(buffer.block)));
}

/** One launch that does what `parts` do. */
export function merge(parts: readonly Launch[]): Launch {
  if (parts.length === 1) return parts[0]!;
  const reads: Binding[] = [];
  const writes: Binding[] = [];
  const ints: Record<string, number> = {};
  const floats: Record<string, number> = {};
  const renamed: Map<string, string>[] = [];
  let links = "";
  for (const [at, part] of parts.entries()) {
    const names = new Map<string, string>();
    for (const read of part.reads) {
      const writer = writerOf(parts.slice(0, at), read);
      const name = writer ? `${writer.binding.name}_${writer.part}` : `${read.name}_${at}`;
      names.set(read.name, name);
      if (writer) links += ` ${at}.${read.name}=${name}`;
      else reads.push({ ...read, name });
    }
    for (const write of part.writes) {
      names.set(write.name, `${write.name}_${at}`);
      writes.push({ ...write, name: `${write.name}_${at}` });
    }
    for (const name in part.ints) ints[`${name}_${at}`] = part.ints[name]!;
    for (const name in part.floats) floats[`${name}_${at}`] = part.floats[name]!;
    renamed.push(names);
  }
  const { threads } = parts[0] as { threads: number };
  return {
    name: parts.map(({ name }) => name).join(" + "),
    label: parts.map(({ name, label = name }) => label).join(" + "),
    variant: `${parts.map(({ variant = "" }) => variant).join(" + ")}${links}`,
    reads,
    writes,
    ints,
    floats,
    threads,
    declarations: () => [
      ...parts.flatMap(({ declarations }) => declarations?.() ?? []),
      ...parts.map((part, at) => `fn part${at}(i: i32) {\n${rename(part, renamed[at]!, at)}\n}`),
    ],
    body: () => parts.map((_, at) => `part${at}(i);`).join(" "),
  };
}

/** The body of a part with its bindings and parameters under their names in the whole. */
function rename({ body }: Launch, names: ReadonlyMap<string, string>, at: number): string {
  return body()
    .replace(/\bp\.(\w+)/g, (whole, name: string) => (name === "threads" ? whole : `p.${name}_${at}`))
    .replace(/(?<![.\w])([a-zA-Z]\w*)(?=\s*\[)/g, (name: string) => names.get(name) ?? name);
}
