/** nanoGPT's character model for a CPU, on Tiny Shakespeare. github.com/karpathy/nanoGPT, "I only have a macbook". */

import { DataError, Rng, type Scalar, type Tensor } from "@dl/core";
import { tinyShakespeare } from "@dl/data/node";
import { choice, float, record } from "@dl/nas";
import { AdamW, decayGroups, inference, type Mode, schedules } from "@dl/nn";
import { evaluate } from "@dl/train";
import { Gpt2, type Gpt2Preset, nanoGptShakespeare, tokenLoss } from "@dl/transformer";
import { loadFolder } from "@dl/transformer/node";
import { fitInFolder, writeTaskReport } from "../task-training.ts";
import { charactersOf, characterTokenizer, encodeCharacters, randomWindows, windowSlots, windowsOf } from "./character-text.ts";
import { writeModelFolder } from "./model-folder.ts";
import type { RecipeSearch } from "./recipe.ts";
import type { TaskContext, TaskPreset, TaskRecipe, TaskResult, TaskRun, TaskTraining } from "./task-recipe.ts";

interface LanguagePreset extends TaskPreset {
  readonly model: Gpt2Preset;
  /** A text's windows have no end: this many steps are an epoch. */
  readonly stepsPerEpoch: number;
  readonly warmUpSteps: number;
  /** Share of the text, at its end, that is not learned. */
  readonly validationShare: number;
  /** Share at the very end that is not even looked at: what a search must not choose by. Default 0. */
  readonly unseenShare?: number;
  /** Default those of nanoGPT. */
  readonly optimizer?: OptimizerOptions;
}

interface OptimizerOptions {
  readonly weightDecay: number;
  readonly beta2: number;
  /** The last learning rate over the largest. */
  readonly finalShare: number;
}

/** As nanoGPT: down to a tenth, β₂ nearer to 1 than usual because a batch holds few tokens. */
const nanoGptOptimizer: OptimizerOptions = { weightDecay: 0.1, beta2: 0.99, finalShare: 0.1 };

type LanguageRun = TaskRun<LanguagePreset>;

/** The text in two, as ids. `--limit` keeps so many characters of each. */
async function loadText({ preset, settings }: LanguageRun, signal: AbortSignal) {
  const text = await tinyShakespeare({ signal });
  const characters = charactersOf(text);
  const all = encodeCharacters(text, characters);
  const ids = all.subarray(0, Math.floor(all.length * (1 - (preset.unseenShare ?? 0))));
  const learned = Math.floor(ids.length * (1 - preset.validationShare));
  const limit = settings.limit ?? ids.length;
  if (limit <= preset.model.context) {
    throw new DataError(
      `gpt-shakespeare: expected more characters than the ${preset.model.context} of the context, got ${limit}. Take a larger --limit, such as 5000.`,
    );
  }
  return { characters, train: ids.subarray(0, Math.min(limit, learned)), held: ids.subarray(learned, learned + limit) };
}

/** The mean loss of every next character in the text held back, in nats, and how many it predicted. */
async function measure(model: Gpt2, held: Int32Array, { device, signal }: TaskContext): Promise<{ loss: number }> {
  const dataset = windowsOf(held, model.options.context + 1);
  return evaluate({ device, dataset, batchSize: 48, signal, step: ({ ids }) => ({ loss: lossOf(model, ids, inference) }) });
}

/** Windows of one more id than the model sees: each predicts the next. */
function lossOf(model: Gpt2, ids: Tensor, mode: Mode): Scalar {
  const [batch, size] = ids.shape as readonly [number, number];
  const logits = model.forward({ ids: ids.slice([0, 0], [batch, size - 1]) }, mode);
  return tokenLoss(logits, ids.slice([0, 1], [batch, size - 1]));
}

