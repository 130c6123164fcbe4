import { Cell, concat, fill, type HostTensor, hostTensor, Rng, type Scalar, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { describe, expect, test } from "vitest";
import { inference, training } from "../mode.ts";
import type { Parameter } from "../parameter.ts";
import { decode, expectClose, expectReference, onDevice, permute, precisions, referenceCases, transposed } from "../reference-fixture.ts";
import { Gru, Lstm, type Recurrent, Rnn } from "./recurrent.ts";
import { GruCell, LstmCell, RnnCell } from "./recurrent-cell.ts";

const cases = referenceCases("rnn");
const rng = new Rng(3);

describe.each(precisions)("as PyTorch, on $name", (precision) => {
  test.each([
    ["lstm_cell", () => new LstmCell({ inputs: 4, size: 5, rng })],
    ["gru_cell", () => new GruCell({ inputs: 4, size: 5, rng })],
    ["rnn_tanh_cell", () => new RnnCell({ inputs: 4, size: 5, rng })],
  ] as const)("%s", async (name, create) => {
    const reference = cases.find((one) => one.name === name)!;
    await onDevice(precision.backend(), async (device) => {
      using cell = create();
      using x = new Cell(decode(reference.inputs.x!));
      using h = new Cell(decode(reference.inputs.h!));
      using c = new Cell(decode(reference.inputs.c ?? reference.inputs.h!));
      const forward = () => {
        const [hidden, memory] = cell.forward(x.value, name === "lstm_cell" ? [h.value, c.value] : [h.value]);
        return memory ? concat([hidden, memory], { axis: 1 }) : hidden;
      };
      const cells = { x, h, c, w_ih: cell.inputWeight, w_hh: cell.hiddenWeight, b_ih: cell.inputBias, b_hh: cell.hiddenBias };
      await expectReference(device, reference, { cells, forward, layout: { w_ih: transposed, w_hh: transposed } }, precision);
    });
  });

  test.each([
    ["lstm_sequence", () => new Lstm({ inputs: 3, size: 4, layers: 2, bidirectional: true, rng })],
    ["gru_sequence", () => new Gru({ inputs: 3, size: 4, layers: 2, bidirectional: true, rng })],
  ] as const)("%s: two layers, both directions", async (name, create) => {
    const reference = cases.find((one) => one.name === name)!;
    await onDevice(precision.backend(), async (device) => {
      using model: Recurrent = create();
      using x = new Cell(hostTensor(new Float32Array(24), [2, 4, 3]));
      const batchFirst = (tensor: HostTensor): HostTensor => permute(tensor, [1, 0, 2]);
      const cells: Record<string, Cell> = { x };
      const layout: Record<string, (tensor: HostTensor) => HostTensor> = { x: batchFirst, output: batchFirst };
      model.layers.forEach(({ forward, backward }, layer) => {
        for (const [cell, suffix] of [
          [forward, ""],
          [backward!, "_reverse"],
        ] as const) {
          const named = { weight_ih: cell.inputWeight, weight_hh: cell.hiddenWeight, bias_ih: cell.inputBias, bias_hh: cell.hiddenBias };
          for (const [part, parameter] of Object.entries(named)) {
            cells[`${part}_l${layer}${suffix}`] = parameter;
            if (part.startsWith("weight")) layout[`${part}_l${layer}${suffix}`] = transposed;
          }
        }
      });
      await expectReference(device, reference, { cells, forward: () => model.forward(x.value, inference).output, layout }, precision);
    });
  });
});

test("a sequence in two parts, the state handed over, is the sequence in one", async () => {
  await onDevice(precisions[0]!.backend(), async (device) => {
    using model = new Lstm({ inputs: 2, size: 3, layers: 2, rng });
    const sequence = new Rng(1).normal([1, 6, 2]);
    const { whole, parts } = await device.compute(() => {
      const x = tensor(sequence);
      const first = model.forward(x.slice([0, 0, 0], [1, 2, 2]), inference);
      const second = model.forward(x.slice([0, 2, 0], [1, 4, 2]), inference, { initial: first.states });
      return { whole: model.forward(x, inference).output, parts: concat([first.output, second.output], { axis: 1 }) };
    });
    expect([...parts.data]).toEqual([...whole.data]);
  });
});

test.each([
  ["Rnn", Rnn],
  ["Lstm", Lstm],
  ["Gru", Gru],
] as const)(
  "%s of sequences with lengths is each of them alone, in both directions: outputs, last states, and slopes",
  async (_, Layer) => {
    await onDevice(precisions[0]!.backend(), async (device) => {
      using model = new Layer({ inputs: 2, size: 3, layers: 2, bidirectional: true, rng });
      const [long, short] = [new Rng(1).normal([1, 4, 2]), new Rng(2).normal([1, 2, 2])];
      const parts = await device.compute(() => {
        const padding = fill([1, 2, 2], 50);
        const both = concat([tensor(long), concat([tensor(short), padding], { axis: 1 })], { axis: 0 }); // [2, 4, 2]
        const lengths = tensor([4, 2], { dtype: "int32" });
        const together = model.forward(both, inference, { lengths });
        const alone = [tensor(long), tensor(short)].map((x) => model.forward(x, inference));
        const slopes = (loss: () => Scalar) => [...valueAndGrad(loss, model.parameters()).grads.values()];
        const square = (x: Tensor): Scalar => x.square().sum();
        return {
          outputs: [together.output, concat([alone[0]!.output, concat([alone[1]!.output, fill([1, 2, 6], 0)], { axis: 1 })], { axis: 0 })],
          states: [together, ...alone].map(({ states }) => states.map((state) => concat(state as readonly Tensor[], { axis: 1 }))),
          together: slopes(() => square(model.forward(both, inference, { lengths }).output)),
          alone: slopes(
            () =>
              square(model.forward(tensor(long), inference).output).add(square(model.forward(tensor(short), inference).output)) as Scalar,
          ),
        };
      });
      const close = { absolute: 1e-12, relative: 1e-12 };
      expectClose(parts.outputs[0]!, parts.outputs[1]!, close, "outputs");
      const [together, first, second] = parts.states as [HostTensor[], HostTensor[], HostTensor[]];
      together.forEach(({ data }, i) => {
        const rows = [...first[i]!.data, ...second[i]!.data];
        expectClose({ shape: [rows.length], dtype: "float64", data }, hostTensor(Float64Array.from(rows), [rows.length]), close, "state");
      });
      parts.together.forEach((slope, i) => {
        expectClose(slope, parts.alone[i]!, close, "slope");
      });
      await expect(device.compute(() => model.forward(tensor(long), inference, { lengths: tensor([4, 2]) }).output)).rejects.toThrow(
        /expected lengths \[1\], one for each sequence, got \[2\]/,
      );
    });
  },
);

test("with ReLU, a step is the larger of the sum and zero, by hand; another activation is refused", async () => {
  await onDevice(precisions[0]!.backend(), async (device) => {
    using cell = new RnnCell({ inputs: 1, size: 2, activation: "relu", rng });
    const load = (parameter: Parameter, data: number[], shape: number[]): void =>
      parameter.load(hostTensor(Float64Array.from(data), shape));
    load(cell.inputWeight, [1, -1], [1, 2]);
    load(cell.hiddenWeight, [2, 0, 0, 3], [2, 2]);
    load(cell.inputBias, [0.5, 0.5], [2]);
    load(cell.hiddenBias, [0, 0.25], [2]);
    const [hidden] = await device.compute(() => cell.forward(tensor([[4]]), [tensor([[1, 1]])]));
    // 4 + 0.5 + 2, and −4 + 0.75 + 3 < 0.
    expect([...hidden.data]).toEqual([6.5, 0]);
    using layers = new Rnn({ inputs: 1, size: 2, layers: 2, bidirectional: true, activation: "relu", rng });
    expect(layers.layers.flatMap(({ forward, backward }) => [forward, backward]).map((one) => (one as RnnCell).activation)).toEqual(
      Array.from({ length: 4 }, () => "relu"),
    );
  });
  expect(() => new Rnn({ inputs: 1, size: 1, activation: "gelu" as never, rng })).toThrow(
    'RnnCell: expected activation tanh or relu, got "gelu".',
  );
});

test("dropout between layers acts in training only, and the same rng gives the same output", async () => {
  await onDevice(precisions[0]!.backend(), async (device) => {
    using model = new Gru({ inputs: 2, size: 8, layers: 2, dropout: 0.5, rng });
    const sequence = new Rng(1).normal([1, 3, 2]);
    const run = (mode: Parameters<Gru["forward"]>[1]) => device.compute(() => model.forward(tensor(sequence), mode).output);
    const first = await run(training(new Rng(7)));
    expect((await run(training(new Rng(7)))).data).toEqual(first.data);
    expect((await run(training(new Rng(8)))).data).not.toEqual(first.data);
    expect((await run(inference)).data).not.toEqual(first.data);
    expect((await run(inference)).data).toEqual((await run(inference)).data);
  });
});
