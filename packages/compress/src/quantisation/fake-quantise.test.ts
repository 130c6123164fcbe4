import { Cell, type HostTensor, sum, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { describe, expect, test } from "vitest";
import { onDevice } from "../compress-fixture.ts";
import { asTensor, torch } from "../torch-fixture.ts";
import { fakeQuantise } from "./fake-quantise.ts";

const close = (values: ArrayLike<number>, digits = 5): unknown[] => Array.from(values, (value) => expect.closeTo(value, digits));

describe("fake quantisation", () => {
  test("value as torch has it", async () => {
    await onDevice(async (device) => {
      const { values, scale, zeroPoint, rounded } = torch.affine;
      const y = (await device.compute(() =>
        fakeQuantise(tensor(asTensor(values, [values.length])), { scale: tensor(scale), zeroPoint: tensor(zeroPoint) }),
      )) as unknown as HostTensor;
      expect([...y.data]).toEqual(close(rounded));
    });
  });

  const gradients = async (
    x: HostTensor,
    {
      scale,
      zeroPoint,
      gradient,
      low,
      factor,
    }: { scale: HostTensor; zeroPoint: HostTensor; gradient: HostTensor; low: number; factor: number },
  ): Promise<Record<"y" | "dx" | "dscale" | "dzero", readonly number[]>> => {
    const [xs, ss, zs] = [new Cell(x), new Cell(scale), new Cell(zeroPoint)];
    return await onDevice(async (device) => {
      const got = (await device.compute(() => {
        let y: Tensor | undefined;
        const { grads } = valueAndGrad(() => {
          const options = { scale: ss.value, zeroPoint: zs.value, integers: { low, high: 127 }, learn: factor };
          y = fakeQuantise(xs.value, options);
          return { loss: sum(y.mul(tensor(gradient))), y };
        }, [xs, ss, zs]);
        return { y: y!, dx: grads.get(xs)!, dscale: grads.get(ss)!.reshape([-1]), dzero: grads.get(zs)!.reshape([-1]) };
      })) as unknown as Record<string, HostTensor>;
      return Object.fromEntries(Object.entries(got).map(([name, { data }]) => [name, [...data]])) as never;
    });
  };

  test("gradients of a learned scale and zero point are those of torch's kernel", async () => {
    const { shape, x, gradient, scale, zeroPoint, factor, ...theirs } = torch.learnedTensor;
    const ours = await gradients(asTensor(x, shape), {
      ...{ scale: asTensor([scale], []), zeroPoint: asTensor([zeroPoint], []), gradient: asTensor(gradient, shape), low: -128, factor },
    });
    expect(ours.y).toEqual(close(theirs.y, 4));
    expect(ours.dx).toEqual(close(theirs.dx));
    expect(ours.dscale).toEqual(close(theirs.dscale, 3));
    expect(ours.dzero).toEqual(close(theirs.dzero, 4));
  });

  test("a zero point beyond the integers is the nearest of them, as in torch's kernel", async () => {
    // torch._fake_quantize_learnable_per_tensor_affine(x, 0.01, zero point, -128, 127, 1), summed.
    for (const [zeroPoint, y, dx, dzero] of [
      [-140, [0, 0, 0.3, 1, 2], [0, 1, 1, 1, 1], -0.01],
      [130, [-0.5, 0, 0, 0, 0], [1, 1, 0, 0, 0], -0.03],
    ] as const) {
      const ours = await gradients(asTensor([-0.5, 0, 0.3, 1, 2], [5]), {
        ...{
          scale: asTensor([0.01], []),
          zeroPoint: asTensor([zeroPoint], []),
          gradient: asTensor([1, 1, 1, 1, 1], [5]),
          low: -128,
          factor: 1,
        },
      });
      expect(ours.y).toEqual(close(y));
      expect(ours.dx).toEqual(close(dx));
      expect(ours.dscale).toEqual(close([0], 4));
      expect(ours.dzero).toEqual(close([dzero]));
    }
  });

  test("a scale that would stretch the values is refused", async () => {
    await onDevice(async (device) => {
      const x = asTensor([1, 2, 3], [1, 3]);
      const scale = asTensor([0.1, 0.2, 0.3], [3, 1]);
      await expect(device.compute(() => fakeQuantise(tensor(x), { scale: tensor(scale) }))).rejects.toThrow(
        "of [1, 3] with ones where it serves an axis, and a zero point of its shape, got [3, 1] and [3, 1]",
      );
    });
  });

  test("and those of a scale for each channel", async () => {
    const { shape, x, gradient, scales, ...theirs } = torch.learnedChannel;
    const ours = await gradients(asTensor(x, shape), {
      ...{
        scale: asTensor(scales, [1, 3]),
        zeroPoint: asTensor([0, 0, 0], [1, 3]),
        gradient: asTensor(gradient, shape),
        low: -127,
        factor: 1,
      },
    });
    expect(ours.y).toEqual(close(theirs.y, 4));
    expect(ours.dx).toEqual(close(theirs.dx));
    expect(ours.dscale).toEqual(close(theirs.dscale, 2));
  });
});
