/** The files that both loaders read, generated from a seed: bytes of 32 × 32 images, and a folder of JPEGs at 224 × 224. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rng } from "@dl/core";
import { resizeImage } from "@dl/data";
import jpeg from "jpeg-js";

export interface FileOptions {
  readonly folder: string;
  readonly count: number;
  readonly seed: number;
}

/** Images and labels as raw bytes; CIFAR-10's size and layout, noise for content, which costs the same. */
export function writeMemoryFiles({ folder, count, seed }: FileOptions): string {
  const target = join(folder, `memory-${count}`);
  if (existsSync(join(target, "labels.bin"))) return target;
  mkdirSync(target, { recursive: true });
  const words = new Rng(seed).fork("memory").words((count * 3072) / 4);
  writeFileSync(join(target, "images.bin"), new Uint8Array(words.buffer, 0, count * 3072));
  writeFileSync(
    join(target, "labels.bin"),
    Uint8Array.from({ length: count }, (_, i) => i % 10),
  );
  return target;
}

/** JPEGs of quality 85 with smooth shapes and fine grain, about 15 KB each, as photographs of that size have; ten classes. */
export function writeJpegFolder({ folder, count, seed }: FileOptions): string {
  const target = join(folder, `jpeg-${count}`);
  const rng = new Rng(seed).fork("jpeg");
  for (let i = 0; i < count; i++) {
    const path = join(target, `class-${i % 10}`, `${String(i).padStart(6, "0")}.jpg`);
    if (existsSync(path)) continue;
    mkdirSync(join(target, `class-${i % 10}`), { recursive: true });
    const bytes = new Uint8Array(rng.fork(String(i)).words(75).buffer);
    const smooth = resizeImage({ width: 10, height: 10, channels: 3, data: bytes }, { width: 224, height: 224 }).data;
    const grain = new Uint8Array(rng.fork(`grain ${i}`).words((224 * 224) / 4).buffer);
    const pixels = new Uint8Array(224 * 224 * 4).fill(255);
    for (let p = 0; p < 224 * 224; p++) {
      for (let c = 0; c < 3; c++) pixels[4 * p + c] = Math.max(0, Math.min(255, smooth[3 * p + c]! + ((grain[p]! - 128) >> 4)));
    }
    writeFileSync(path, jpeg.encode({ width: 224, height: 224, data: pixels }, 85).data);
  }
  return target;
}
