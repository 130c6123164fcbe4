/** Writes small tar archives, honest and not, for tests. */

export interface TarFixtureEntry {
  path: string;
  body: string | Uint8Array;
  /** The type flag. Default `"0"`, a regular file. */
  type?: string;
  /** The size the header claims. Default: the body's. */
  size?: number;
}

/** An ustar archive of `entries`. */
export function tarFile(entries: readonly TarFixtureEntry[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const { path, body, type = "0", size } of entries) {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const header = new Uint8Array(512);
    const write = (text: string, at: number): void => header.set(new TextEncoder().encode(text), at);
    write(path, 0);
    write((size ?? bytes.length).toString(8).padStart(11, "0"), 124);
    write(" ".repeat(8), 148);
    write(type, 156);
    write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    blocks.push(header, bytes, new Uint8Array((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, new Uint8Array(1024)]);
}
