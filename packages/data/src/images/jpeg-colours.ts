/** Which colours the three components of a JPEG are: as libjpeg tells them apart, jdapimin.c, `default_decompress_parms`. */

import { beginsWith, jpegSegments } from "./jpeg-segments.ts";

/**
 * Whether a JPEG of three components holds red, green and blue as they are, not luma and chroma: JFIF is always the latter, Adobe's
 * segment says which, and where neither is there, components named `R`, `G` and `B` are meant so. Adobe Technical Note 5116, section 18.
 */
export function isRgbJpeg(file: Uint8Array): boolean {
  let adobeTransform: number | undefined;
  let names: readonly number[] = [];
  for (const { marker, data } of jpegSegments(file)) {
    if (marker === 0xe0 && data.length >= 14 && beginsWith(data, "JFIF\0")) return false;
    if (marker === 0xee && data.length >= 12 && beginsWith(data, "Adobe")) adobeTransform = data[11];
    // A frame header: depth, height, width, and how many components of three bytes there are, the name first.
    if (frameHeaders.includes(marker) && data.length >= 15 && data[5] === 3) names = [data[6]!, data[9]!, data[12]!];
  }
  if (names.length === 0) return false;
  return adobeTransform === undefined ? String.fromCharCode(...names) === "RGB" : adobeTransform === 0;
}

/** Baseline, extended and progressive with Huffman codes: what is decoded here. */
const frameHeaders: readonly number[] = [0xc0, 0xc1, 0xc2];
