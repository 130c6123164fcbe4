import { Cell, cast, fill, grad, type HostTensor, hostTensor, relu, ShapeError, type Tensor, tensor } from "@dl/core";
import { describe, expect, test } from "vitest";
import {
  channelsLast,
  decode,
  decodeIntegers,
  type Encoded,
  expectReference,
  onDevice,
  precisions,
  type ReferenceCase,
  referenceCases,
} from "../reference-fixture.ts";
import { binaryCrossEntropy, binaryCrossEntropyWithLogits } from "./binary-cross-entropy.ts";
import { connectionistTemporal } from "./connectionist-temporal.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { dice } from "./dice.ts";
import { sigmoidFocal } from "./focal.ts";
import { hinge } from "./hinge.ts";
import { klDivergence } from "./kl-divergence.ts";
import { gaussianNegativeLogLikelihood, poissonNegativeLogLikelihood } from "./likelihood.ts";
import { cosineEmbedding, cosineSimilarity, infoNce, triplet } from "./metric-learning.ts";
import type { Reduction } from "./reduction.ts";
import { huber, meanAbsoluteError, meanSquaredError, smoothL1 } from "./regression.ts";

const losses = [...referenceCases("losses"), ...referenceCases("more_losses")];
const oracle = precisions[0]!;

type Values = Readonly<Record<string, Tensor>>;
const forms: Record<string, (values: Values, reference: ReferenceCase) => Tensor> = {
  mse: ({ a, b }) => meanSquaredError(a!, b!),
  l1: ({ a, b }) => meanAbsoluteError(a!, b!),
  smooth_l1: ({ a, b }) => smoothL1(a!, b!, { beta: 0.5 }),
  huber: ({ a, b }) => huber(a!, b!, { delta: 0.7 }),
  bce_with_logits: ({ x }, { ints, pos_weight }) =>
    binaryCrossEntropyWithLogits(x!, tensor(decode(ints.target!)), { positiveWeight: tensor(decode(pos_weight as Encoded)) }),
  bce: ({ x }, { ints }) => binaryCrossEntropy(x!, tensor(decode(ints.target!))),
  kl_div_batchmean: ({ x, p }) => klDivergence(x!, p!),
  cosine_similarity: ({ a, b }) => cosineSimilarity(a!, b!),
  triplet: ({ a, p, n }) => triplet(a!, { positive: p!, negative: n! }),
  ctc: ({ x }, { ints, attrs }) =>
    connectionistTemporal(x!.transpose([1, 0, 2]), tensor(decodeIntegers(ints.targets!)), {
      inputLengths: tensor(attrs.input_lengths as number[], { dtype: "int32" }),
      targetLengths: tensor(attrs.target_lengths as number[], { dtype: "int32" }),
      reduction: "sum",
    }),
  sigmoid_focal: ({ x }, { ints, attrs }) =>
    sigmoidFocal(x!, tensor(decode(ints.target!)), attrs as { alpha: number | null; gamma: number }),
  dice: ({ x }, { ints, attrs }) => dice(x!, tensor(decode(ints.target!)), attrs as { smooth: number }),
  gaussian_nll: ({ a, b, v }) => gaussianNegativeLogLikelihood(a!, b!, { variance: v! }),
  poisson_nll: ({ x }, { ints }) => poissonNegativeLogLikelihood(x!, tensor(decode(ints.target!))),
  hinge_gan_d: ({ r, f }) => hinge(r!, 1).add(hinge(f!, -1)),
};

/** Cells for every input of a case, and their values by name. */
function cellsOf(reference: ReferenceCase, layout: (tensor: HostTensor) => HostTensor = (tensor) => tensor) {
  const cells = Object.fromEntries(Object.entries(reference.inputs).map(([name, input]) => [name, new Cell(layout(decode(input)))]));
  const values = (): Values => Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, cell.value]));
  const free = (): void => Object.values(cells).forEach((cell) => void cell[Symbol.dispose]());
  return { cells, values, free };
}

