import { CheckpointError, hostTensor, OptionError } from "@dl/core";
import { describe, expect, test } from "vitest";
import { fromStored } from "./convert.ts";
import { writeSafetensors } from "./safetensors.ts";
import { parseShardIndex, planShards, readShards } from "./shards.ts";

const tensors = new Map([
  ["b.weight", hostTensor(Float32Array.of(1, 2), [2])],
  ["a.weight", hostTensor(Float32Array.of(3, 4, 5), [3])],
  ["a.bias", hostTensor(Float32Array.of(6), [1])],
]);

describe("shards", () => {
  test("are filled in order up to the limit, and named as transformers names them", () => {
    const { shards, index } = planShards(tensors, { maximumBytes: 16 });
    expect([...shards].map(([file, shard]) => [file, [...shard.keys()]])).toEqual([
      ["model-00001-of-00002.safetensors", ["b.weight"]],
      ["model-00002-of-00002.safetensors", ["a.weight", "a.bias"]],
    ]);
    expect(JSON.parse(index)).toEqual({
      metadata: { total_size: 24 },
      weight_map: {
        "a.bias": "model-00002-of-00002.safetensors",
        "a.weight": "model-00002-of-00002.safetensors",
        "b.weight": "model-00001-of-00002.safetensors",
      },
    });
  });

  test("read back as one model, each file fetched once", async () => {
    const { shards, index } = planShards(tensors, { maximumBytes: 16 });
    const fetched: string[] = [];
    const read = await readShards(parseShardIndex(index), async (file) => {
      fetched.push(file);
      return writeSafetensors(shards.get(file)!);
    });
    expect(new Map([...read].map(([name, tensor]) => [name, fromStored(tensor)]))).toEqual(tensors);
    expect(fetched.length).toBe(2);
  });

  test("a tensor larger than the limit gets a file to itself", () => {
    expect(planShards(tensors, { maximumBytes: 1 }).shards.size).toBe(3);
    for (const maximumBytes of [NaN, 0, -1]) expect(() => planShards(tensors, { maximumBytes })).toThrow(OptionError);
  });

  test.each(["../secret.safetensors", "/etc/x.safetensors", "a/b.safetensors", "C:x.safetensors", "a\\b.safetensors", "weights.bin"])(
    "an index may not lead to %s",
    (file) => {
      const index = JSON.stringify({ weight_map: { w: file } });
      expect(() => parseShardIndex(index, { file: "index.json" })).toThrow(
        /^index\.json: tensor "w": expected the name of a \.safetensors file/,
      );
    },
  );

  test("a shard without a tensor the index promises, and one with a tensor it does not", async () => {
    const index = parseShardIndex(JSON.stringify({ weight_map: { w: "m.safetensors", v: "m.safetensors" } }));
    const only = (name: string) => async () => writeSafetensors(new Map([[name, hostTensor(Float32Array.of(1), [1])]]));
    await expect(readShards(index, only("w"))).rejects.toThrow(/m\.safetensors: expected tensor "v"/);
    await expect(readShards(index, only("x"))).rejects.toThrow(CheckpointError);
  });

  test("an index that is no index", () => {
    expect(() => parseShardIndex("{}", { file: "i.json" })).toThrow(/i\.json: expected an object with "weight_map"/);
    expect(() => parseShardIndex("[", { file: "i.json" })).toThrow(/i\.json: not valid JSON/);
  });
});
