/** Images in folders: read for scores, written by `dl sample`. */

import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError, type HostTensor, hostTensor } from "@dl/core";
import { decodeImage, withChannels } from "@dl/data";
import { encodePng, pixelsOf } from "@dl/train";
import { writeFileAtomic } from "@dl/train/node";

/** How far apart red, green and blue of a grey pixel are after JPEG. */
const tint = 16;

/** Every PNG, JPEG and BMP in `folder`, as `[N, H, W, channels]` in [0, 1]. All must be of one size; where one channel is asked for, grey. */
export async function readImages(folder: string, { channels }: { channels: 1 | 3 }): Promise<HostTensor> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new DataError(`${folder}: expected a folder of images, got ${error.code ?? error.message}.`);
  });
  const files = names.filter((name) => /\.(png|jpe?g|bmp)$/i.test(name)).sort();
  if (files.length === 0) throw new DataError(`${folder}: expected PNG, JPEG or BMP files, got none among ${names.length} names.`);
  let data: Float32Array | undefined;
  let size = { width: 0, height: 0 };
  for (const [i, name] of files.entries()) {
    const path = join(folder, name);
    const decoded = decodeImage(await readFile(path), { name: path });
    // Greyed, colours would be scored as images that nobody made.
    if (channels === 1 && isColoured(decoded)) {
      throw new DataError(
        `${path}: expected a grey image, for an extractor of grey ones, got colours. Name one of colours by --extractor, such as a run of features-cifar10 or Inception, or make the images grey.`,
      );
    }
    const image = withChannels(decoded, channels);
    if (!data) {
      size = image;
      data = new Float32Array(files.length * image.data.length);
    }
    if (image.width !== size.width || image.height !== size.height) {
      throw new DataError(
        `${path}: expected ${size.width}×${size.height} pixels, as ${files[0]} has, got ${image.width}×${image.height}. Resize them first.`,
      );
    }
    for (const [at, byte] of image.data.entries()) data[i * image.data.length + at] = byte / 255;
  }
  return hostTensor(data!, [files.length, size.height, size.width, channels]);
}

function isColoured({ data }: { readonly data: Uint8Array }): boolean {
  for (let at = 0; at < data.length; at += 3) {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!];
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > tint) return true;
  }
  return false;
}

/** Writes each of `images` `[N, H, W, C]` in [−1, 1] as `00000.png` and so on. */
export async function writeImages(folder: string, { shape, data }: HostTensor): Promise<void> {
  const [count, height, width, channels] = shape as readonly [number, number, number, number];
  await mkdir(folder, { recursive: true });
  const size = height * width * channels;
  for (let i = 0; i < count; i++) {
    const image = hostTensor(Float32Array.from(data.subarray(i * size, (i + 1) * size)), [height, width, channels]);
    await writeFileAtomic(join(folder, `${String(i).padStart(5, "0")}.png`), encodePng(pixelsOf(image, { low: -1, high: 1 })));
  }
}
