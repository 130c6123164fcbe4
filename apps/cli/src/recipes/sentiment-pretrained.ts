/** What pretraining is worth: sentiment from an encoder of `dl train mlm`, tuned whole, by LoRA, by its head alone, and from scratch beside it. */

import { argmax, DataError, equal, mean, Rng } from "@dl/core";
import { type AdamWOptions, decayGroups, type Mode, type ParameterGroup, WeightAverage } from "@dl/nn";
import { fit, type Metrics, type Tensors } from "@dl/train";
import { Adapted, type EncoderPreset, Lora, SequenceClassifier } from "@dl/transformer";
import { loadFolder } from "@dl/transformer/node";
import { fitInFolder, writeTaskReport } from "../task-training.ts";
import { writeModelFolder } from "./model-folder.ts";
import { adamWOf, type ModelPreset, tokenizerIn } from "./model-recipe.ts";
import type { TextExample } from "./padded-texts.ts";
import { PartResults } from "./part-results.ts";
import { classifyTexts, loadSentiment, measureClassifier, type SentimentData, testMetrics } from "./sentiment.ts";
import type { TaskContext, TaskRecipe, TaskResult, TaskRun, TaskTraining } from "./task-recipe.ts";

interface PretrainedPreset extends ModelPreset {
  /** Rates on the way up through the encoder, and before the last layer. */
  readonly dropout: number;
  readonly headDropout: number;
  readonly hiddenShare: number;
  /** Of what begins from nothing. */
  readonly scratchLearningRate: number;
  readonly lora: { readonly rank: number; readonly alpha: number; readonly learningRate: number };
  /** Of the head on a frozen encoder. */
  readonly frozenLearningRate: number;
}

type Run = TaskRun<PretrainedPreset>;

async function load(run: Run, signal: AbortSignal): Promise<SentimentData> {
  const folder = run.settings.inputs!.weights!;
  const tokenizer = await tokenizerIn(folder);
  if (tokenizer === undefined) throw new DataError(`--weights: expected the folder of a run of mlm, got ${folder} without tokenizer.json.`);
  return loadSentiment(run, { signal, tokenizer, context: 64, hiddenShare: run.preset.hiddenShare });
}

/** The pretrained encoder under a new head; `from scratch` keeps its form and none of its weights. */
async function classifier(run: Run, { data, rng, fromScratch = false }: { data: SentimentData; rng: Rng; fromScratch?: boolean }) {
  const { dropout, headDropout } = run.preset;
  const labels = data.classNames;
  const pretrained = await loadFolder(run.settings.inputs!.weights!, SequenceClassifier, {
    ...{ strict: false, rng },
    config: {
      id2label: Object.fromEntries(labels.map((label, id) => [id, label])),
      problem_type: "single_label_classification",
      hidden_dropout_prob: dropout,
      classifier_dropout: headDropout,
    },
  });
  if (!fromScratch) return pretrained;
  const { options } = pretrained.encoder;
  pretrained[Symbol.dispose]();
  // Small first vectors, as `sentiment` has them: what a word comes to mean in a few sentences has to be more than what it began as.
  return new SequenceClassifier({ ...(options as EncoderPreset), deviation: 0.02, labels, headDropout, rng });
}

