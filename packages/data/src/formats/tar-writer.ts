/** Writes tar archives, piece by piece: POSIX ustar, with pax records for long names. IEEE Std 1003.1, "pax". */

import { DataError } from "@dl/core";

const block = 512;
const encoder = new TextEncoder();

/** The header, the body and its padding of one regular file. Equal files give equal bytes: no date, no owner. */
export function tarMember(path: string, body: Uint8Array): Uint8Array[] {
  if (path === "" || path.startsWith("/") || path.split("/").includes("..") || path.includes("\0")) {
    throw new DataError(`tarMember: expected a relative path that stays inside, got ${JSON.stringify(path)}.`);
  }
  const pieces: Uint8Array[] = [];
  if (encoder.encode(path).length > 100) {
    const record = paxRecord("path", path);
    pieces.push(header("././@PaxHeader", { size: record.length, type: "x" }), record, padding(record.length));
  }
  pieces.push(
    header(encoder.encode(path).length > 100 ? path.slice(0, 20) : path, { size: body.length, type: "0" }),
    body,
    padding(body.length),
  );
  return pieces;
}

/** What ends an archive. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * block);
}

function header(path: string, { size, type }: { size: number; type: string }): Uint8Array {
  const bytes = new Uint8Array(block);
  const write = (text: string, at: number): void => bytes.set(encoder.encode(text), at);
  write(path, 0);
  write("0000644\0", 100);
  write("0000000\0", 108);
  write("0000000\0", 116);
  if (size < 8 ** 11) write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  else {
    // GNU's form for what eleven octal digits cannot say: base 256, the first bit set.
    bytes[124] = 0x80;
    let rest = size;
    for (let at = 135; at > 124 && rest > 0; at--, rest = Math.floor(rest / 256)) bytes[at] = rest % 256;
  }
  write("00000000000\0", 136);
  write(" ".repeat(8), 148);
  write(type, 156);
  write("ustar\x0000", 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return bytes;
}

function padding(size: number): Uint8Array {
  return new Uint8Array((block - (size % block)) % block);
}

/** `length key=value\n`, the length in bytes including itself. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return encoder.encode(`${length} ${key}=${value}\n`);
}
