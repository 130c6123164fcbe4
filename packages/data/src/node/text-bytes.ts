/** The text of a file as the bytes of UTF-8, whatever the file is encoded in. Labels: the WHATWG's Encoding Standard, section 4.2. */

import { DataError, OptionError } from "@dl/core";
import { fileBytes, withoutFirst } from "./file-bytes.ts";

/** Bytes decoded at once: as near as an error says where it is. */
const slice = 256;

/** The standard's name for a label: `latin1` is `windows-1252`. */
export function encodingNamed(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    throw new OptionError(
      `DataStream: expected an encoding that TextDecoder knows, such as "utf-8", "windows-1252" or "utf-16le", got ${JSON.stringify(label)}.`,
    );
  }
}

/**
 * Bytes of UTF-8: those of the file itself where it is UTF-8, which are not checked here.
 *
 * @param options.start  In bytes of what is given. Default 0.
 * @throws DataError, when they are read, for bytes that are no text in another encoding.
 */
export function textBytes(
  path: string,
  { encoding, start = 0 }: { encoding: string; start?: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  return encoding === "utf-8" ? fileBytes(path, start) : withoutFirst(start, transcoded(path, encoding));
}

async function* transcoded(path: string, encoding: string): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  const encoder = new TextEncoder();
  let at = 0;
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      throw new DataError(
        `DataStream: expected ${path} to be ${encoding}, got other bytes before byte ${at + (bytes?.length ?? 0)}. Pass the file's encoding, or convert it to UTF-8.`,
      );
    }
  };
  for await (const chunk of fileBytes(path)) {
    let text = "";
    for (let from = 0; from < chunk.length; from += slice) {
      const bytes = chunk.subarray(from, from + slice);
      text += decode(bytes);
      at += bytes.length;
    }
    yield encoder.encode(text);
  }
  yield encoder.encode(decode());
}
