import { cpu } from "@dl/backend-cpu";
import { expect, test } from "vitest";
import { grad, type HostTensor, mul, openDevice, relu, type Tensor, tensor, withReluRule } from "../index.ts";
import { linear } from "./linear.ts";

const guided = (g: Tensor, y: Tensor): Tensor => mul(relu(g), y.greater(0).cast("float32"));

test("a rule acts on every ReLU inside, fused ones too, and on none after", async () => {
  await using device = await openDevice(cpu());
  const { inside, fused, after } = (await device.compute(() => {
    const x = tensor([[-1, 2, 3]]);
    const weigh = tensor([[1, -3, 1]]);
    const plain = (): Tensor => grad(() => relu(x).mul(weigh).sum(), [x])[0]!;
    const identity = tensor([
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]);
    const inside = withReluRule(guided, plain);
    const fused = withReluRule(guided, () => grad(() => linear(x, identity, { activation: "relu" }).mul(weigh).sum(), [x])[0]!);
    return { inside, fused, after: plain() };
  })) as Record<string, HostTensor>;
  expect([...inside!.data]).toEqual([0, 0, 1]);
  expect([...fused!.data]).toEqual([0, 0, 1]);
  expect([...after!.data]).toEqual([0, -3, 1]);
});

test("an error inside does not leave the rule in force", async () => {
  await using device = await openDevice(cpu());
  const slope = (await device.compute(() => {
    expect(() =>
      withReluRule(guided, () => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    const x = tensor([1]);
    return grad(() => relu(x).mul(-2).sum(), [x])[0]!;
  })) as HostTensor;
  expect([...slope.data]).toEqual([-2]);
});
