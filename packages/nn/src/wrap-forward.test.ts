import { cpu } from "@dl/backend-cpu";
import { openDevice, Rng, type Tensor, tensor } from "@dl/core";
import { expect, test } from "vitest";
import { Linear } from "./layers/linear.ts";
import { wrapForward } from "./wrap-forward.ts";

test("wraps stand one around the other, and go in any order", async () => {
  await using device = await openDevice(cpu());
  const one = { shape: [1, 1], dtype: "float32", data: Float32Array.of(1) } as const;
  using layer = new Linear({ inputs: 1, outputs: 1, bias: false, weightInit: () => one, rng: new Rng(1) });
  const answer = (): Promise<number> => device.compute(() => layer.forward(tensor([[1]])).sum());
  const before = layer.forward;
  const twice = (forward: (x: Tensor) => Tensor, x: Tensor): Tensor => forward(x).mul(2);
  const first = wrapForward(layer, twice);
  const second = wrapForward(layer, (forward, x) => forward(x).add(1));
  expect(await answer()).toBe(3);
  const third = wrapForward(layer, twice);
  expect(await answer()).toBe(6);
  first();
  first();
  expect(await answer()).toBe(4);
  third();
  second();
  expect(await answer()).toBe(1);
  expect(layer.forward).toBe(before);
  expect([...layer.state().keys()]).toEqual(["weight"]);
});
