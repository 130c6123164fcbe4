/** A fingerprint of an example's content: FNV-1a over 32-bit words, twice with different starts. Fowler, Noll, Vo. */

import type { Example } from "../dataset.ts";

/** Equal for equal arrays; `skip` names fields that do not count, such as the label. */
export function contentHash(example: Example, { skip = [] }: { skip?: readonly string[] } = {}): string {
  let first = 0x811c9dc5;
  let second = 0x9747b28c;
  const mix = (word: number): void => {
    first = Math.imul(first ^ word, 0x01000193);
    first ^= first >>> 15;
    second = Math.imul(second ^ word, 0x5bd1e995);
    second ^= second >>> 13;
  };
  for (const field of Object.keys(example).sort()) {
    if (skip.includes(field)) continue;
    const { shape, data } = example[field]!;
    for (const size of shape) mix(size);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const whole = bytes.length & ~3;
    for (let i = 0; i < whole; i += 4) mix(view.getInt32(i, true));
    for (let i = whole; i < bytes.length; i++) mix(bytes[i]!);
    mix(bytes.length);
  }
  return `${(first >>> 0).toString(16).padStart(8, "0")}${(second >>> 0).toString(16).padStart(8, "0")}`;
}

/** Whether two examples hold the same, but for `skip`. */
export function sameContent(a: Example, b: Example, { skip = [] }: { skip?: readonly string[] } = {}): boolean {
  const fields = Object.keys(a).filter((field) => !skip.includes(field));
  return fields.every((field) => {
    const [left, right] = [a[field]!, b[field]];
    if (right === undefined || left.data.length !== right.data.length || left.shape.join() !== right.shape.join()) return false;
    for (let i = 0; i < left.data.length; i++) if (!Object.is(left.data[i], right.data[i])) return false;
    return true;
  });
}
