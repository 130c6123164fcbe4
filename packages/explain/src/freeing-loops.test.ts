import { add, type Device, type HostTensor, Rng, sum, type Tensor, tensor } from "@dl/core";
import { expect, test } from "vitest";
import { pgd } from "./attacks/pgd.ts";
import { infidelity, sensitivity } from "./checks/infidelity.ts";
import { Dense, onDevice } from "./explain-fixture.ts";
import { fold, iterate } from "./freeing-loops.ts";
import { integratedGradients } from "./gradients/integrated-gradients.ts";
import { saliency } from "./gradients/saliency.ts";
import { smoothGrad } from "./gradients/smooth-grad.ts";
import { occlusion } from "./perturbations/occlusion.ts";

test.each([1, 2, 7, 64])("%i terms are asked for in order and all counted; as many turns are taken", async (count) => {
  await onDevice(async (device) => {
    const asked: number[] = [];
    const term = (i: number): Tensor => {
      asked.push(i);
      return tensor([i + 1]);
    };
    const { total, end } = (await device.compute(() => ({
      total: fold(count, { term, combine: add }),
      end: iterate(tensor([0]), { turns: count, move: (x) => x.mul(0.5).add(1) }),
    }))) as Record<string, HostTensor>;
    expect(asked).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(total!.data[0]).toBe((count * (count + 1)) / 2);
    expect(end!.data[0]).toBeCloseTo(2 - 2 * 0.5 ** count, 12);
  });
});

test("long explanations and attacks hold no more tensors at the end than a few over the beginning", async () => {
  await onDevice(async (device: Device) => {
    using model = new Dense({ inputs: 100 });
    let held: number[] = [];
    const forward = (x: Tensor): Tensor => {
      held.push(device.memory().buffers);
      return model.forward(x);
    };
    const images = new Rng(1).uniform([1, 10, 10, 1]);
    const attribute = (x: Tensor): Tensor => saliency(x, { forward, target: 0 });
    const common = { forward, target: 0 };
    const works: Record<string, (x: Tensor) => Tensor> = {
      integratedGradients: (x) => integratedGradients(x, { ...common, steps: 100 }),
      smoothGrad: (x) => smoothGrad(x, { attribute, standardDeviation: 0.1, samples: 100, rng: new Rng(1) }),
      infidelity: (x) => infidelity(x, { ...common, attributions: x, standardDeviation: 0.1, samples: 100, rng: new Rng(1) }),
      sensitivity: (x) => sensitivity(x, { attribute, radius: 0.1, samples: 100, rng: new Rng(1) }),
      occlusion: (x) => occlusion(x, { ...common, window: 1 }),
      pgd: (x) => pgd(x, { loss: (y) => sum(forward(y)), epsilon: 0.1, steps: 100 }),
    };
    for (const [name, work] of Object.entries(works)) {
      held = [];
      await device.compute(() => work(tensor(images)));
      expect(held.length, name).toBeGreaterThanOrEqual(100);
      // Some for each of the seven times that a hundred is halved, where each turn left one.
      expect(Math.max(...held) - held[0]!, name).toBeLessThan(30);
    }
  });
});
