import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointError, type HostTensor, hostTensor, Rng } from "@dl/core";
import { readState, readTensors, writeSafetensors } from "@dl/nn";
import { afterAll, describe, expect, test } from "vitest";
import { AlexNet, alexnet } from "./alexnet.ts";
import { Conv5Fc3 } from "./conv5fc3.ts";
import { ConvNext, convNextTiny } from "./convnext.ts";
import { DenseNet, densenet121 } from "./densenet.ts";
import { KerasCnn } from "./keras-cnn.ts";
import { MobileNetV2, mobilenetV2 } from "./mobilenet-v2.ts";
import { NasNet, nasnetLarge } from "./nasnet.ts";
import { ResNet, resnet18, resnet50, wideResnet50 } from "./resnet.ts";
import { expectNear, fixturePath, readNumbers, references, type TorchClassifier } from "./torch-fixture.ts";
import { loadTorchState, torchState } from "./torch-state.ts";
import { fromTorch, toTorch } from "./torch-weights.ts";
import { Vgg, vgg16 } from "./vgg.ts";

const counting = (shape: readonly number[]): HostTensor =>
  hostTensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
  );

describe("layouts", () => {
  test("a dense weight is transposed", () => {
    expect([...fromTorch(counting([2, 3])).data]).toEqual([0, 3, 1, 4, 2, 5]);
  });

  test("a kernel [out, in, kh, kw] becomes [kh, kw, in, out]", () => {
    const { shape, data } = fromTorch(counting([2, 3, 1, 2]));
    expect(shape).toEqual([1, 2, 3, 2]);
    // kw 0: inputs 0, 2, 4 of output 0 beside those of output 1.
    expect([...data]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  });

  test("a dense weight over a flattened image takes the channels last", () => {
    const { shape, data } = fromTorch(counting([1, 6]), { image: { channels: 2, height: 1, width: 3 } });
    expect(shape).toEqual([6, 1]);
    expect([...data]).toEqual([0, 3, 1, 4, 2, 5]);
  });

  test.each([[[7]], [[3, 8]], [[4, 3, 5, 5]]])("%j comes back", (shape) => {
    const tensor = counting(shape);
    expect(toTorch(fromTorch(tensor))).toEqual(tensor);
    const image = { channels: 2, height: 2, width: 2 };
    if (shape.length === 2) expect(toTorch(fromTorch(tensor, { image }), { image })).toEqual(tensor);
  });

  test("an image of another size is refused", () => {
    expect(() => fromTorch(counting([2, 5]), { image: { channels: 2, height: 1, width: 3 } })).toThrow(
      /fromTorch: expected a dense weight that unfolds to \[2, 2, 1, 3\], got \[2, 5\]/,
    );
  });
});

describe.each(references)("the state dict of $folder", ({ folder, model: make, library = "torchvision" }) => {
  test("comes back with its names and bits", async () => {
    const { weights } = readNumbers(folder);
    using model = make();
    loadTorchState(model, weights, { library });
    const kept = [...weights].filter(([name]) => !name.endsWith("num_batches_tracked")).sort();
    expect([...(await torchState(model, { library }))].sort()).toEqual(kept);
  });

  test("with a name too many or too few, or of ours, is refused, and nothing is loaded", async () => {
    using model = make();
    const before = await readState(model);
    const { weights } = readNumbers(folder);
    expect(() => loadTorchState(model, new Map([...weights, ["extra.weight", counting([1])]]), { library })).toThrow(
      /unexpected: extra\.weight \(as torch:extra\.weight\)/,
    );
    expect(() => loadTorchState(model, new Map([...weights].slice(0, -1)), { library })).toThrow(CheckpointError);
    if (folder !== "lenet") expect(() => loadTorchState(model, before)).toThrow(/missing/);
    expect(await readState(model)).toEqual(before);
  });
});

test.each([
  ["ResNet-50's first bottleneck", new ResNet({ ...resnet50, depths: [1, 1], width: 4, classes: 3, rng: new Rng(1) })],
  ["KerasCnn", new KerasCnn({ imageSize: 22, channels: 1, classes: 3, filters: [2, 3, 4], hidden: 5, rng: new Rng(1) })],
  ["Conv5Fc3", new Conv5Fc3({ imageSize: 8, channels: 1, classes: 3, filters: [2, 2, 2, 2, 3], hidden: [4, 5], rng: new Rng(1) })],
])("%s goes out under different names and comes back", async (_, model) => {
  const before = await readState(model);
  const state = await torchState(model);
  expect(state.size).toBe(before.size);
  for (const cell of model.state().values()) cell.load({ ...counting(cell.shape) });
  loadTorchState(model, state);
  expect(await readState(model)).toEqual(before);
  model[Symbol.dispose]();
});

describe("published files of the full networks have the names we write", () => {
  const files = JSON.parse(readFileSync(fixturePath("state-names.json"), "utf8")) as Record<string, string[]>;
  const common = { classes: 2, rng: new Rng(1) };
  // All their layers, few of their channels.
  const models: Record<string, () => TorchClassifier> = {
    alexnet: () => new AlexNet({ ...alexnet, filters: [1, 1, 1, 1, 1], hidden: [1, 1], ...common }),
    vgg16_bn: () => new Vgg({ stages: vgg16.stages.map((stage) => stage.map(() => 1)), batchNorm: true, hidden: [1, 1], ...common }),
    resnet50: () => new ResNet({ ...resnet50, width: 1, ...common }),
    wide_resnet50: () => new ResNet({ ...wideResnet50, width: 1, ...common }),
    mobilenet_v2: () => new MobileNetV2({ ...mobilenetV2, width: 0.1, ...common }),
    densenet121: () => new DenseNet({ ...densenet121, growth: 1, width: 2, ...common }),
    convnext_tiny: () => new ConvNext({ ...convNextTiny, widths: [1, 1, 1, 1], ...common }),
    nasnetalarge: () => new NasNet({ ...nasnetLarge, stemWidth: 1, width: 4, ...common }),
  };

  test.each(Object.keys(files))("%s", (file) => {
    const isTimm = file.startsWith("timm.");
    using model = models[file.replace("timm.", "")]!();
    const names = [...model.state().keys()].map((path) => ((isTimm ? model.timmPlace?.(path) : undefined) ?? model.torchPlace(path)).name);
    expect(names.sort()).toEqual(files[file]!.sort());
  });
});

describe("DenseNet under the names of torchvision's published files", () => {
  const { folder, model: make } = references.find(({ folder }) => folder === "densenet")!;
  const { weights } = readNumbers(folder);
  // torchvision's `_load_state_dict` renames what its pattern matches: from `norm.1` to `norm1`. Here the way back.
  const pattern = /^(.*denselayer\d+\.(?:norm|relu|conv))([12]\.(?:weight|bias|running_mean|running_var|num_batches_tracked))$/;
  const published = new Map([...weights].map(([name, tensor]) => [name.replace(pattern, "$1.$2"), tensor]));

  test("is loaded, bit by bit as under today's, and written under today's", async () => {
    expect([...published.keys()]).toContain("features.denseblock1.denselayer1.norm.1.running_mean");
    expect([...published.keys()]).toContain("features.denseblock2.denselayer2.conv.2.weight");
    using today = make();
    using older = make();
    loadTorchState(today, weights);
    loadTorchState(older, published);
    expect(await readState(older)).toEqual(await readState(today));
    expect([...(await torchState(older)).keys()]).toContain("features.denseblock1.denselayer1.norm1.running_mean");
  });

  test("with other classes too; a tensor under both names is refused", () => {
    using model = new DenseNet({ stem: "imagenet", depths: [2, 2], growth: 4, width: 8, classes: 9, rng: new Rng(2) });
    loadTorchState(model, published, { except: ["head"] });
    expect(() => loadTorchState(model, new Map([...published, ...weights]), { except: ["head"] })).toThrow(
      /unexpected: .*denselayer1\.norm\.1\.bias/,
    );
  });
});

describe("a file for other classes", () => {
  const { folder, model: make } = references.find(({ folder }) => folder === "resnet18")!;
  const { weights } = readNumbers(folder);
  const others = (): ResNet => new ResNet({ ...resnet18, depths: [1, 1, 1], width: 4, classes: 9, rng: new Rng(2) });

  test("is loaded but for the head, which keeps its values", async () => {
    using model = others();
    using whole = make();
    const before = await readState(model);
    loadTorchState(whole, weights);
    loadTorchState(model, weights, { except: ["head"] });
    const wanted = await readState(whole);
    for (const [path, tensor] of await readState(model)) {
      expect(tensor, path).toEqual(path.startsWith("head.") ? before.get(path) : wanted.get(path));
    }
    const headless = new Map([...weights].filter(([name]) => !name.startsWith("fc.")));
    loadTorchState(model, headless, { except: ["head"] });
  });

  test("must still have everything else, and nothing more; wrong parts are named", async () => {
    using model = others();
    const before = await readState(model);
    const [first, ...rest] = [...weights];
    const load = (tensors: typeof weights, except: string[]) => () => loadTorchState(model, tensors, { except });
    expect(load(new Map(rest), ["head"])).toThrow(new RegExp(`missing: ${first![0]}`));
    expect(load(new Map([...weights, ["x.weight", counting([1])]]), ["head"])).toThrow(/unexpected: x\.weight/);
    expect(load(weights, ["fc"])).toThrow(/parts of the model \(stem, stages\.0\.0, .*head\), got fc/);
    expect(load(weights, [])).toThrow(/head\.weight: expected shape \[16, 9\], got \[16, 5\]/);
    expect(await readState(model)).toEqual(before);
  });
});

test("the names of a bottleneck are torchvision's", async () => {
  using model = new ResNet({ ...resnet50, depths: [1, 1], width: 4, classes: 3, rng: new Rng(1) });
  const names = [...(await torchState(model)).keys()];
  expect(names).toEqual(
    expect.arrayContaining(["conv1.weight", "bn1.running_var", "layer1.0.conv3.weight", "layer1.0.bn3.bias", "fc.bias"]),
  );
  expect(names).toEqual(expect.arrayContaining(["layer1.0.downsample.0.weight", "layer2.0.downsample.1.running_mean"]));
});

// Runs where python has torch: DL_PYTHON, or python3.
const python = [process.env.DL_PYTHON, "python3"].find((candidate) => {
  if (candidate === undefined) return false;
  try {
    execFileSync(candidate, ["-c", "import torch, safetensors.torch"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});
const folder = mkdtempSync(join(tmpdir(), "dl-torch-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("PyTorch loads our files and gives the same logits", async ({ skip }) => {
  if (python === undefined) return skip("neither DL_PYTHON nor python3 has torch and safetensors");
  const kinds = { lenet: "lenet", resnet20_cifar: "resnet", vgg11_bn: "vgg" } as const;
  const jobs = references
    .filter(({ folder }) => folder in kinds)
    .map(({ folder: name, model }) => ({
      ...{ name, model, kind: kinds[name as keyof typeof kinds] },
      ...{ file: join(folder, `${name}.safetensors`), answer: join(folder, `${name}-logits.safetensors`) },
    }));
  for (const { name, model: make, file } of jobs) {
    using model = make();
    loadTorchState(model, readNumbers(name).weights);
    writeFileSync(file, writeSafetensors(await torchState(model)));
  }
  // One process for all: importing torch takes seconds.
  const words = jobs.flatMap(({ kind, file, name, answer }) => [kind, file, fixturePath(`${name}/inputs.safetensors`), answer]);
  execFileSync(python, [fixturePath("load_state.py"), ...words]);
  for (const { name, answer } of jobs) {
    const wanted = readNumbers(name).expected.get("eval.logits")!;
    expectNear(readTensors(readFileSync(answer)).get("logits")!, wanted, [1e-5, 1e-4], `logits of ${name}`);
  }
}, 120_000);
