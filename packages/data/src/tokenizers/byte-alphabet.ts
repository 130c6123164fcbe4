/** A printable character for every byte, as GPT-2 writes its tokens. Radford et al. 2019, `bytes_to_unicode`. */

/** The bytes that stand for themselves: printable Latin-1 without the space and the soft hyphen. */
const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);

/** The character of each byte: itself if printable, else the next free one from U+0100 up. A space is Ġ. */
export const byteCharacters: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

const bytesOfCharacters: ReadonlyMap<string, number> = new Map(byteCharacters.map((character, byte) => [character, byte]));

/** UTF-8 of `text`, each byte as its character. */
export function toByteCharacters(text: string): string {
  let out = "";
  for (const byte of new TextEncoder().encode(text)) out += byteCharacters[byte]!;
  return out;
}

/** The bytes that `token` writes, or `undefined` if a character of it stands for none. */
export function fromByteCharacters(token: string): number[] | undefined {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = bytesOfCharacters.get(character);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return bytes;
}
