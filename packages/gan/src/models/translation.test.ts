import { cpu } from "@dl/backend-cpu";
import { type HostTensor, hostTensor, openDevice, Rng, tensor, valueAndGrad } from "@dl/core";
import { checkGradients } from "@dl/core/testing";
import { inference, training } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { ImagePool } from "../training/image-pool.ts";
import { CycleGenerator, cycleLoss } from "./cyclegan.ts";
import { PatchDiscriminator, reconstructionLoss, UnetGenerator } from "./pix2pix.ts";

describe("pix2pix", () => {
  test("the U-Net's innermost map is skipped over: an image's details reach the other side", async () => {
    await using device = await openDevice(cpu());
    using generator = new UnetGenerator({ inputs: 2, outputs: 1, widths: [4, 6, 8], rng: new Rng(1) });
    const images = new Rng(2).uniform([2, 8, 16, 2], -1, 1);
    const { made, slope } = await device.compute(() => {
      const x = tensor(images);
      const { value, grads } = valueAndGrad(() => {
        const made = generator.forward(x, inference);
        return { loss: made.slice([0, 3, 3, 0], [1, 1, 1, 1]).sum(), made };
      }, [x]);
      return { made: value.made, slope: grads.get(x)! };
    });
    expect(made.shape).toEqual([2, 8, 16, 1]);
    expect(Math.max(...made.data.map(Math.abs))).toBeLessThanOrEqual(1);
    // The other image of the batch has no part in it.
    expect(slope.data.slice(256).every((value) => value === 0)).toBe(true);
    expect(slope.data.slice(0, 256).some((value) => value !== 0)).toBe(true);
    const odd = () => device.compute(() => generator.forward(tensor(new Rng(1).normal([1, 12, 8, 2])), inference));
    await expect(odd()).rejects.toThrow(
      "UnetGenerator: expected images [B, H, W, C] with sides that are multiples of 8, got [1, 12, 8, 2].",
    );
  });

  test("a patch's score sees 70×70 pixels at the paper's depth", async () => {
    await using device = await openDevice(cpu());
    using discriminator = new PatchDiscriminator({ channels: 1, widths: [2, 2, 2], rng: new Rng(1) });
    const slope = await device.compute(() => {
      const x = tensor(new Rng(2).normal([1, 128, 128, 1]));
      return valueAndGrad(() => {
        const scores = discriminator.forward(x, inference);
        expect(scores.shape).toEqual([1, 14, 14, 1]);
        return scores.slice([0, 7, 7, 0], [1, 1, 1, 1]).sum();
      }, [x]).grads.get(x)!;
    });
    const rows = Array.from({ length: 128 }, (_, y) => y).filter((y) =>
      slope.data.subarray(128 * y, 128 * (y + 1)).some((value) => value !== 0),
    );
    expect(rows.at(-1)! - rows[0]! + 1).toBe(70);
  });

  test("with instance norm a patch's score is the image's own affair, with batch norm it is not", async () => {
    await using device = await openDevice(cpu());
    const x = new Rng(2).normal([2, 16, 16, 1]);
    const first = hostTensor(x.data.slice(0, 256), [1, 16, 16, 1]);
    for (const norm of ["batch", "instance"] as const) {
      using discriminator = new PatchDiscriminator({ channels: 1, widths: [4], norm, rng: new Rng(1) });
      const scores = (images: HostTensor) => device.compute(() => discriminator.forward(tensor(images), training(new Rng(3))));
      const [alone, together] = [(await scores(first)).data, (await scores(x)).data];
      const apart = Math.max(...alone.map((value, i) => Math.abs(value - together[i]!)));
      if (norm === "instance") expect(apart).toBeLessThan(1e-6);
      else expect(apart).toBeGreaterThan(1e-3);
    }
    expect(() => new PatchDiscriminator({ channels: 1, norm: "layer" as never, rng: new Rng(1) })).toThrow(
      "PatchDiscriminator: expected a norm batch or instance, got layer.",
    );
  });

  test("dropout is the generator's only noise, in training alone", async () => {
    await using device = await openDevice(cpu());
    using generator = new UnetGenerator({ inputs: 1, outputs: 1, widths: [4, 4, 4], rng: new Rng(1) });
    const x = new Rng(2).uniform([2, 8, 8, 1], -1, 1);
    const run = (seed: number) => device.compute(() => generator.forward(tensor(x), training(new Rng(seed))));
    expect((await run(1)).data).toEqual((await run(1)).data);
    expect((await run(1)).data).not.toEqual((await run(2)).data);
  });

  test("the reconstruction loss by hand", async () => {
    await using device = await openDevice(cpu());
    expect(await device.compute(() => reconstructionLoss(tensor([1, 2]), tensor([0, 4]), { weight: 10 }))).toBe(15);
    await expect(device.compute(() => reconstructionLoss(tensor([1, 2]), tensor([0])))).rejects.toThrow("expected images of one shape");
  });
});

describe("CycleGAN", () => {
  test("the generator keeps the size, and differentiates as central differences say", async () => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    using generator = new CycleGenerator({ channels: 1, width: 2, blocks: 1, rng: new Rng(1) });
    const x = new Rng(2).normal([1, 8, 12, 1]);
    const made = await device.compute(() => generator.forward(tensor(x)));
    expect(made.shape).toEqual([1, 8, 12, 1]);
    await checkGradients(device, (x) => generator.forward(x!), { inputs: [x], order: 1, tolerance: 1e-4 });
    await expect(device.compute(() => generator.forward(tensor(new Rng(1).normal([1, 6, 8, 1]))))).rejects.toThrow(
      "multiples of 4, at least 8, got [1, 6, 8, 1]",
    );
  });

  test("a loss of nothing for two that undo each other and leave their own side alone", async () => {
    await using device = await openDevice(cpu());
    const { perfect, doubled } = await device.compute(() => {
      const [a, b] = [tensor([1, -2]), tensor([3, 4])];
      const same = cycleLoss({ toA: (x) => x, toB: (x) => x }, { a, b });
      const twice = cycleLoss({ toA: (x) => x, toB: (x) => x.mul(2) }, { a, b });
      const fakes = twice.fakeB;
      return { perfect: same.loss, doubled: { loss: twice.loss, fakes } };
    });
    expect(perfect).toBe(0);
    // Both cycles miss by the value itself, 1.5 and 3.5 on average; so does toB on b.
    expect(doubled.loss).toBeCloseTo(10 * (1.5 + 3.5) + 5 * 3.5, 5);
    expect([...doubled.fakes.data]).toEqual([2, -4]);
  });

  test("the pool gives new images until it is full, then old ones as often as new", () => {
    const pool = new ImagePool(3);
    const rng = new Rng(1);
    const give = (value: number) => pool.exchange(hostTensor(Float32Array.of(value), [1, 1]), { rng }).data[0]!;
    expect([1, 2, 3].map(give)).toEqual([1, 2, 3]);
    const later = Array.from({ length: 400 }, (_, i) => [i + 10, give(i + 10)] as const);
    const fresh = later.filter(([value, given]) => value === given).length;
    expect(fresh).toBeGreaterThan(160);
    expect(fresh).toBeLessThan(240);
    expect(() => pool.exchange(hostTensor(new Float32Array(2), [1, 2]), { rng })).toThrow(
      "expected examples of 1 numbers, as before, got 2",
    );
    expect(() => new ImagePool(0)).toThrow("ImagePool: expected a whole size ≥ 1, got 0.");
  });
});