function lossOf(model: SequenceClassifier, { ids, mask, segments, labels }: Tensors<TextExample>, mode: Mode) {
  const logits = model.forward({ ids, mask, segments }, mode);
  return { loss: model.loss(logits, labels), accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")) };
}

interface Way {
  readonly model: SequenceClassifier;
  readonly adapter?: Lora;
  readonly groups: readonly ParameterGroup<AdamWOptions>[];
  readonly learningRate: number;
}

/** Trains one way from its first step to its last, and measures it. */
async function trainWay(
  run: Run,
  { model, adapter, groups, learningRate }: Way,
  { data, ...work }: TaskContext & { data: SentimentData },
): Promise<Metrics> {
  const { preset, settings } = run;
  const { batchSize, epochs } = settings;
  const steps = epochs * Math.ceil(data.train.dataset.length / batchSize);
  using optimizer = adamWOf(groups, { ...preset, learningRate, steps });
  const whole = adapter ? new Adapted(model, [adapter]) : model;
  using average = preset.averageDecay === undefined ? undefined : new WeightAverage(whole, { decay: preset.averageDecay });
  await fit<TextExample>({
    ...{ ...work, model: whole, optimizer, batchSize, epochs, clipNorm: 1, rng: new Rng(settings.seed).fork("fit") },
    ...data.train,
    ...(average && { average }),
    step: (batch, mode) => lossOf(model, batch, mode),
  });
  work.signal.throwIfAborted();
  const { accuracy, loss } = await measureClassifier(model, data.test, { ...work, padId: data.padId });
  return { accuracy, loss };
}

/** The ways beside full tuning, each from the same start. */
async function otherWays(run: Run, { folder, ...work }: TaskContext & { folder: TaskTraining["folder"]; data: SentimentData }) {
  const { preset, settings } = run;
  const { data } = work;
  const rng = new Rng(settings.seed);
  const parts = await PartResults.open(folder);
  const start = { data, rng: rng.fork("init") };
  const scratch = await parts.part("from scratch", async () => {
    using model = await classifier(run, { ...start, fromScratch: true });
    return await trainWay(run, { model, groups: decayGroups(model), learningRate: preset.scratchLearningRate }, work);
  });
  const lora = await parts.part("LoRA", async () => {
    using model = await classifier(run, start);
    const { rank, alpha, learningRate } = preset.lora;
    // The vectors of words too: what they say of feelings is what a million words without labels teach least.
    const targets = ["tokens", "query", "key", "value", "expand", "contract"];
    const own = { ranks: { tokens: rank / 2 }, alphas: { tokens: alpha / 2 } };
    using adapter = await new Lora(model, { targets, rank, alpha, ...own, whole: ["dense", "output"], rng: rng.fork("lora") }).ready();
    const trained = adapter.trained();
    const count = trained.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    const metrics = await trainWay(run, { model, adapter, groups: [{ parameters: trained }], learningRate }, work);
    return { ...metrics, share: count / model.parameterCount };
  });
  const frozen = await parts.part("frozen", async () => {
    using model = await classifier(run, start);
    const head = [...model.dense.parameters(), ...model.output.parameters()];
    return await trainWay(run, { model, groups: [{ parameters: head }], learningRate: preset.frozenLearningRate }, work);
  });
  return { scratch, lora, frozen, seconds: parts.seconds };
}

async function train(run: Run, { device, folder, resume, signal }: TaskTraining): Promise<TaskResult> {
  const { preset, settings } = run;
  const rng = new Rng(settings.seed);
  const data = await load(run, signal);
  using model = await classifier(run, { data, rng: rng.fork("init") });
  const steps = settings.epochs * Math.ceil(data.train.dataset.length / settings.batchSize);
  using optimizer = adamWOf(decayGroups(model), { ...preset, learningRate: settings.learningRate, steps });
  using average = preset.averageDecay === undefined ? undefined : new WeightAverage(model, { decay: preset.averageDecay });
  const fitted = await fitInFolder<TextExample>(run, {
    ...{ device, folder, resume, signal, model, optimizer, unit: "sentences", clipNorm: 1 },
    ...data.train,
    ...(average && { average }),
    step: (batch, mode) => lossOf(model, batch, mode),
    async validate() {
      const { loss, accuracy } = await measureClassifier(model, data.validation, { device, signal, padId: data.padId });
      return { loss, accuracy };
    },
  });
  if (fitted.reason === "stopped") return { ...fitted, metrics: undefined };
  await writeModelFolder(model, { folder, reason: fitted.reason, tokenizer: data.tokenizer.toJson() });
  const full = testMetrics(await measureClassifier(model, data.test, { device, signal, padId: data.padId }));
  const { scratch, lora, frozen, seconds } = await otherWays(run, { device, signal, folder, data });
  const accuracy = full.metrics["test/accuracy"]!;
  const metrics: Metrics = {
    ...full.metrics,
    "test/accuracy from scratch": scratch.accuracy!,
    "test/accuracy LoRA": lora.accuracy!,
    "test/accuracy frozen": frozen.accuracy!,
    "gain over scratch": accuracy - scratch.accuracy!,
    "LoRA behind full": accuracy - lora.accuracy!,
    "LoRA share of parameters": lora.share!,
  };
  const result = { ...fitted, seconds: fitted.seconds + seconds, metrics };
  const { classification } = full;
  await writeTaskReport(run, result, {
    folder,
    device: device.name,
    charted: ["loss", "accuracy"],
    ...(classification && { classification }),
  });
  return result;
}

export const sentimentPretrained: TaskRecipe<PretrainedPreset> = {
  name: "sentiment-pretrained",
  title: "Sentiment of film reviews (SST-2), from an encoder pretrained by mlm",
  inputs: { weights: "required" },
  presets: [
    {
      name: "default",
      summary: "From the folder of a run of mlm (--weights): tuned whole, by LoRA, by its head alone, and from scratch.",
      defaults: { epochs: 5, batchSize: 32, learningRate: 2e-3 },
      goals: { "gain over scratch": { atLeast: 0.01 }, "LoRA behind full": { atMost: 0.01 }, "LoRA share of parameters": { atMost: 0.05 } },
      dropout: 0.4,
      headDropout: 0.5,
      hiddenShare: 0.3,
      warmUpShare: 0.1,
      weightDecay: 0.1,
      averageDecay: 0.998,
      scratchLearningRate: 1e-3,
      lora: { rank: 8, alpha: 16, learningRate: 4e-3 },
      frozenLearningRate: 3e-3,
    },
  ],
  train,
  async answer(_, { folder, texts, device }) {
    const tokenizer = await tokenizerIn(folder);
    if (tokenizer === undefined) throw new DataError(`${folder}: expected a tokenizer.json beside the model, got none.`);
    using model = await loadFolder(folder, SequenceClassifier);
    return await classifyTexts(model, texts, { tokenizer, device });
  },
  async evaluate(run, { device, signal, folder }) {
    const data = await load(run, signal);
    using model = await loadFolder(folder, SequenceClassifier);
    return testMetrics(await measureClassifier(model, data.test, { device, signal, padId: data.padId })).metrics;
  },
};