describe.each(precisions)("as PyTorch, on $name", (precision) => {
  test.each(losses)("$name", async (reference) => {
    await onDevice(precision.backend(), async (device) => {
      const { cells, values, free } = cellsOf(reference);
      await expectReference(device, reference, { cells, forward: () => forms[reference.name]!(values(), reference) }, precision);
      free();
    });
  });

  const entropies = referenceCases("softmax_cross_entropy").filter(({ name }) => name.startsWith("cross_entropy"));
  test.each(entropies)("$name %#: $attrs", async (reference) => {
    await onDevice(precision.backend(), async (device) => {
      const { cells, values, free } = cellsOf(reference, channelsLast);
      const {
        reduction,
        ignore_index: ignoreIndex,
        label_smoothing: labelSmoothing,
      } = reference.attrs as {
        reduction: Reduction;
        ignore_index?: number;
        label_smoothing?: number;
      };
      const forward = (): Tensor => {
        const { x, p } = values();
        if (p) return crossEntropy(x!, p, { reduction });
        const classWeights = reference.weight ? tensor(decode(reference.weight as Encoded)) : undefined;
        return crossEntropy(x!, tensor(decodeIntegers(reference.ints.target!)), {
          reduction,
          ignoreIndex,
          labelSmoothing: labelSmoothing ?? 0,
          classWeights,
        });
      };
      // The reference was computed with class weights of float64, and wrote them as float32: 6e-8 apart.
      const loose = { absolute: 1e-6, relative: 1e-6 };
      const bound = reference.weight && precision.first.relative < 1e-6 ? { ...precision, first: loose, second: loose } : precision;
      await expectReference(device, reference, { cells, forward, layout: { x: channelsLast, p: channelsLast } }, bound);
      free();
    });
  });
});

