import { type HostTensor, type Scalar, type Tensor, tensor, valueAndGrad } from "@dl/core";
import { inference } from "@dl/nn";
import { describe, expect, test } from "vitest";
import type { Pretrained, PretrainedClass } from "./huggingface/pretrained.ts";
import { huggingFaceName, toHuggingFace } from "./huggingface/weights.ts";
import { causalLoss } from "./losses.ts";
import { Gpt2 } from "./models/gpt2.ts";
import { loadFolder } from "./node/index.ts";
import { asMask, expectNear, fixturePath, onDevice, precisions, readFixture, readJson } from "./reference-fixture.ts";

interface Outcome {
  readonly loss: Scalar;
  /** By the names of the fixture. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

interface Reference {
  readonly folder: string;
  readonly load: (folder: string) => Promise<Pretrained>;
  readonly run: (model: Pretrained, inputs: ReadonlyMap<string, HostTensor>) => Outcome;
  /** Which rows of outputs whose name begins so are text, not padding. Default: all of `attention_mask`. */
  readonly rows?: (name: string, inputs: ReadonlyMap<string, HostTensor>) => HostTensor | undefined;
}

function reference<M extends Pretrained>(
  folder: string,
  kind: PretrainedClass<M>,
  run: (model: M, inputs: Record<string, HostTensor>) => Outcome,
  rows?: Reference["rows"],
): Reference {
  return {
    folder,
    load: (path) => loadFolder(path, kind),
    run: (model, inputs) => run(model as unknown as M, Object.fromEntries(inputs)),
    ...(rows && { rows }),
  };
}

const newTrace = () => ({ hiddenStates: [] as Tensor[], attentions: [] as Tensor[], crossAttentions: [] as Tensor[] });

const references: readonly Reference[] = [
  reference("gpt2", Gpt2, (model, { input_ids, attention_mask, labels }) => {
    const trace = newTrace();
    const logits = model.forward({ ids: tensor(input_ids!), mask: tensor(asMask(attention_mask!)) }, inference, { trace });
    return { loss: causalLoss(logits, tensor(labels!)), outputs: { logits, ...single(trace) } };
  }),
];

/** What the fixtures keep of a trace of one stack. */
function single({ hiddenStates, attentions }: ReturnType<typeof newTrace>): Record<string, Tensor> {
  return { "hidden_states.0": hiddenStates[0]!, last_hidden_state: hiddenStates.at(-1)!, "attentions.0": attentions[0]! };
}

describe.each(references)("$folder as transformers", ({ folder, load, run, rows }) => {
  const inputs = readFixture(`${folder}/inputs.safetensors`);
  const expected = readFixture(`${folder}/expected.safetensors`);
  const meta = readJson<{ parameters: number; loss: number; grads: string[] }>(`${folder}/meta.json`);
  const textRows = rows ?? ((_: string, all: typeof inputs) => all.get("attention_mask"));

  test("has as many parameters", async () => {
    using model = await load(fixturePath(folder));
    expect(model.parameterCount).toBe(meta.parameters);
  });

  test.each(precisions)("on $name: outputs, loss and gradients", async (precision) => {
    await onDevice(precision.backend(), async (device) => {
      using model = await load(fixturePath(folder));
      const wanted = new Map(
        [...model.namedParameters()].map(([path, parameter]) => [huggingFaceName(path, model.huggingFace), { path, parameter }]),
      );
      const named = meta.grads.map((name) => {
        const place = wanted.get(currentName(name));
        if (place === undefined) expect.fail(`no parameter is called ${name}`);
        return { name, ...place };
      });
      const result = await device.compute(() => {
        const { value, grads } = valueAndGrad(
          () => {
            const { loss, outputs } = run(model, inputs);
            return { loss, ...outputs };
          },
          named.map(({ parameter }) => parameter),
        );
        return { value: value as Record<string, Tensor>, grads: named.map(({ parameter }) => grads.get(parameter)!) };
      });
      const { loss, ...outputs } = result.value as Record<string, HostTensor> & { loss: number };
      expect(Math.abs(loss - meta.loss)).toBeLessThan(1e-4 * Math.abs(meta.loss));
      const names = [...expected.keys()].filter((name) => !name.startsWith("grad."));
      expect(Object.keys(outputs).sort()).toEqual(names.sort());
      for (const name of names) {
        const perRow = expected.get(name)!.shape.length > 2 ? textRows(name, inputs) : undefined;
        expectNear(outputs[name]!, expected.get(name)!, { bound: precision.outputs, what: name, rows: perRow });
      }
      named.forEach(({ name, path }, i) => {
        const gradient = toHuggingFace(result.grads[i]!, { path, model });
        expectNear(gradient, expected.get(`grad.${name}`)!, { bound: precision.gradients, what: `grad ${name}` });
      });
    });
  });
});

/** Parameters are called by transformers 5's names in `meta.grads`, and by those of files elsewhere. */
function currentName(name: string): string {
  return name;
}
