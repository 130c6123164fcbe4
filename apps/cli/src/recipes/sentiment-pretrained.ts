/** What pretraining is worth: sentiment from an encoder of `dl train mlm`, tuned whole, by LoRA, by its head alone, and from scratch beside it. */

import { argmax, DataError, equal, mean, Rng } from "@dl/core";
import { type AdamWOptions, decayGroups, type Mode, type Parameter, type ParameterGroup, WeightAverage } from "@dl/nn";
import { fit, type Metrics, type Tensors } from "@dl/train";
import { Adapted, type EncoderPreset, Lora, SequenceClassifier } from "@dl/transformer";
import { loadFolder } from "@dl/transformer/node";
import { fitInFolder, writeTaskReport } from "../task-training.ts";
import { writeModelFolder } from "./model-folder.ts";
import { adamWOf, type ModelPreset, tokenizerIn, upThenDown } from "./model-recipe.ts";
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
  readonly lora: {
    readonly rank: number;
    readonly alpha: number;
    /** Of the vectors of words, whose table is most of the model. */
    readonly tokens: { readonly rank: number; readonly alpha: number };
    readonly learningRate: number;
    /** Of the head, which begins from nothing and is trained whole. */
    readonly headLearningRate: number;
  };
  /** Of the head on a frozen encoder. */
  readonly frozenLearningRate: number;
  /** How often each way is gone, from first weights and in an order of its own; the differences are those of the means. */
  readonly repetitions: number;
}

type Run = TaskRun<PretrainedPreset>;

async function load(run: Run, signal: AbortSignal): Promise<SentimentData> {
  const folder = run.settings.inputs!.weights!;
  const tokenizer = await tokenizerIn(folder);
  if (tokenizer === undefined) throw new DataError(`--weights: expected the folder of a run of mlm, got ${folder} without tokenizer.json.`);
  return loadSentiment(run, { signal, tokenizer, context: 64, hiddenShare: run.preset.hiddenShare });
}