describe("by hand", () => {
  const number = async (loss: () => Tensor): Promise<number> => {
    let value = NaN;
    await onDevice(oracle.backend(), async (device) => {
      value = (await device.compute(() => ({ value: loss() }))).value as unknown as number;
    });
    return value;
  };
  const int = (values: number[]): Tensor => tensor(values, { dtype: "int32" });

  test("two equal logits: ln 2", async () => {
    expect(await number(() => crossEntropy(tensor([[3, 3]]), int([1])))).toBeCloseTo(Math.LN2, 12);
    expect(await number(() => binaryCrossEntropyWithLogits(tensor([0]), 1))).toBeCloseTo(Math.LN2, 12);
  });

  test("an ignored row counts for nothing, even when its label is a class", async () => {
    const logits = [
      [0, 0],
      [5, -5],
    ];
    expect(await number(() => crossEntropy(tensor(logits), int([0, 1]), { ignoreIndex: 1 }))).toBeCloseTo(Math.LN2, 12);
    expect(await number(() => crossEntropy(tensor(logits), int([0, -100]), { ignoreIndex: -100 }))).toBeCloseTo(Math.LN2, 12);
  });

  test("a label that is no class and not ignored makes the loss NaN", async () => {
    for (const bad of [2, -1, -100]) expect(await number(() => crossEntropy(tensor([[0, 0]]), int([bad])))).toBeNaN();
    expect(
      await number(() =>
        crossEntropy(
          tensor([
            [0, 0],
            [0, 0],
          ]),
          int([2, -100]),
          { ignoreIndex: -100 },
        ),
      ),
    ).toBeNaN();
  });

  test("logits of ±1000 neither overflow nor vanish", async () => {
    expect(await number(() => crossEntropy(tensor([[1000, -1000]]), int([1])))).toBe(2000);
    expect(await number(() => binaryCrossEntropyWithLogits(tensor([1000, -1000]), tensor([0, 1])))).toBe(1000);
    expect(await number(() => binaryCrossEntropy(tensor([1, 0]), tensor([0, 1])))).toBeCloseTo(87.498, 2); // −ln 10⁻³⁸
  });

  test("a soft target with all its weight on one class is that label", async () => {
    const logits = [[1, 2, 3]];
    const hard = await number(() => crossEntropy(tensor(logits), int([2]), { labelSmoothing: 0.1 }));
    expect(await number(() => crossEntropy(tensor(logits), tensor([[0, 0, 1]]), { labelSmoothing: 0.1 }))).toBeCloseTo(hard, 12);
  });

  test("reductions: none keeps the shape, sum is the mean times the count", async () => {
    await onDevice(oracle.backend(), async (device) => {
      const { each, total, average } = await device.compute(() => {
        const [a, b] = [tensor([1, 2, 4]), tensor([0, 0, 0])];
        return {
          each: meanSquaredError(a, b, { reduction: "none" }),
          total: meanSquaredError(a, b, { reduction: "sum" }),
          average: meanSquaredError(a, b),
        };
      });
      expect([...each.data]).toEqual([1, 4, 16]);
      expect([total, average]).toEqual([21, 7]);
    });
  });

  test("cosine embedding: pairs pull together, others push apart up to the margin", async () => {
    const pairs = (): [Tensor, Tensor] => [
      tensor([
        [1, 0],
        [1, 0],
      ]),
      tensor([
        [0, 2],
        [3, 3],
      ]),
    ];
    expect(await number(() => cosineEmbedding(pairs(), int([1, -1]), { margin: 0.5 }))).toBeCloseTo((1 + (Math.SQRT1_2 - 0.5)) / 2, 12);
  });

  test("InfoNCE of orthogonal pairs: −ln of e^(1/τ) over itself and B − 1 ones", async () => {
    const eye = [
      [1, 0],
      [0, 5],
    ]; // lengths do not matter
    const expected = -Math.log(Math.exp(2) / (Math.exp(2) + 1));
    expect(await number(() => infoNce(tensor(eye), tensor(eye), { temperature: 0.5 }))).toBeCloseTo(expected, 12);
    expect(await number(() => infoNce(tensor(eye), tensor(eye), { temperature: 0.5, symmetric: true }))).toBeCloseTo(expected, 12);
  });

  test("CTC of one label in two equal steps: −ln of the three spellings a–, –a, aa out of four", async () => {
    const lengths = (value: number) => ({ inputLengths: int([value]), targetLengths: int([1]) });
    const loss = (steps: number, targets: number[]) =>
      number(() =>
        connectionistTemporal(
          tensor([
            [
              [0, 0],
              [0, 0],
            ],
          ]),
          int(targets).reshape([1, -1]),
          { ...lengths(steps), targetLengths: int([targets.length]) },
        ),
      );
    expect(await loss(2, [1])).toBeCloseTo(-Math.log(3 / 4), 12);
    expect(await loss(1, [1])).toBeCloseTo(Math.LN2, 12); // the second step is padding
    expect(await loss(2, [1, 1])).toBe(Infinity); // a repeated label needs a blank between: three steps
  });

  test("CTC of no steps: 0 for the empty target, ∞ for any other, as PyTorch's", async () => {
    const loss = (labels: number) =>
      number(() =>
        connectionistTemporal(tensor([[[1, 1, 1]]]), int([1]).reshape([1, 1]), { inputLengths: int([0]), targetLengths: int([labels]) }),
      );
    expect(await loss(0)).toBeCloseTo(0, 12);
    expect(await loss(1)).toBe(Infinity);
  });

  test("smooth L1 with beta 0 is the absolute distance", async () => {
    expect(await number(() => smoothL1(tensor([1, -3]), 0, { beta: 0 }))).toBe(2);
  });

  test("a logit given as a probability makes the loss NaN, where a clipped one would look like a perfect answer", async () => {
    for (const bad of [3, -0.5]) expect(await number(() => binaryCrossEntropy(tensor([0.5, bad]), tensor([1, 1])))).toBeNaN();
  });

  test("the hinge is zero beyond the margin", async () => {
    expect(await number(() => hinge(tensor([2, 0.5, -3]), tensor([1, 1, -1])))).toBeCloseTo(0.5 / 3, 12);
  });

  test("cosine similarity of a zero vector is 0, and so is its slope", async () => {
    const { grad } = await import("@dl/core");
    await onDevice(oracle.backend(), async (device) => {
      using x = new Cell(hostTensor(Float64Array.of(0, 0), [1, 2]));
      const [slope] = await device.compute(() => grad(() => cosineSimilarity(x.value, tensor([[1, 0]])).sum(), [x]));
      expect([...slope!.data].every(Number.isFinite)).toBe(true);
    });
  });
});

