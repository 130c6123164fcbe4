/** An encoder learns English by guessing hidden words. Devlin et al. 2018, arXiv:1810.04805, section 3.1; on the Brown corpus and other small ones. */

import { Rng } from "@dl/core";
import { type Tokenizer, trainWordPiece } from "@dl/data";
import { brownCorpus, sst2, stateOfTheUnion, type TaggedSentence, wnut17 } from "@dl/data/node";
import { inference } from "@dl/nn";
import { evaluate, type Metrics } from "@dl/train";
import { type EncoderPreset, MaskedLanguageModel } from "@dl/transformer";
import { showDownload } from "../session.ts";
import { hidePlaces, type MaskedWindow, maskedLoss, packWindows, windowsDataset } from "./masked-windows.ts";
import { folderOf, type MeasureOptions, type ModelData, type ModelPreset, modelRecipe, tokenId } from "./model-recipe.ts";
import { probeLayers } from "./parts-of-speech.ts";
import type { TaskRecipe, TaskRun } from "./task-recipe.ts";

/** What may be read: Brown, the State of the Union addresses, the training sentences of SST-2 and of WNUT-17 without their labels. */
type Corpus = "brown" | "addresses" | "reviews" | "posts";

interface MaskedPreset extends ModelPreset {
  readonly encoder: Omit<EncoderPreset, "vocabulary">;
  readonly vocabulary: number;
  readonly corpora: readonly Corpus[];
  /** Share of a window's tokens that is hidden. */
  readonly hiddenShare: number;
  /** Every so-manieth window is held back. */
  readonly heldEvery: number;
}

interface MaskedData extends ModelData<MaskedWindow> {
  readonly tokenizer: Tokenizer;
  readonly held: readonly Int32Array[];
  readonly hidden: number;
  readonly special: ReadonlySet<number>;
  readonly tagged: readonly TaggedSentence[];
}

async function loadTexts({ preset, settings }: TaskRun<MaskedPreset>, signal: AbortSignal) {
  const options = { signal, onProgress: showDownload };
  const tagged = await brownCorpus(options);
  const texts: string[] = [];
  for (const corpus of preset.corpora) {
    switch (corpus) {
      case "brown":
        // Not `push(...texts)`: 57,000 arguments are near what a call may have.
        for (const { tokens } of tagged) texts.push(tokens.join(" "));
        break;
      case "addresses":
        texts.push(...(await stateOfTheUnion(options)).split(/\n+/).filter((paragraph) => paragraph.trim() !== ""));
        break;
      case "reviews":
        texts.push(...(await sst2({ ...options, split: "train" })).texts);
        break;
      case "posts":
        texts.push(...(await wnut17({ ...options, split: "train" })).map(({ tokens }) => tokens.join(" ")));
        break;
      default:
        corpus satisfies never;
    }
  }
  return { tagged, texts: texts.slice(0, settings.limit ?? texts.length) };
}

/** Perplexity of the hidden tokens of what was held back, hidden at the same places each time. */
async function perplexityOf(model: MaskedLanguageModel, { data, run, device, signal }: MeasureOptions<MaskedPreset, MaskedData>) {
  const places = new Rng(run.settings.seed).fork("held");
  const { loss } = await evaluate({
    ...{ device, signal, batchSize: 32 },
    dataset: windowsDataset(data.held, { hidden: data.hidden }),
    transform: hidePlaces({ ...hiding(data), stream: (index) => places.fork(`${index}`) }),
    step: (batch) => ({ loss: maskedLoss(model, batch, inference) }),
  });
  return { loss, perplexity: Math.exp(loss) };
}

function hiding({ tokenizer, special }: Pick<MaskedData, "tokenizer" | "special">) {
  return { maskId: tokenId(tokenizer, "[MASK]"), vocabulary: tokenizer.vocabularySize, special };
}