/** Where the chances of a repetition come from; the first is the run's own. */
function chancesOf({ settings }: Run, repetition: number): Rng {
  const rng = new Rng(settings.seed);
  return repetition === 0 ? rng : rng.fork(`repetition ${repetition}`);
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

const stepsOf = ({ settings }: Run, { train }: SentimentData): number =>
  settings.epochs * Math.ceil(train.dataset.length / settings.batchSize);

const headOf = ({ dense, output }: SequenceClassifier): Parameter[] => [...dense.parameters(), ...output.parameters()];

function lossOf(model: SequenceClassifier, { ids, mask, segments, labels }: Tensors<TextExample>, mode: Mode) {
  const logits = model.forward({ ids, mask, segments }, mode);
  return { loss: model.loss(logits, labels), accuracy: mean(equal(argmax(logits, -1), labels).cast("float32")) };
}

interface Way {
  readonly model: SequenceClassifier;
  readonly adapter?: Lora;
  readonly groups: readonly ParameterGroup<AdamWOptions>[];
  readonly learningRate: number;
  readonly rng: Rng;
}

/** Trains one way from its first step to its last, and measures it. */
async function trainWay(
  run: Run,
  { model, adapter, groups, learningRate, rng }: Way,
  { data, ...work }: TaskContext & { data: SentimentData },
): Promise<Metrics> {
  const { preset, settings } = run;
  const { batchSize, epochs } = settings;
  using optimizer = adamWOf(groups, { ...preset, learningRate, steps: stepsOf(run, data) });
  const whole = adapter ? new Adapted(model, [adapter]) : model;
  using average = preset.averageDecay === undefined ? undefined : new WeightAverage(whole, { decay: preset.averageDecay });
  await fit<TextExample>({
    ...{ ...work, model: whole, optimizer, batchSize, epochs, clipNorm: 1, rng },
    ...data.train,
    ...(average && { average }),
    step: (batch, mode) => lossOf(model, batch, mode),
  });
  work.signal.throwIfAborted();
  const { accuracy, loss } = await measureClassifier(model, data.test, { ...work, padId: data.padId });
  return { accuracy, loss };
}

interface Repetition extends TaskContext {
  readonly data: SentimentData;
  /** Of first weights, order and dropout. */
  readonly chances: Rng;
}

async function tuneWhole(run: Run, { chances, ...work }: Repetition, fromScratch = false): Promise<Metrics> {
  using model = await classifier(run, { data: work.data, rng: chances.fork("init"), fromScratch });
  const learningRate = fromScratch ? run.preset.scratchLearningRate : run.settings.learningRate;
  return await trainWay(run, { model, groups: decayGroups(model), learningRate, rng: chances.fork("fit") }, work);
}

async function tuneLora(run: Run, { chances, ...work }: Repetition): Promise<Metrics> {
  const { rank, alpha, tokens, learningRate, headLearningRate } = run.preset.lora;
  using model = await classifier(run, { data: work.data, rng: chances.fork("init") });
  // The vectors of words too: what they say of feelings is what a million words without labels teach least.
  const targets = ["tokens", "query", "key", "value", "expand", "contract"];
  const own = { ranks: { tokens: tokens.rank }, alphas: { tokens: tokens.alpha } };
  const whole = ["dense", "output"];
  using adapter = await new Lora(model, { targets, rank, alpha, ...own, whole, bias: "all", rng: chances.fork("lora") }).ready();
  const trained = adapter.trained();
  const count = trained.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const head = headOf(model);
  const schedule = upThenDown(headLearningRate, { ...run.preset, steps: stepsOf(run, work.data) });
  const groups = [{ parameters: trained.filter((parameter) => !head.includes(parameter)) }, { parameters: head, learningRate: schedule }];
  const way = { model, adapter, groups, learningRate, rng: chances.fork("fit") };
  return { ...(await trainWay(run, way, work)), share: count / model.parameterCount };
}

async function tuneHead(run: Run, { chances, ...work }: Repetition): Promise<Metrics> {
  using model = await classifier(run, { data: work.data, rng: chances.fork("init") });
  const way = { model, groups: [{ parameters: headOf(model) }], learningRate: run.preset.frozenLearningRate, rng: chances.fork("fit") };
  return await trainWay(run, way, work);
}

/** Every way as often as the preset says: `whole` is the accuracy of the run's own model, the first of its way. */
async function compareWays(
  run: Run,
  { whole, folder, ...work }: Omit<Repetition, "chances"> & { whole: number; folder: TaskTraining["folder"] },
) {
  const parts = await PartResults.open(folder);
  const count = run.preset.repetitions;
  const totals = { whole, scratch: 0, lora: 0, frozen: 0 };
  let share = 0;
  for (let repetition = 0; repetition < count; repetition++) {
    const own = { ...work, chances: chancesOf(run, repetition) };
    const part = (name: string, way: () => Promise<Metrics>): Promise<Metrics> => parts.part(`${name} ${repetition + 1}`, way);
    if (repetition > 0) totals.whole += (await part("whole", () => tuneWhole(run, own))).accuracy!;
    totals.scratch += (await part("from scratch", () => tuneWhole(run, own, true))).accuracy!;
    const lora = await part("LoRA", () => tuneLora(run, own));
    totals.lora += lora.accuracy!;
    share = lora.share!;
    totals.frozen += (await part("frozen", () => tuneHead(run, own))).accuracy!;
  }
  const metrics: Metrics = {
    "mean accuracy tuned whole": totals.whole / count,
    "mean accuracy from scratch": totals.scratch / count,
    "mean accuracy LoRA": totals.lora / count,
    "mean accuracy frozen": totals.frozen / count,
    "gain over scratch": (totals.whole - totals.scratch) / count,
    "LoRA behind full": (totals.whole - totals.lora) / count,
    "LoRA share of parameters": share,
  };
  return { metrics, seconds: parts.seconds };
}

async function train(run: Run, { device, folder, resume, signal }: TaskTraining): Promise<TaskResult> {
  const { preset, settings } = run;
  const rng = new Rng(settings.seed);
  const data = await load(run, signal);
  using model = await classifier(run, { data, rng: rng.fork("init") });
  using optimizer = adamWOf(decayGroups(model), { ...preset, learningRate: settings.learningRate, steps: stepsOf(run, data) });
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
  const others = await compareWays(run, { device, signal, folder, data, whole: full.metrics["test/accuracy"]! });
  const result = { ...fitted, seconds: fitted.seconds + others.seconds, metrics: { ...full.metrics, ...others.metrics } };
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
      summary: "From the folder of a run of mlm (--weights): tuned whole, by LoRA, by its head alone, and from scratch, three times each.",
      defaults: { epochs: 5, batchSize: 32, learningRate: 1.5e-3 },
      goals: { "gain over scratch": { atLeast: 0.01 }, "LoRA behind full": { atMost: 0.01 }, "LoRA share of parameters": { atMost: 0.05 } },
      dropout: 0.4,
      headDropout: 0.5,
      hiddenShare: 0.3,
      warmUpShare: 0.1,
      weightDecay: 0.1,
      averageDecay: 0.998,
      scratchLearningRate: 1e-3,
      lora: { rank: 8, alpha: 16, tokens: { rank: 4, alpha: 0.5 }, learningRate: 4e-3, headLearningRate: 1.5e-3 },
      frozenLearningRate: 3e-3,
      repetitions: 3,
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
