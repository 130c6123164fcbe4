import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng, zeros } from "@dl/core";
import { inference } from "@dl/nn";
import { expect, test } from "vitest";
import { formatLayers, parseLayers, shapeLayers } from "./layer-words.ts";
import { networkOfWords } from "./networks.ts";

const images = { shape: [28, 28, 1], classes: 10 } as const;

test("words are read and written again, in one form", () => {
  expect(formatLayers(parseLayers(" Conv16, pool → DENSE64  drop25 norm "))).toBe("conv16 pool dense64 drop25 norm");
});

test("shapes and parameters are those of the network that is built", async () => {
  const text = "conv6 norm pool conv8 pool drop10 dense12 norm";
  const shaped = shapeLayers(parseLayers(text), { image: images.shape, classes: 10 });
  // 3·3·1·6 + 6, 2·6, –, 3·3·6·8 + 8, –, –, 7·7·8·12 + 12, 2·12, 12·10 + 10
  expect(shaped.map(({ parameters }) => parameters)).toEqual([60, 12, 0, 440, 0, 0, 4716, 24, 130]);
  expect(shaped[4]!.shape).toEqual([7, 7, 8]);
  await using device = await openDevice(cpu());
  using model = networkOfWords(text, { images, rng: new Rng(1) });
  expect(model.parameterCount).toBe(shaped.reduce((sum, { parameters }) => sum + parameters, 0));
  const logits = await device.compute(() => model.forward(zeros([2, 28, 28, 1]), inference));
  expect(logits.shape).toEqual([2, 10]);
});

test.each([
  ["conv16 blub", '"blub": expected a layer: conv32, norm, pool, dense64 or drop25.'],
  ["conv", '"conv": expected conv with a number from 1 to 256, such as conv32.'],
  ["dense4000", '"dense4000": expected dense with a number from 1 to 1024, such as dense32.'],
  ["dense8 conv4", '"conv4" comes after a dense layer, where there is no picture any more. Put it before.'],
  ["pool pool pool pool pool", "There are too many pools: the picture is down to 1 × 1 already."],
  ["norm ".repeat(17), "A network here has at most 16 layers, got 17."],
])("%s is refused with what to do", (text, message) => {
  expect(() => shapeLayers(parseLayers(text), { image: images.shape, classes: 10 })).toThrow(message);
});
