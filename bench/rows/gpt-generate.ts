/** Claim: 256 tokens from a GPT of ten million parameters come no slower than from PyTorch in eager mode, both with a cache of keys and values. */

import { readState } from "@dl/nn";
import { Gpt2, generate } from "@dl/transformer";
import type { BenchCase } from "../case.ts";
import { timed } from "../workload.ts";

export const gptGenerate: BenchCase = {
  name: "gpt-generate-256",
  title: "GPT of 10.8 million parameters (6 layers, 384 wide): 256 tokens, one text, greedy",
  workload: "gpt-generate",
  parameters: { layers: 6, heads: 6, size: 384, vocabulary: 65, prompt: 16, tokens: 256 },
  quick: { layers: 1, heads: 2, size: 32, tokens: 4 },
  device: "wasm",
  measures: "time",
  prepare: async ({ device, parameters, rng, share }) => {
    const { layers, heads, size, vocabulary, prompt: length, tokens } = parameters as GenerateParameters;
    // Weights this large decide each token clearly: rounding must not choose.
    const options = { layers, heads, size, vocabulary, context: length + tokens, deviation: 0.1, dropout: 0 };
    const model = new Gpt2({ ...options, rng: rng.fork("init") });
    const prompt = rng.fork("prompt").integers([length], 0, vocabulary);
    await share(new Map([...(await readState(model)), ["prompt", prompt]]));
    const write = async (): Promise<readonly number[]> => {
      const [text] = await generate(model, [[...prompt.data]], { device, newTokens: tokens });
      return text!.ids;
    };
    // One token that differs changes all after it: the first say enough.
    return { check: (await write()).slice(0, 16), run: timed(write) };
  },
  peers: ["torch"],
  // Ids are whole numbers: they are equal, or the row is none.
  tolerance: 1e-6,
  floors: [{ of: "ratio", peer: "torch", atMost: () => 1 }],
};

type GenerateParameters = Record<"layers" | "heads" | "size" | "vocabulary" | "prompt" | "tokens", number>;