test("a tensor of labels of another dtype says what it wants", async () => {
  await onDevice(oracle.backend(), async (device) => {
    await expect(device.compute(() => crossEntropy(tensor([[1, 2]]), cast(relu(tensor([1])), "float32")))).rejects.toThrow(
      /crossEntropy: expected int32 labels \[1\], or float distributions \[1, 2\], got float64 \[1\]/,
    );
  });
});

describe("wrong use", () => {
  const expectError = (loss: () => Tensor, message: RegExp | string): Promise<void> =>
    onDevice(oracle.backend(), (device) => expect(device.compute(() => loss())).rejects.toThrow(message));
  const zeros = (shape: number[]): Tensor => fill(shape, 0);
  const labels = (...values: number[]): Tensor => tensor(values, { dtype: "int32" });
  const ctc = (logits: number[], targets: number[], blank = 0): Tensor =>
    connectionistTemporal(zeros(logits), cast(zeros(targets), "int32"), { inputLengths: labels(1), targetLengths: labels(1), blank });

  test.each<[string, (prediction: Tensor, target: Tensor) => Tensor]>([
    ["meanSquaredError", meanSquaredError],
    ["meanAbsoluteError", meanAbsoluteError],
    ["huber", huber],
    ["hinge", hinge],
    ["binaryCrossEntropyWithLogits", binaryCrossEntropyWithLogits],
    ["binaryCrossEntropy", binaryCrossEntropy],
    ["klDivergence", klDivergence],
  ])("%s of [B, 1] and [B] is refused: it would be every prediction against every target", async (name, loss) => {
    await expectError(
      () => loss(zeros([3, 1]), zeros([3])),
      `${name}: expected targets [3, 1], or of a shape that broadcasts to it, got [3]. Reshape one of them.`,
    );
  });

  test.each<[string, () => Tensor, RegExp]>([
    [
      "a reduction of another library",
      () => hinge(zeros([2]), 1, { reduction: "avg" as never }),
      /loss: expected reduction, one of mean, sum, none, got "avg"/,
    ],
    ["the same of labels", () => crossEntropy(zeros([1, 2]), labels(0), { reduction: "avg" as never }), /expected reduction/],
    [
      "smoothing above 1",
      () => crossEntropy(zeros([1, 2]), labels(0), { labelSmoothing: 2 }),
      /expected labelSmoothing from 0 to 1, got 2/,
    ],
    [
      "weights of other classes",
      () => crossEntropy(zeros([1, 2]), labels(0), { classWeights: zeros([3]) }),
      /expected classWeights \[2\].*got \[3\]/,
    ],
    [
      "one weight for soft targets",
      () => crossEntropy(zeros([1, 2]), zeros([1, 2]), { classWeights: zeros([1]) }),
      /expected classWeights \[2\]/,
    ],
    [
      "soft targets to ignore",
      () => crossEntropy(zeros([1, 2]), zeros([1, 2]), { ignoreIndex: 0 }),
      /expected ignoreIndex with int32 labels alone/,
    ],
    ["a delta of 0", () => huber(zeros([2]), 1, { delta: 0 }), /huber: expected a delta above 0, got 0/],
    [
      "labels of another shape",
      () => cosineEmbedding([zeros([3, 2]), zeros([3, 2])], zeros([3, 1])),
      /cosineEmbedding: expected targets \[3\]/,
    ],
    [
      "a temperature of 0",
      () => infoNce(zeros([2, 2]), zeros([2, 2]), { temperature: 0 }),
      /infoNce: expected a temperature above 0, got 0/,
    ],
    [
      "fewer keys than queries",
      () => infoNce(zeros([3, 2]), zeros([2, 2])),
      /infoNce: expected queries and keys \[B, C\], got \[3, 2\] and \[2, 2\]/,
    ],
    ["no step", () => ctc([1, 0, 3], [1, 1]), /connectionistTemporal: expected logits .*got \[1, 0, 3\], \[1, 1\], \[1\], \[1\]/],
    ["no room for a label", () => ctc([1, 2, 3], [1, 0]), /with T and L ≥ 1/],
    ["a batch of another size", () => ctc([2, 2, 3], [1, 1]), /both lengths \[B\]/],
    ["a blank that is no class", () => ctc([1, 2, 3], [1, 1], 3), /expected a blank from 0 to 2, got 3/],
  ])("%s", async (_, loss, message) => {
    await expectError(loss, message);
  });
});