/** Parts of speech, by layer, of the trained encoder and of one that has learned nothing. */
async function probe(
  model: MaskedLanguageModel,
  { data, run, device, signal }: MeasureOptions<MaskedPreset, MaskedData>,
): Promise<Metrics> {
  const rng = new Rng(run.settings.seed).fork("probe");
  const order = rng.fork("sentences").permutation(data.tagged.length);
  const count = Math.min(1500, Math.floor(data.tagged.length / 2));
  const sentences = (start: number): TaggedSentence[] => [...order.subarray(start, start + count)].map((i) => data.tagged[i]!);
  const work = { device, signal, tokenizer: data.tokenizer, train: sentences(0), test: sentences(count), rng };
  using untrained = new MaskedLanguageModel({ ...model.encoder.options, rng: rng.fork("untrained") });
  const found = await probeLayers(model.encoder, work);
  const before = await probeLayers(untrained.encoder, work);
  return Object.fromEntries([
    ...found.map((accuracy, layer) => [`probe/parts of speech, layer ${layer}`, accuracy]),
    ...before.map((accuracy, layer) => [`probe/untrained, layer ${layer}`, accuracy]),
  ]) as Metrics;
}

/**
 * Plain BERT's loss stays near that of word frequencies for thousands of steps, until attention has learned which places are near; first weights
 * of its deviation, 0.02, which is that of layers of 768, keep it there longer. `docs/decisions/0082` has the numbers.
 */
const encoder: MaskedPreset["encoder"] = {
  ...{ context: 64, size: 128, layers: 1, heads: 8, hidden: 256, dropout: 0.1 },
  ...{ alibi: true, deviation: 0.09 },
};
const settings = { vocabulary: 10_000, hiddenShare: 0.2, heldEvery: 40, warmUpShare: 0.05, weightDecay: 0.01, beta2: 0.98 } as const;

export const mlm: TaskRecipe<MaskedPreset> = modelRecipe<MaskedPreset, MaskedWindow, MaskedData, MaskedLanguageModel>({
  name: "mlm",
  title: "Masked language model of Brown",
  unit: "windows",
  store: folderOf(MaskedLanguageModel),
  charted: ["loss", "perplexity"],
  presets: [
    {
      name: "default",
      summary:
        "One block of BERT's form with ALiBi on Brown's million words, and reviews and posts without labels; sentiment-pretrained and ner go on from it.",
      defaults: { epochs: 10, batchSize: 8, learningRate: 1e-3 },
      ...settings,
      encoder,
      corpora: ["brown", "reviews", "posts"],
    },
    {
      name: "addresses",
      summary: "Two blocks, and the State of the Union addresses too: three times the text.",
      defaults: { epochs: 10, batchSize: 8, learningRate: 1e-3 },
      ...settings,
      encoder: { ...encoder, layers: 2 },
      corpora: ["brown", "addresses", "reviews", "posts"],
    },
  ],
  async load(run, { signal, tokenizer: known }) {
    const { preset } = run;
    const { tagged, texts } = await loadTexts(run, signal);
    // Case is kept: names are found by it.
    const tokenizer = known ?? trainWordPiece(texts, { vocabularySize: preset.vocabulary, lowercase: false });
    const special = new Set(["[PAD]", "[CLS]", "[SEP]", "[UNK]"].map((token) => tokenId(tokenizer, token)));
    const size = preset.encoder.context;
    const windows = packWindows(texts, { tokenizer, size });
    const held = windows.filter((_, i) => i % preset.heldEvery === 0);
    const hidden = Math.round((size - 2) * preset.hiddenShare);
    const dataset = windowsDataset(
      windows.filter((_, i) => i % preset.heldEvery !== 0),
      { hidden },
    );
    return { tokenizer, held, hidden, special, tagged, train: { dataset, transform: [hidePlaces(hiding({ tokenizer, special }))] } };
  },
  model({ preset }, { data: { tokenizer }, rng }) {
    const vocabulary = tokenizer.vocabularySize;
    return new MaskedLanguageModel({ ...preset.encoder, vocabulary, padId: tokenId(tokenizer, "[PAD]"), rng });
  },
  loss: (model, batch, { mode }) => maskedLoss(model, batch, mode),
  validate: perplexityOf,
  async measure(model, options) {
    const { loss, perplexity } = await perplexityOf(model, options);
    return { metrics: { "test/loss": loss, "test/perplexity": perplexity, ...(await probe(model, options)) } };
  },
});
