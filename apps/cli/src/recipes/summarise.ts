/** Who does what, in a few words: an encoder–decoder that sums up captions of Multi30k. Rush, Chopra and Weston 2015, arXiv:1509.00685; the network of Vaswani et al. 2017. */

import type { Tokenizer } from "@dl/data";
import { multi30k } from "@dl/data/node";
import { Rouge } from "@dl/metrics";
import { digestSet, leadOne } from "@dl/tooling/task-sets";
import type { EncoderDecoder } from "@dl/transformer";
import { showDownload } from "../session.ts";
import type { MeasureOptions } from "./model-recipe.ts";
import type { TaskRecipe, TaskRun } from "./task-recipe.ts";
import {
  type PairExample,
  type PairsData,
  pairBatches,
  pairExample,
  type TextPair,
  trainPairTokenizer,
  type WriterPreset,
  writerRecipe,
  writeTexts,
} from "./translate.ts";

async function load(
  { preset, settings }: TaskRun<WriterPreset>,
  { signal, tokenizer: known }: { signal: AbortSignal; tokenizer?: Tokenizer },
): Promise<PairsData> {
  const read = async (split: "train" | "validation" | "test"): Promise<TextPair[]> => {
    const pairs = await multi30k({ split, signal, onProgress: showDownload });
    // Texts to learn from may overlap: each order of captions is another text.
    const digests = digestSet(
      pairs.map(({ english }) => english),
      split === "train" ? { stride: 1 } : {},
    );
    return digests.slice(0, settings.limit ?? digests.length).map(({ text, summary }) => ({ source: text, target: summary }));
  };
  const [train, validation, test] = [await read("train"), await read("validation"), await read("test")];
  const tokenizer = known ?? trainPairTokenizer(train, { vocabularySize: preset.vocabulary });
  const { context } = preset.network;
  const cut = (pairs: TextPair[]): PairExample[] => pairs.map((pair) => pairExample(pair, { tokenizer, context }));
  return { tokenizer, train: pairBatches(cut(train), tokenizer), validation: cut(validation), test };
}

/** ROUGE of what the model writes, and of the first sentence. */
async function measure(model: EncoderDecoder, { run, data, device, signal }: MeasureOptions<WriterPreset, PairsData>) {
  const sources = data.test.map(({ source }) => source);
  const references = data.test.map(({ target }) => target);
  const written = await writeTexts(model, sources, { tokenizer: data.tokenizer, beams: run.preset.beams, device, signal });
  const score = (hypotheses: readonly string[], kind: 1 | 2 | "L"): number => {
    const rouge = new Rouge({ kind });
    rouge.update({ hypotheses, references });
    return rouge.result().f1;
  };
  const lead = sources.map(leadOne);
  const [own, beside] = [score(written, "L"), score(lead, "L")];
  return {
    metrics: {
      ...{ "test/ROUGE-1": score(written, 1), "test/ROUGE-2": score(written, 2), "test/ROUGE-L": own },
      ...{
        "ROUGE-1 of lead-1": score(lead, 1),
        "ROUGE-2 of lead-1": score(lead, 2),
        "ROUGE-L of lead-1": beside,
        "gain in ROUGE-L": own - beside,
      },
    },
  };
}

export const summarise: TaskRecipe<WriterPreset> = writerRecipe({
  name: "summarise",
  title: "Who does what in captions of Multi30k",
  unit: "texts",
  presets: [
    {
      name: "default",
      summary: "Two blocks on either side, 128 wide, write subject and verb of every caption; held against the first sentence.",
      defaults: { epochs: 6, batchSize: 32, learningRate: 2e-3 },
      goals: { "gain in ROUGE-L": { atLeast: 0.2 } },
      network: { context: 128, size: 128, layers: 2, heads: 4, hidden: 256, dropout: 0.1, deviation: 0.05 },
      vocabulary: 4000,
      labelSmoothing: 0.1,
      beams: 1,
      warmUpShare: 0.08,
      weightDecay: 0.01,
      beta2: 0.98,
      averageDecay: 0.998,
    },
  ],
  load,
  measure,
});