test("dice: perfect regions and classes that are neither there nor found cost nothing, one loss an example and class, wrong shapes are refused", async () => {
  await onDevice(oracle.backend(), async (device) => {
    const [right, one, none] = await device.compute(() => {
      const mask = tensor([
        [
          [1, 0],
          [1, 0],
          [0, 0],
        ],
      ]); // [1, 3, 2]
      const miss = tensor([
        [
          [0, 0],
          [0, 0],
          [1, 0],
        ],
      ]);
      return [dice(mask, mask), dice(miss, mask, { smooth: 0, reduction: "sum" }), dice(miss, mask, { reduction: "none" })];
    });
    expect(right).toBe(0);
    expect(one).toBeNaN(); // 0 / 0 for the second class
    // 1 − 1/(1 + 2 + 1), and a class without a place.
    expect([none.shape, ...none.data]).toEqual([[1, 2], 0.75, 0]);
    await device.compute(() => {
      expect(() => dice(tensor([[1, 0]]), tensor([[1, 0]]))).toThrow(ShapeError);
      expect(() => dice(tensor([[[1, 0]]]), tensor([[[1], [0]]]))).toThrow("targets of the same shape, got [1, 1, 2] and [1, 2, 1]");
      expect(() => dice(tensor([[[1]]]), tensor([[[1]]]), { smooth: -1 })).toThrow("dice: expected smooth ≥ 0, got -1.");
    });
  });
});

test("focal loss: a root of what is missing has a slope where nothing is; wrong options are refused", async () => {
  await onDevice(oracle.backend(), async (device) => {
    const [loss, slope] = await device.compute(() => {
      const x = tensor([1000, -1000, 0]);
      const focal = () => sigmoidFocal(x, tensor([1, 0, 1]), { gamma: 0.5, alpha: null, reduction: "sum" });
      return [focal(), grad(focal, [x])[0]!];
    });
    expect(loss).toBeCloseTo(Math.SQRT1_2 * Math.LN2, 12);
    expect([...slope.data].slice(0, 2)).toEqual([0, 0]);
    await device.compute(() => {
      const x = tensor([1]);
      expect(() => sigmoidFocal(x, 1, { alpha: 2 })).toThrow("expected an alpha from 0 to 1, got 2");
      expect(() => sigmoidFocal(x, 1, { gamma: -1 })).toThrow("expected a gamma ≥ 0, got -1");
      expect(() => sigmoidFocal(x, tensor([[1], [0]]))).toThrow(ShapeError);
    });
  });
});

test("a Gaussian's variance is at least epsilon; one number is a target for all", async () => {
  await onDevice(oracle.backend(), async (device) => {
    const [gaussian, poisson] = await device.compute(() => [
      gaussianNegativeLogLikelihood(tensor([1, 1]), 0, { variance: tensor([0, 1]), epsilon: 0.5, reduction: "none" }),
      poissonNegativeLogLikelihood(tensor([0, 1]), 2, { reduction: "sum" }),
    ]);
    expect(gaussian.data[0]).toBeCloseTo(0.5 * (Math.log(0.5) + 2), 12);
    expect(gaussian.data[1]).toBe(0.5);
    expect(poisson).toBeCloseTo(1 + Math.E - 2, 12);
    await device.compute(() => {
      const x = tensor([1]);
      expect(() => gaussianNegativeLogLikelihood(x, 0, { variance: x, epsilon: 0 })).toThrow("expected an epsilon above 0, got 0");
      expect(() => gaussianNegativeLogLikelihood(x, 0, { variance: tensor([1, 2]) })).toThrow(ShapeError);
    });
  });
});
