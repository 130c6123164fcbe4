import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng, type Tensor, tensor, valueAndGrad, zeros } from "@dl/core";
import { checkGradients } from "@dl/core/testing";
import { Adam, inference, training } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { backends, onDevice } from "../reference-fixture.ts";
import { Diffusion } from "./diffusion.ts";
import { DiffusionUnet } from "./diffusion-unet.ts";
import { Vae, vaeLoss } from "./vae.ts";

describe("VAE", () => {
  test("the bound by hand: ln 2 a pixel for an undecided decoder, and the Gaussians' divergence", async () => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    const [loss, half] = await device.compute(() => {
      const pass = { logits: zeros([2, 2, 2, 1]), mean: tensor([[1], [0]]), logVariance: tensor([[0], [Math.log(4)]]) };
      const images = tensor(new Rng(1).uniform([2, 2, 2, 1]));
      return [vaeLoss(pass, images), vaeLoss(pass, images, { beta: 0.5 })] as const;
    });
    const divergence = (0.5 + 0.5 * (4 - Math.log(4) - 1)) / 2;
    expect(loss).toBeCloseTo(4 * Math.LN2 + divergence, 6);
    expect(half).toBeCloseTo(4 * Math.LN2 + divergence / 2, 6);
  });

  test("differentiates, draws in training, gives the mean in inference, and learns four pictures", async () => {
    await using device = await openDevice(cpu());
    using vae = new Vae({ imageSize: 8, channels: 1, latent: 3, widths: [4, 8], rng: new Rng(1) });
    using optimizer = new Adam(vae.parameters(), { learningRate: 1e-2 });
    const data = Float32Array.from({ length: 256 }, (_, i) => (Math.floor(i / 64) === Math.floor((i % 8) / 2) ? 1 : 0));
    const images = hostTensor(data, [4, 8, 8, 1]); // a bar in one of four places
    const losses: number[] = [];
    for (let step = 0; step < 60; step++) {
      losses.push(
        await device.compute(() => {
          const x = tensor(images);
          const { value, grads } = valueAndGrad(() => vaeLoss(vae.forward(x, training(new Rng(step))), x), vae.parameters());
          optimizer.update(grads);
          return value;
        }),
      );
    }
    expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
    const [one, two] = await device.compute(
      () => [vae.forward(tensor(images), inference).logits, vae.forward(tensor(images), inference).logits] as const,
    );
    expect(one.data).toEqual(two.data);
    expect(() => new Vae({ imageSize: 30, channels: 1, rng: new Rng(1) })).toThrow(
      "Vae: expected an imageSize that is a multiple of 4, got 30.",
    );
  });
});

