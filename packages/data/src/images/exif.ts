/** How a camera was held: the orientation tag of Exif data. CIPA DC-008 (Exif 2.32), section 4.6.4, tag 274. */

import { beginsWith, jpegSegments } from "./jpeg-segments.ts";

const orientationTag = 0x0112;

/** 1 to 8; 1, upright, where the JPEG does not say. Never throws: a photograph with odd metadata is still a photograph. */
export function exifOrientation(jpeg: Uint8Array): number {
  for (const { marker, data } of jpegSegments(jpeg)) {
    if (marker === 0xe1 && beginsWith(data, "Exif")) return tiffOrientation(data.subarray(6));
  }
  return 1;
}

/** The orientation that `tiff` gives, the Exif data without what a file puts in front of them: 1 to 8, 1 where they do not say. Never throws. */
export function tiffOrientation(tiff: Uint8Array): number {
  if (tiff.length < 8) return 1;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.length) return 1;
    if (view.getUint16(entry, little) !== orientationTag) continue;
    const orientation = view.getUint16(entry + 8, little);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}
