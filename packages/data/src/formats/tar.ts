/**
 * Reads tar archives as a stream: POSIX ustar with pax records and GNU long names. IEEE Std 1003.1, "pax", "ustar Interchange Format".
 *
 * It never writes by an archive's own names: it gives entries to the caller, who takes the ones asked for and says where they go.
 * So no archive can reach outside, whatever its paths or links say.
 */

import { DataError } from "@dl/core";

/** A regular file in an archive. Its `body` must be read before the next entry is asked for, or is skipped. */
export interface TarEntry {
  readonly path: string;
  readonly size: number;
  /** Where the next entry's header begins, in bytes from where the stream began: a stream cut there goes on with it. */
  readonly end: number;
  readonly body: AsyncIterable<Uint8Array>;
}

const block = 512;
// Names, not contents: nothing honest comes near.
const longestMetadata = 1 << 20;

/** The regular files of an uncompressed tar stream, in order; folders, links and devices are passed over. */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void, undefined> {
  const reader = new ChunkReader(stream);
  try {
    yield* entriesOf(reader);
  } finally {
    // A reader that stops early must stop the stream too: what still failed in it would be nobody's error.
    await reader.close();
  }
}

async function* entriesOf(reader: ChunkReader): AsyncGenerator<TarEntry, void, undefined> {
  let longPath: string | undefined;
  let longSize: number | undefined;
  for (;;) {
    const header = await reader.exactly(block);
    if (header === undefined || header.every((byte) => byte === 0)) return;
    checkSum(header);
    const type = String.fromCharCode(header[156]!);
    const isMetadata = type === "x" || type === "L";
    // What a pax record says goes before the header, which may lack the room: POSIX, "pax Extended Header".
    const size = (isMetadata || type === "g" ? undefined : longSize) ?? numberAt(header, 124, 12);
    const padding = (block - (size % block)) % block;
    if (isMetadata) {
      if (size > longestMetadata) throw new DataError(`readTar: expected metadata of at most ${longestMetadata} bytes, got ${size}.`);
      const bytes = await reader.demand(size);
      if (type === "L") longPath = new TextDecoder().decode(bytes).replace(/\0.*$/s, "");
      else {
        const records = paxRecords(bytes);
        longPath = records.get("path") ?? longPath;
        longSize = paxSize(records.get("size")) ?? longSize;
      }
      await reader.demand(padding);
      continue;
    }
    let left = size;
    const body = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      while (left > 0) {
        const chunk = await reader.upTo(left);
        left -= chunk.length;
        yield chunk;
      }
    };
    if (type === "0" || type === "\0") {
      const prefix = textAt(header, 345, 155);
      const path = textAt(header, 0, 100);
      const end = reader.position + size + padding;
      yield { path: longPath ?? (prefix === "" ? path : `${prefix}/${path}`), size, end, body: body() };
    }
    if (type !== "g") longPath = longSize = undefined;
    while (left > 0) left -= (await reader.upTo(left)).length;
    await reader.demand(padding);
  }
}

/** Cuts a stream of chunks at the places a format wants. */
class ChunkReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  /** Bytes given so far. */
  position = 0;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  /** At least one and at most `most` bytes. */
  async upTo(most: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) throw new DataError("readTar: expected more of the archive, got its end. The file is cut off.");
      this.#rest = value;
    }
    const chunk = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(chunk.length);
    this.position += chunk.length;
    return chunk;
  }

  /** Exactly `length` bytes, which the caller has bounded. */
  async demand(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const chunk = await this.upTo(length - at);
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }

  /** Exactly `length` bytes, or `undefined` at the end of the stream. */
  async exactly(length: number): Promise<Uint8Array | undefined> {
    if (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) return undefined;
      this.#rest = value;
    }
    return this.demand(length);
  }
}

function textAt(header: Uint8Array, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** Octal digits, or GNU's base 256 when the first bit is set. */
function numberAt(header: Uint8Array, at: number, length: number): number {
  if ((header[at]! & 0x80) !== 0) {
    let value = header[at]! & 0x7f;
    for (let i = at + 1; i < at + length; i++) value = value * 256 + header[i]!;
    if (!Number.isSafeInteger(value)) throw new DataError(`readTar: expected a size below 2⁵³, got ${value}.`);
    return value;
  }
  const digits = textAt(header, at, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw new DataError(`readTar: expected octal digits, got ${JSON.stringify(digits)}.`);
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function checkSum(header: Uint8Array): void {
  let sum = 0;
  // The sum's own eight bytes count as spaces.
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 32 : header[i]!;
  if (numberAt(header, 148, 8) !== sum)
    throw new DataError("readTar: expected a header whose checksum fits, got another. This is no tar archive.");
}

/** Pax records, each `length key=value\n`, the length in bytes including itself: a value may hold ends of lines. */
function paxRecords(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    // No length of metadata has more digits.
    const digits = /^(\d{1,7}) /.exec(decoder.decode(bytes.subarray(at, at + 8)))?.[1];
    const end = at + Number(digits);
    const [, key, value] = /^\d+ ([^=]+)=(.*)\n$/s.exec(decoder.decode(bytes.subarray(at, end))) ?? [];
    if (digits === undefined || end > bytes.length || key === undefined) {
      throw new DataError(
        `readTar: expected pax records "length key=value", got another form at byte ${at} of them. The archive is damaged.`,
      );
    }
    records.set(key, value!);
    at = end;
  }
  return records;
}

/** Decimal digits; nothing, which withdraws the record, for an empty text. */
function paxSize(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new DataError(`readTar: expected a pax size of decimal digits below 2⁵³, got ${JSON.stringify(text.slice(0, 40))}.`);
  }
  return Number(text);
}
