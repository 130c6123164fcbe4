import { DataError, type HostTensor, hostTensor, Rng, ShapeError } from "@dl/core";
import { expect, test } from "vitest";
import { batches } from "../batches.ts";
import { arrayDataset } from "../datasets/array-dataset.ts";
import { flip } from "./flip.ts";
import { jointly } from "./jointly.ts";
import { padCrop } from "./pad-crop.ts";
import { rotate } from "./rotate.ts";

/** Images whose two channels say where each pixel was, and masks that say the same: 1 + its number. */
function numbered(count: number, { height = 4, width = 5 } = {}) {
  const size = height * width;
  const place = Int32Array.from({ length: count * size }, (_, i) => 1 + (i % size));
  return arrayDataset({
    images: hostTensor(
      Float32Array.from({ length: count * size * 2 }, (_, i) => place[i >> 1]! * (i % 2 === 0 ? 1 : -1)),
      [count, height, width, 2],
    ),
    masks: hostTensor(place, [count, height, width]),
  });
}

const draw = (transform: Parameters<typeof jointly>[1], fields = ["images", "masks"]) => {
  const [batch] = batches(numbered(64), { batchSize: 64, transform: [jointly(fields, transform)], rng: new Rng(1) });
  return batch!;
};

test.each([
  ["flip", flip()],
  ["padCrop", padCrop({ padding: 2 })],
])("%s moves each mask with its image", (_, transform) => {
  const { images, masks } = draw(transform);
  expect(masks).toMatchObject({ dtype: "int32", shape: [64, 4, 5] });
  expect([...masks.data]).toEqual([...images.data].filter((_, i) => i % 2 === 0));
  const [plain] = batches(numbered(64), { batchSize: 64 });
  expect(masks.data).not.toEqual(plain!.masks.data);
  const [alone] = batches(numbered(64), { batchSize: 64, transform: [transform], rng: new Rng(1) });
  expect(images).toEqual(alone!.images);
});

test("classes that would be mixed, fields that are not there or have no places are named", () => {
  expect(() => draw(rotate({ degrees: 10 }))).toThrow(/expected int32 masks to stay whole, got .*mixes neighbours/);
  expect(() => draw(flip(), ["images", "depth"])).toThrow(DataError);
  const labels: Record<string, HostTensor> = { labels: hostTensor(new Int32Array(2), [2]) };
  expect(() => jointly(["labels"], flip())(labels, { indices: new Int32Array(2), rng: () => new Rng(1) })).toThrow(ShapeError);
});
