/** What our workers run: the same files and the same transforms as `torch_loader.py`. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  arrayDataset,
  byteColumn,
  cutout,
  type Dataset,
  type Example,
  flip,
  type ImageBatch,
  normalize,
  padCrop,
  type Transform,
} from "@dl/data";
import { cifar10Statistics, lazyImageFolder, openSharpDecoder } from "@dl/data/node";

export interface LoadingInput {
  readonly kind: "memory" | "jpeg";
  readonly folder: string;
  readonly decoder: "javascript" | "sharp";
}

export async function pipeline({ kind, folder, decoder }: LoadingInput): Promise<{
  dataset: Dataset<Example<"images" | "labels">>;
  transform: Transform<ImageBatch>[];
}> {
  const [padding, size] = kind === "memory" ? [4, 8] : [16, 56];
  const transform = [padCrop({ padding }), flip(), normalize(cifar10Statistics), cutout({ size })];
  if (kind === "jpeg") {
    const options = { width: 224, height: 224 };
    const images =
      decoder === "sharp"
        ? await lazyImageFolder(folder, { ...options, decoder: await openSharpDecoder() })
        : await lazyImageFolder(folder, options);
    return { dataset: images, transform };
  }
  const labels = Int32Array.from(readFileSync(join(folder, "labels.bin")));
  const images = byteColumn(readFileSync(join(folder, "images.bin")), [labels.length, 32, 32, 3]);
  return { dataset: arrayDataset({ images, labels: { shape: [labels.length], dtype: "int32", data: labels } }), transform };
}
