/** Reads sparse shards in a process of its own, shuffled and batched, and reports the memory it took. */

import { type HostTensor, Rng } from "@dl/core";
import { batches } from "@dl/data";
import { tarShards } from "@dl/data/node";

const paths = JSON.parse(process.argv[2]!) as string[];
const images = tarShards(paths, { shuffle: new Rng(1) }).map(({ files }): { image: HostTensor; number: HostTensor } => {
  const bytes = files.bin!;
  const number = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  return {
    image: { shape: [bytes.length], dtype: "bool", data: bytes },
    number: { shape: [], dtype: "int32", data: Int32Array.of(number) },
  };
});
let count = 0;
let sum = 0;
let bytes = 0;
let inOrder = 0;
let last = -1;
for await (const { image, number } of batches(images, { batchSize: 32, shuffle: new Rng(2), shuffleBuffer: 250 })) {
  bytes += image.data.length;
  for (const value of number.data) {
    count++;
    sum += value;
    if (value === last + 1) inOrder++;
    last = value;
  }
}
console.log(JSON.stringify({ count, sum, bytes, inOrder, peakBytes: process.resourceUsage().maxRSS * 1024 }));
