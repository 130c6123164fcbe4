/** dl explain, of a text: what a language model looks at, and what it would say at each layer. */

import type { HostTensor, Tensor } from "@dl/core";
import { tensor } from "@dl/core";
import { inference } from "@dl/nn";
import { writeFileAtomic } from "@dl/train/node";
import { attentionPage, logitLens, logitLensPage } from "@dl/transformer";
import { openNamedDevice } from "../backends.ts";
import { type Arguments, deviceSettings, text, UsageError } from "../command.ts";
import { loadLanguageModel } from "../language-model.ts";

export const textMethods = ["attention", "logit-lens"] as const;
export type TextMethod = (typeof textMethods)[number];

export async function explainText(args: Arguments, options: { method: TextMethod; folder: string; words: string }): Promise<number> {
  const { method, folder, words } = options;
  const out = text(args, "out") ?? `${method}.html`;
  if (!/\.html$/i.test(out)) throw new UsageError(`--out: expected a file that ends in .html, got ${JSON.stringify(out)}.`);
  for (const name of ["class", "layer"]) {
    if (args.values[name] !== undefined) throw new UsageError(`--${name}: expected an image to explain, got a text and ${method}.`);
  }
  const { model, tokenizer } = await loadLanguageModel(folder);
  using _ = model;
  const ids = [...tokenizer.encode(words, { truncation: null, padding: null }).ids];
  if (ids.length === 0) throw new UsageError(`expected text of the tokenizer's alphabet, got ${JSON.stringify(words)}.`);
  const settings = deviceSettings(args);
  await using device = await openNamedDevice(settings);
  const textOf = (id: number): string => tokenizer.decode([id], { skipSpecialTokens: false });
  const tokens = ids.map(textOf);
  const title = `${method}: ${words}`;
  const layers = (await device.compute(() => {
    const trace = { attentions: [] as Tensor[], hiddenStates: [] as Tensor[] };
    model.forward({ ids: tensor({ shape: [1, ids.length], dtype: "int32", data: Int32Array.from(ids) }) }, inference, { trace });
    return method === "attention" ? trace.attentions : logitLens(model, trace.hiddenStates);
  })) as HostTensor[];
  const page =
    method === "attention" ? attentionPage({ attentions: layers, tokens, title }) : logitLensPage({ lens: layers, tokens, textOf, title });
  await writeFileAtomic(out, page);
  if (args.values.json) {
    console.log(JSON.stringify({ method, tokens, layers: layers.length, backend: settings.backend, device: device.name, file: out }));
  } else console.log(`${words}: ${tokens.length} tokens, ${method} → ${out}`);
  return 0;
}
