import { wasm } from "@dl/backend-wasm";
import { openDevice } from "@dl/core";
import { readTensors } from "@dl/nn";
import { expect, test } from "vitest";
import { Pacer } from "../../engine/pacer.ts";
import type { RunFiles } from "../../engine/protocol.ts";
import type { WriteEvent, WriteSettings } from "./contract.ts";
import { openWrite } from "./job.ts";

const payload = { title: "a text", text: "the cat sat on the mat and the dog sat on the log. ".repeat(12) };
const settings: WriteSettings = { text: "own", size: "tiny", steps: 6, batchSize: 2, learningRate: 0.003, seed: 3, rank: 0 };

/** On a device of its own, to the end or to a step. */
async function run(
  change: Partial<WriteSettings>,
  { files, until = Infinity, text = payload.text }: { files?: RunFiles; until?: number; text?: string } = {},
) {
  await using device = await openDevice(wasm({ threads: 1 }));
  const controller = new AbortController();
  const steps: number[] = [];
  await using job = await openWrite({
    ...{
      device,
      pacer: new Pacer(),
      settings: { ...settings, ...change },
      payload: { ...payload, text },
      files,
      signal: controller.signal,
    },
    emit(event: WriteEvent) {
      if (event.kind !== "step") return;
      steps.push(event.step);
      if (event.step >= until) controller.abort();
    },
  });
  await job.run();
  return { steps, files: (await job.files())!, read: await job.asks.read({ text: "the cat" }) };
}

const adapterOf = (files: RunFiles) =>
  [...readTensors(files["adapter_model.safetensors"]!)].map(([name, { data }]) => [name, [...data]] as const);

test("an adapter that is stopped and goes on from its files ends with the bits of one that was not", async () => {
  const base = await run({ steps: 1 });
  const { "checkpoint.safetensors": _, ...weights } = base.files;
  const whole = await run({ rank: 2 }, { files: weights });
  const first = await run({ rank: 2 }, { files: weights, until: 3 });
  const second = await run({ rank: 2 }, { files: first.files });
  expect([first.steps.at(-1), second.steps[0], second.steps.at(-1)]).toEqual([3, 4, 6]);
  expect(adapterOf(second.files)).toEqual(adapterOf(whole.files));
  expect(adapterOf(second.files)).not.toEqual(adapterOf(first.files));
  // The model it stands on is the one that was adapted.
  expect(second.files["model.safetensors"]).toEqual(base.files["model.safetensors"]);

  // Without its checkpoint the adapter is there all the same; a step this small leaves it as it was.
  const { "checkpoint.safetensors": __, ...adapter } = second.files;
  const trainedOn = await run({ rank: 2, steps: 1, learningRate: 1e-12 }, { files: adapter });
  for (const [i, { share }] of trainedOn.read.next.entries()) expect(share).toBeCloseTo(second.read.next[i]!.share, 5);

  await expect(run({ rank: 3 }, { files: adapter })).rejects.toThrow(
    "adapter_config.json: expected the LoRA of rank 3 that run.json tells of, got another adapter.",
  );
  await expect(run({}, { text: payload.text.slice(0, 400) })).rejects.toThrow(
    "Expected a text of at least 490 characters that the model knows, got 400: it reads 49 at a time, and the last 10 % of the text are held back.",
  );
  const tokenizer = new TextEncoder().encode('{"model":{"vocab":{"a":0,"b":1}}}');
  await expect(run({}, { files: { ...weights, "tokenizer.json": tokenizer } })).rejects.toThrow(
    /^tokenizer\.json: expected \d+ characters, as config\.json says, got 2\.$/,
  );
});
