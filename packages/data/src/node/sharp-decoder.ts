/** Decodes with libvips, where the package sharp is installed: sharp.pixelplumbing.com. */

import { DataError, UnsupportedError } from "@dl/core";
import type { Sharp } from "sharp";
import { withChannels } from "../images/image.ts";
import { hasLateExif } from "../images/png-chunks.ts";
import { decodeSized, type FolderDecoder } from "./lazy-image-folder.ts";

/**
 * A decoder for `lazyImageFolder` that uses sharp, several times as fast as JavaScript. JPEG pixels differ from those of `decodeImage` by
 * a few levels of 256: another inverse transform, another filter for chroma.
 *
 * @throws UnsupportedError when sharp is not installed: it is an optional peer of this package.
 */
export async function openSharpDecoder(): Promise<FolderDecoder> {
  const { default: sharp } = await import("sharp").catch((error: unknown) => {
    throw new UnsupportedError(
      `openSharpDecoder: expected the package sharp, got ${error instanceof Error ? error.message.split("\n")[0] : String(error)}. Install it: npm install sharp.`,
    );
  });
  // Each image on one thread: many are decoded at once.
  sharp.concurrency(1);
  sharp.cache(false);
  const withoutAlpha = async (image: Sharp): Promise<Sharp> => {
    const opaque = image.removeAlpha().toColourspace("srgb").raw({ depth: "uchar" });
    const { data, info } = await opaque.toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    return sharp(data, { raw: { width, height, channels } });
  };
  return async (file, size) => {
    const { width, height, channels, fit, name } = size;
    const isPng = file[0] === 0x89;
    // libvips reads no bitmaps, and no orientation that stands behind the rows of a PNG.
    if ((file[0] === 0x42 && file[1] === 0x4d) || (isPng && hasLateExif(file))) return decodeSized(file, size);
    try {
      const image = sharp(file, { failOn: "truncated", limitInputPixels: 100e6 }).autoOrient();
      // Sharp weighs colours by alpha when it resizes, wherever removeAlpha stands: what is hidden would come out black. JPEGs have none,
      // and are read faster by a decoder that knows the size.
      const { data, info } = await (isPng ? await withoutAlpha(image) : image)
        .resize(width, height, { fit: fit === "crop" ? "cover" : "fill", kernel: "linear" })
        .removeAlpha()
        .toColourspace("srgb")
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true });
      const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return withChannels({ width, height, channels: info.channels === 1 ? 1 : 3, data: pixels }, channels).data;
    } catch (error) {
      throw new DataError(
        `openSharpDecoder: expected ${name} to be a whole image, got: ${error instanceof Error ? error.message : String(error)}.`,
      );
    }
  };
}
