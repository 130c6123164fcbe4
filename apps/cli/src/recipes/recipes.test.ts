import { cpu } from "@dl/backend-cpu";
import { hostTensor, openDevice, Rng, tensor, valueAndGrad } from "@dl/core";
import { arrayDataset, batches, normalize } from "@dl/data";
import { Adam, crossEntropy, inference, Sgd, training } from "@dl/nn";
import { describe, expect, test } from "vitest";
import { recipes } from "./index.ts";
import type { Preset } from "./recipe.ts";

const presets = recipes.flatMap((recipe) => recipe.presets.map((preset) => ({ name: `${recipe.name} ${preset.name}`, recipe, preset })));
const presetOf = (name: string): Preset => presets.find((one) => one.name === name)!.preset;

test("names are unique", () => {
  expect(new Set(presets.map(({ name }) => name)).size).toBe(presets.length);
});

test.each(presets)("$name takes a step on two of its images", async ({ recipe, preset }) => {
  const [height, width, channels] = recipe.data.imageShape;
  const rng = new Rng(1);
  const classes = recipe.data.classNames.length;
  const images = rng.uniform([2, height, width, channels]);
  const dataset = arrayDataset({ images, labels: hostTensor(Int32Array.of(0, classes - 1), [2]) });
  const { augmentation } = preset;
  const augment = typeof augmentation === "function" ? augmentation({ epoch: () => 0, rng: rng.fork("augmentation") }) : augmentation;
  const transform = [...augment, normalize(preset.normalization)];
  const [batch] = batches(dataset, { batchSize: 2, transform, rng });
  await using device = await openDevice(cpu());
  using model = preset.model(rng.fork("init"));
  preset.prepare?.(model, () => batch!.images);
  using optimizer = preset.optimizer(model, { ...preset.defaults, steps: 10 });
  using average = preset.average?.(model, { ...preset.defaults, steps: 10 });
  const trained = optimizer.groups.flatMap(({ parameters }) => parameters);
  const loss = await device.compute(() => {
    const { value, grads } = valueAndGrad(() => {
      const logits = model.forward(tensor(batch!.images), training(rng));
      expect(logits.shape).toEqual([2, classes]);
      return crossEntropy(logits, tensor(batch!.labels), { labelSmoothing: preset.labelSmoothing });
    }, trained);
    optimizer.update(grads);
    average?.update();
    return value;
  });
  expect(loss).toBeGreaterThan(0);
  const logits = await device.compute(
    () => preset.logits?.(model, tensor(batch!.images)) ?? model.forward(tensor(batch!.images), inference),
  );
  expect(logits.shape).toEqual([2, classes]);
});

// MISSION.md, rows 1 to 3.
describe("the essays' settings", () => {
  const rng = new Rng(1);

  test("LeNet: normalised by 0.5, SGD 1e-3 with momentum 0.9, batches of 4, the tutorial's 62,006 parameters", () => {
    const preset = presetOf("lenet-cifar10 essay");
    using model = preset.model(rng);
    using optimizer = preset.optimizer(model, { ...preset.defaults, steps: 100 });
    expect(model.parameterCount).toBe(62_006);
    expect(preset.defaults).toMatchObject({ learningRate: 1e-3, batchSize: 4 });
    expect(preset.normalization).toEqual({ mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5] });
    expect(optimizer).toBeInstanceOf(Sgd);
    expect(optimizer.learningRates).toEqual([1e-3]);
    expect(optimizer.groups[0]!.options).toMatchObject({ momentum: 0.9, nesterov: false, weightDecay: 0 });
  });

  test("Keras CNN: pixels in [0, 1], Adam 1e-3, early stopping with patience 2", () => {
    const preset = presetOf("keras-cnn-cifar10 essay");
    using model = preset.model(rng);
    using optimizer = preset.optimizer(model, { ...preset.defaults, steps: 100 });
    expect(preset.patience).toBe(2);
    expect(preset.validationShare).toBeGreaterThan(0);
    expect(preset.normalization).toEqual({ mean: [0, 0, 0], standardDeviation: [1, 1, 1] });
    expect(optimizer).toBeInstanceOf(Adam);
    expect(optimizer.learningRates).toEqual([1e-3]);
  });

  test("Conv5Fc3: SGD", () => {
    const preset = presetOf("conv5fc3-cifar10 essay");
    using model = preset.model(rng);
    using optimizer = preset.optimizer(model, { ...preset.defaults, steps: 100 });
    expect(optimizer).toBeInstanceOf(Sgd);
  });
});
