/** The segments before the first scan of a JPEG. ITU-T T.81, annex B.1.1. */

export interface JpegSegment {
  /** The second byte of its marker: 0xe0 for APP0. */
  readonly marker: number;
  /** What it holds, without marker and length; cut where the file ends. */
  readonly data: Uint8Array;
}

/** The segments of `file` up to the first scan, or to where they make no sense. Never throws. */
export function* jpegSegments(file: Uint8Array): Generator<JpegSegment, void, undefined> {
  for (let at = 2; at + 4 <= file.length && file[at] === 0xff; ) {
    const marker = file[at + 1]!;
    // Any number of 0xff may stand before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xda) return;
    // The length counts its own two bytes.
    const end = at + 2 + 256 * file[at + 2]! + file[at + 3]!;
    yield { marker, data: file.subarray(at + 4, Math.max(at + 4, end)) };
    at = end;
  }
}

/** Whether `data` begins with the letters of `text`. */
export function beginsWith(data: Uint8Array, text: string): boolean {
  return data.length >= text.length && Array.from(text).every((letter, i) => data[i] === letter.charCodeAt(0));
}