async function train(run: LanguageRun, { device, folder, signal, callbacks = [], ...from }: TaskTraining): Promise<TaskResult> {
  const { preset, settings } = run;
  const rng = new Rng(settings.seed);
  const { characters, train: text, held } = await loadText(run, signal);
  using model = new Gpt2({ ...preset.model, vocabulary: characters.length, rng: rng.fork("init") });
  const steps = settings.epochs * preset.stepsPerEpoch;
  const { learningRate, batchSize } = settings;
  const { weightDecay, beta2, finalShare } = preset.optimizer ?? nanoGptOptimizer;
  const decay = schedules.cosine(learningRate, { steps: Math.max(1, steps - preset.warmUpSteps), end: learningRate * finalShare });
  using optimizer = new AdamW(decayGroups(model), {
    learningRate: schedules.warmUp(decay, { steps: preset.warmUpSteps }),
    beta2,
    weightDecay,
  });
  const fitted = await fitInFolder(run, {
    ...{ device, folder, signal, callbacks, ...from, model, optimizer, unit: "windows", clipNorm: 1 },
    dataset: windowSlots({ count: preset.stepsPerEpoch * batchSize, size: preset.model.context + 1 }),
    transform: randomWindows(text),
    step: ({ ids }, mode) => lossOf(model, ids, mode),
    validate: () => measure(model, held, { device, signal }),
  });
  if (fitted.reason === "stopped") return { ...fitted, metrics: undefined };
  await writeModelFolder(model, { folder, reason: fitted.reason, tokenizer: characterTokenizer(characters) });
  const result = { ...fitted, metrics: { "test/loss": fitted.history.at(-1)?.metrics["validation/loss"] ?? Number.NaN } };
  await writeTaskReport(run, result, { folder, device: device.name, charted: ["loss"] });
  return result;
}

/** Hyper-parameters at the hand-set cost: the same network sees as many windows. */
interface FoundSettings extends OptimizerOptions {
  readonly batchSize: number;
  readonly learningRate: number;
  /** Share of the steps. */
  readonly warmUp: number;
  /** Of first weights. */
  readonly deviation: number;
}

const batchSizes = [4, 6, 8, 12, 20, 24];

const search: RecipeSearch<LanguagePreset, FoundSettings> = {
  space: record({
    batchSize: choice(batchSizes),
    learningRate: float(3e-4, 1e-2, { log: true }),
    warmUp: float(0.005, 0.2, { log: true }),
    finalShare: float(0.01, 0.3, { log: true }),
    weightDecay: float(0.003, 0.3, { log: true }),
    beta2: float(0.95, 0.999),
    // nanoGPT's 0.02 is that of layers of 768.
    deviation: float(0.01, 0.2, { log: true }),
  }),
  known: [{ batchSize: batchSizes.indexOf(12), learningRate: 3e-3, warmUp: 0.05, deviation: 0.02, ...nanoGptOptimizer }],
  // The whole length: at a part of it a larger rate looks better than it is.
  trial: { epochs: 8, limit: null },
  // Chosen by the tenth before the last: the last is what the hand-set and the found settings are compared on.
  tried: (preset, found) => ({ ...trained(preset, found), unseenShare: preset.validationShare }),
  trained,
};

function trained(preset: LanguagePreset, { batchSize, learningRate, warmUp, deviation, ...optimizer }: FoundSettings): LanguagePreset {
  const { defaults } = preset;
  const stepsPerEpoch = Math.round((preset.stepsPerEpoch * defaults.batchSize) / batchSize);
  const warmUpSteps = Math.round(warmUp * defaults.epochs * stepsPerEpoch);
  const model = { ...preset.model, deviation };
  return { ...preset, model, optimizer, stepsPerEpoch, warmUpSteps, defaults: { ...defaults, batchSize, learningRate } };
}

export const gptShakespeare: TaskRecipe<LanguagePreset> = {
  name: "gpt-shakespeare",
  title: "GPT on the characters of Tiny Shakespeare",
  presets: [
    {
      name: "default",
      summary: "nanoGPT's 0.8 million parameters: validation loss under 1.88 nats a character, in minutes.",
      // nanoGPT takes 1e-3; that gives 1.89 to 1.91 here and in PyTorch alike.
      defaults: { epochs: 8, batchSize: 12, learningRate: 3e-3 },
      goals: { "test/loss": { atMost: 1.88 } },
      stepsPerEpoch: 250,
      warmUpSteps: 100,
      validationShare: 0.1,
      model: nanoGptShakespeare,
    },
  ],
  search: search as RecipeSearch<LanguagePreset>,
  train,
  async evaluate(run, { device, signal, folder }) {
    const { held } = await loadText(run, signal);
    using model = await loadFolder(folder, Gpt2);
    return { "test/loss": (await measure(model, held, { device, signal })).loss };
  },
};
