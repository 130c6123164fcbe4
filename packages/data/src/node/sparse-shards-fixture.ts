/** Tar shards whose bodies are holes: as large as asked for, a few blocks on the disk. */

import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { tarMember } from "../formats/tar-writer.ts";

export interface SparseShardsOptions {
  readonly shards: number;
  readonly samplesPerShard: number;
  /** Bytes of one sample, a multiple of 512; its first four hold its number. */
  readonly sampleBytes: number;
}

/** Writes the shards into `folder`; returns their paths. */
export function writeSparseShards(folder: string, { shards, samplesPerShard, sampleBytes }: SparseShardsOptions): string[] {
  const body = new Uint8Array(sampleBytes);
  return Array.from({ length: shards }, (_, shard) => {
    const path = join(folder, `sparse-${shard}.tar`);
    const file = openSync(path, "w");
    for (let i = 0; i < samplesPerShard; i++) {
      const number = shard * samplesPerShard + i;
      const [header] = tarMember(`${number}.bin`, body) as [Uint8Array];
      const at = i * (512 + sampleBytes);
      writeSync(file, header, 0, 512, at);
      writeSync(file, new Uint8Array(Int32Array.of(number).buffer), 0, 4, at + 512);
    }
    ftruncateSync(file, samplesPerShard * (512 + sampleBytes) + 1024);
    closeSync(file);
    return path;
  });
}
