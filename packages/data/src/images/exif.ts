/** How a camera was held: the orientation tag of a JPEG. CIPA DC-008 (Exif 2.32), section 4.6.4, tag 274. */

const orientationTag = 0x0112;

/** 1 to 8; 1, upright, where the file does not say. Never throws: a photograph with odd metadata is still a photograph. */
export function exifOrientation(jpeg: Uint8Array): number {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  // Segments: 0xFF, marker, length (itself included). The metadata ends where the scan starts.
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff && jpeg[at + 1] !== 0xda; at += 2 + view.getUint16(at + 2)) {
    const isExif = jpeg[at + 1] === 0xe1 && at + 18 <= jpeg.length && view.getUint32(at + 4) === 0x45786966;
    if (isExif) return tiffOrientation(view, { start: at + 10, end: Math.min(jpeg.length, at + 2 + view.getUint16(at + 2)) });
  }
  return 1;
}

function tiffOrientation(view: DataView, { start, end }: { start: number; end: number }): number {
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  if (directory + 2 > end) return 1;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > end) return 1;
    if (view.getUint16(entry, little) !== orientationTag) continue;
    const orientation = view.getUint16(entry + 8, little);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}
