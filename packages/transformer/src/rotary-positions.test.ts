import { Rng } from "@dl/core";
import { describe, expect, test } from "vitest";
import { ModelConfig } from "./huggingface/config.ts";
import { readRope } from "./huggingface/rope-fields.ts";
import { Llama } from "./models/llama.ts";
import { frequenciesOf } from "./rotary-positions.ts";

/** Frequencies of a head of 4 numbers: of base b they are 1 and b^(−2/4). */
function frequencies(fields: ConstructorParameters<typeof ModelConfig>[0]): number[] {
  const { ropeBase, ropeScaling } = readRope(new ModelConfig(fields));
  return [...frequenciesOf({ headSize: 4, base: ropeBase, scaling: ropeScaling })];
}

describe("rotary positions as configurations of transformers 4 have them, by hand", () => {
  test.each([
    ["nothing said", {}, [1, 0.01]],
    ["a base", { rope_theta: 100 }, [1, 0.1]],
    ["a base, and no scaling", { rope_theta: 100, rope_scaling: null }, [1, 0.1]],
    ["linear, by its old key", { rope_theta: 100, rope_scaling: { type: "linear", factor: 4 } }, [0.25, 0.025]],
    ["linear, by its later key", { rope_theta: 100, rope_scaling: { rope_type: "linear", factor: 4 } }, [0.25, 0.025]],
    ["both keys", { rope_theta: 100, rope_scaling: { type: "linear", rope_type: "linear", factor: 2 } }, [0.5, 0.05]],
    ["linear with the usual base", { rope_scaling: { type: "linear", factor: 2 } }, [0.5, 0.005]],
    ["no scaling, said so", { rope_theta: 100, rope_scaling: { rope_type: "default" } }, [1, 0.1]],
    ["transformers 5", { rope_parameters: { rope_type: "linear", rope_theta: 100, factor: 4 } }, [0.25, 0.025]],
  ] as const)("%s", (_, fields, wanted) => {
    const found = frequencies(fields);
    expect(found).toHaveLength(2);
    for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, 7);
  });

  test("what is missing or unknown is told by its name", () => {
    expect(() => frequencies({ rope_scaling: { type: "linear" } })).toThrow(
      /rope_scaling: expected "factor" to be a number of at least 0, got none/,
    );
    expect(() => frequencies({ rope_scaling: { type: "dynamic", factor: 2 } })).toThrow(
      /rope_scaling: expected "type" to be one of default, linear, llama3, yarn, got "dynamic"/,
    );
  });

  test("Llama takes them, and writes them as transformers 5 reads them", () => {
    const sizes = { vocab_size: 20, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 8 };
    const fields = { model_type: "llama", ...sizes, rope_theta: 100, rope_scaling: { type: "linear", factor: 4 } };
    using model = Llama.fromConfig(new ModelConfig(fields), { rng: new Rng(1) });
    expect(model.options).toMatchObject({ ropeBase: 100, ropeScaling: { kind: "linear", factor: 4 } });
    expect(model.toConfig()).toMatchObject({ rope_parameters: { rope_theta: 100, rope_type: "linear", factor: 4 } });
  });
});
