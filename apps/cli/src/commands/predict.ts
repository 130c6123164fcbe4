/** dl predict: the classes of image files, and what models of texts say to texts. */

import { openNamedDevice } from "../backends.ts";
import { classify, loadClassifier, ranked } from "../classifier.ts";
import { type Arguments, type Command, deviceOptions, deviceSettings, UsageError, wholeNumber } from "../command.ts";
import { readImage } from "../image-file.ts";
import { Interrupt } from "../interrupt.ts";
import type { TaskRun } from "../recipes/task-recipe.ts";
import { isTaskRun } from "../run.ts";
import { readRunFile } from "../run-file.ts";
import { modelFile } from "../run-files.ts";

/** What a model of texts says to each of them. */
async function answerTexts(
  run: TaskRun,
  { args, folder, texts }: { args: Arguments; folder: string; texts: readonly string[] },
): Promise<number> {
  const { recipe } = run;
  if (recipe.answer === undefined)
    throw new UsageError(`expected a run that classifies images or answers texts, got one of ${recipe.name}.`);
  await modelFile(folder);
  const settings = deviceSettings(args);
  await using device = await openNamedDevice(settings);
  using interrupt = new Interrupt();
  try {
    const answers = await recipe.answer(run, { device, signal: interrupt.signal, folder, texts });
    const predictions = texts.map((text, i) => ({ text, answer: answers[i]! }));
    if (args.values.json) console.log(JSON.stringify({ recipe: recipe.name, backend: settings.backend, device: device.name, predictions }));
    else for (const { text, answer } of predictions) console.log(texts.length === 1 ? answer : `${text}: ${answer}`);
    return 0;
  } catch (error) {
    return interrupt.codeFor(error);
  }
}

export const predict: Command = {
  name: "predict",
  summary: "Classify image files (PNG, JPEG, BMP), or answer texts, with a trained model.",
  positionals: "<run folder> <image or text> …",
  details:
    'Images are converted to the size and the channels that the model was trained on: of finetune-folder cut to the square in the middle, as in training, of others squeezed. MNIST models expect light digits on dark ground. Runs of sentiment, ner, qa, translate and summarise take texts; qa a question and its text in one: "who sings ? A girl sings."',
  options: {
    top: { value: "K", help: "How many classes to show, likeliest first. Default 3." },
    ...deviceOptions,
  },
  async run(args) {
    const [folder, ...paths] = args.positionals;
    if (folder === undefined || paths.length === 0) throw new UsageError("expected a run folder and at least one image file or text.");
    const run = await readRunFile(folder);
    if (isTaskRun(run) && run.recipe.classifier === undefined) return answerTexts(run, { args, folder, texts: paths });
    const top = wholeNumber(args, "top", { least: 1, otherwise: 3 });
    const settings = deviceSettings(args);
    await using device = await openNamedDevice(settings);
    const classifier = await loadClassifier(run, folder);
    using _model = classifier.model;
    const predictions: { file: string; classes: { name: string; probability: number }[] }[] = [];
    for (const file of paths) {
      const image = await readImage(file, classifier);
      const { data } = await classify({ ...image, shape: [1, ...image.shape] }, classifier, device);
      predictions.push({ file, classes: ranked(data, classifier.classNames).slice(0, top) });
    }
    if (args.values.json)
      console.log(JSON.stringify({ recipe: run.recipe.name, backend: settings.backend, device: device.name, predictions }));
    else {
      for (const { file, classes } of predictions) {
        console.log(`${file}: ${classes.map(({ name, probability }) => `${name} ${(100 * probability).toFixed(1)} %`).join(", ")}`);
      }
    }
    return 0;
  },
};