describe("diffusion", () => {
  test.each(["linear", "cosine"] as const)("the %s schedule falls from almost all signal to almost none", (schedule) => {
    for (const steps of [100, 1000]) {
      const { signal } = new Diffusion({ steps, schedule });
      for (let t = 1; t < steps; t++) expect(signal[t]!).toBeLessThan(signal[t - 1]!);
      expect(signal[0]!).toBeGreaterThan(0.99);
      expect(signal[steps - 1]!).toBeLessThan(1e-3);
    }
  });

  test("the linear schedule's first and last steps are the paper's", () => {
    const { signal } = new Diffusion({ schedule: "linear" });
    expect(1 - signal[0]!).toBeCloseTo(1e-4, 12);
    expect(1 - signal[999]! / signal[998]!).toBeCloseTo(0.02, 12);
  });

  describe.each(backends)("on $name", ({ open }) => {
    test("with a denoiser that knows the only picture, DDIM in any number of steps comes out at it", async () => {
      await onDevice(open(), async (device) => {
        const diffusion = new Diffusion({ steps: 200 });
        const picture = new Rng(1).uniform([1, 2, 2, 1], -0.9, 0.9);
        const denoise = (x: Tensor): Tensor => {
          const left = diffusion.signal[current]!;
          return x.sub(tensor(picture).mul(Math.sqrt(left))).mul(1 / Math.sqrt(1 - left));
        };
        let current = 0;
        for (const steps of [1, 7, 50]) {
          const path = diffusion.path(steps);
          expect([path.length, path[0]]).toEqual([steps, 199]);
          let x = new Rng(2).normal([2, 2, 2, 1]);
          for (const [i, t] of path.entries()) {
            current = t;
            x = await device.compute(() => diffusion.step(denoise, tensor(x), { t, next: path[i + 1] ?? -1 }));
          }
          // From pure noise, what is left of the signal is divided by √ᾱ ≈ 1/1000, and so is float32's rounding.
          for (let i = 0; i < 8; i++) expect(x.data[i]).toBeCloseTo(picture.data[i % 4]!, 2);
        }
      });
    });
  });

  test.each([
    [50, 0],
    [200, 1],
  ])("with the best denoiser of a normal distribution, %d steps at eta %d draw from that distribution", async (steps, eta) => {
    await using device = await openDevice(cpu());
    const diffusion = new Diffusion({ steps: 200 });
    const deviation = 0.25;
    const denoise = (x: Tensor, times: Tensor): Tensor => {
      // E[noise | x] when the data is normal with mean 0.1: linear in x.
      const t = Math.round(current * 199);
      expect(times.shape).toEqual([x.shape[0]]);
      const left = diffusion.signal[t]!;
      return x.sub(0.1 * Math.sqrt(left)).mul(Math.sqrt(1 - left) / (left * deviation ** 2 + 1 - left));
    };
    let current = 1;
    const path = diffusion.path(steps);
    let x = new Rng(3).normal([4000, 1]);
    for (const [i, t] of path.entries()) {
      current = diffusion.timeOf(t);
      x = await device.compute(() => diffusion.step(denoise, tensor(x), { t, next: path[i + 1] ?? -1, eta, rng: new Rng(100 + i) }));
    }
    const drawn = Array.from(x.data);
    const mean = drawn.reduce((sum, value) => sum + value, 0) / 4000;
    const variance = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4000;
    // Four standard errors, and the error of the steps' size.
    expect(mean).toBeCloseTo(0.1, 1.5);
    expect(Math.abs(Math.sqrt(variance) - deviation)).toBeLessThan(0.03);
  });

  test("a second loss with the same rng is of other times and other noise, and times out of range are named", async () => {
    await using device = await openDevice(cpu());
    const diffusion = new Diffusion({ steps: 100 });
    const rng = new Rng(1);
    const seen: { times: number[]; noise: number[] }[] = [];
    for (let i = 0; i < 2; i++) {
      const { x, times } = await device.compute(() => {
        const told: { x?: Tensor; times?: Tensor } = {};
        const watch = (x: Tensor, times: Tensor): Tensor => Object.assign(told, { x, times }).x.mul(0);
        diffusion.loss(watch, tensor(hostTensor(new Float32Array(32), [8, 4])), { rng });
        return { x: told.x!, times: told.times! };
      });
      seen.push({ times: Array.from(times.data), noise: Array.from(x.data) });
    }
    expect(seen[0]!.times).not.toEqual(seen[1]!.times);
    expect(seen[0]!.noise).not.toEqual(seen[1]!.noise);
    const step = (t: number, next: number) => device.compute(() => diffusion.step((x) => x, tensor([[0, 0]]), { t, next }));
    for (const [t, next] of [
      [100, 50],
      [-1, -1],
      [1.5, 0],
      [10, 10],
    ] as const)
      await expect(step(t, next)).rejects.toThrow(`expected whole times, t from 0 to 99 and next below it, got ${t} and ${next}`);
  });

  test("the loss is 1 for a denoiser that says nothing, 0 for one that knows", async () => {
    await using device = await openDevice(cpu());
    const diffusion = new Diffusion();
    const images = zeros;
    const [ignorant, knowing] = await device.compute(() => {
      const none = diffusion.loss((x) => x.mul(0), images([500, 4]), { rng: new Rng(1) });
      // Of black pictures the noisy image is the noise, but for its scale.
      const all = diffusion.loss(
        (x, times) => {
          const scales = times.mul(999).reshape([-1, 1]);
          const rows = gathered(diffusion, scales);
          return x.div(rows);
        },
        images([500, 4]),
        { rng: new Rng(1) },
      );
      return [none, all] as const;
    });
    expect(ignorant).toBeGreaterThan(0.9);
    expect(ignorant).toBeLessThan(1.1);
    expect(knowing).toBeLessThan(1e-6);
  });

  test("the U-Net begins by predicting nothing, differentiates by everything, and is told times and labels", async () => {
    await using device = await openDevice(cpu({ precision: "float64" }));
    using network = new DiffusionUnet({ imageSize: 4, channels: 1, widths: [8, 8, 8], classes: 2, rng: new Rng(1) });
    const x = new Rng(2).normal([2, 4, 4, 1]);
    const labels = () => tensor(hostTensor(Int32Array.of(0, 1), [2]));
    const out = await device.compute(() => network.forward(tensor(x), tensor([0, 1]), labels()));
    expect(out.data.every((value) => value === 0)).toBe(true);
    const rng = new Rng(4);
    for (const [path, parameter] of network.namedParameters()) parameter.load(rng.fork(path).normal(parameter.shape, 0, 0.3));
    const [early, late, other] = await device.compute(() => {
      const at = (time: number, label: number) =>
        network.forward(tensor(x), tensor([time, time]), tensor(hostTensor(Int32Array.of(label, label), [2])));
      return [at(0, 0), at(1, 0), at(0, 1)] as const;
    });
    expect(early.data).not.toEqual(late.data);
    expect(early.data).not.toEqual(other.data);
    await checkGradients(device, (x) => network.forward(x!, tensor([0.2, 0.7]), labels()), { inputs: [x], order: 1, tolerance: 1e-5 });
    await expect(device.compute(() => network.forward(tensor(x), tensor([0, 1])))).rejects.toThrow(
      "expected labels [B], as it was made, got none",
    );
    expect(() => new DiffusionUnet({ imageSize: 6, channels: 1, rng: new Rng(1) })).toThrow("an imageSize that is a multiple of 4");
  });

  test("bad numbers of steps are named", async () => {
    expect(() => new Diffusion({ steps: 1 })).toThrow("Diffusion: expected a whole number of steps ≥ 2, got 1.");
    expect(() => new Diffusion({ steps: 10 }).path(11)).toThrow("Diffusion.path: expected 1 to 10 sampling steps, got 11.");
    await using device = await openDevice(cpu());
    const step = () => device.compute(() => new Diffusion({ steps: 10 }).step((x) => x, tensor([1]), { t: 9, next: 5, eta: 1 }));
    await expect(step()).rejects.toThrow("Diffusion.step: expected an rng for eta above 0, got none.");
  });
});

/** √(1 − ᾱ) at the times told, `[B, 1]`: a table lookup through one-hot rows. */
function gathered(diffusion: Diffusion, steps: Tensor): Tensor {
  const table = tensor(Float32Array.from(diffusion.signal, (left) => Math.sqrt(1 - left))).reshape([1, -1]);
  const places = tensor(Float32Array.from({ length: diffusion.steps }, (_, i) => i)).reshape([1, -1]);
  return steps.sub(places).abs().less(0.5).cast("float32").mul(table).sum(1, { keepDims: true });
}
