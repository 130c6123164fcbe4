/** dl evaluate: measures a trained model on the test set, or an agent in episodes of its world. */

import { formatClassificationReport } from "@dl/metrics";
import { openNamedDevice } from "../backends.ts";
import { loadClassifier } from "../classifier.ts";
import { type Command, deviceOptions, deviceSettings, onlyPositional } from "../command.ts";
import { evaluateClassifier } from "../evaluation.ts";
import { Interrupt } from "../interrupt.ts";
import { formatMetrics } from "../outcome.ts";
import { evaluateTask } from "../rl/evaluate-task.ts";
import { readTaskRun } from "../rl/task-run.ts";
import { isTaskRun } from "../run.ts";
import { readRunFile } from "../run-file.ts";
import { modelFile } from "../run-files.ts";

export const evaluateCommand: Command = {
  name: "evaluate",
  summary: "Measure a trained model on the test set, or an agent in whole episodes.",
  positionals: "<run folder>",
  details: "A run of the first N images (--limit) is measured on as many.",
  options: deviceOptions,
  async run(args) {
    const path = onlyPositional(args, "run folder");
    const agent = await readTaskRun(path);
    if (agent) {
      await using device = await openNamedDevice(deviceSettings(args, agent.settings));
      using interrupt = new Interrupt();
      try {
        await evaluateTask(agent, { path, device, json: args.values.json === true, signal: interrupt.signal });
        return 0;
      } catch (error) {
        return interrupt.codeFor(error);
      }
    }
    const run = await readRunFile(path);
    const file = await modelFile(path);
    const settings = deviceSettings(args);
    await using device = await openNamedDevice(settings);
    using interrupt = new Interrupt();
    const { signal } = interrupt;
    try {
      const start = performance.now();
      if (isTaskRun(run)) {
        const metrics = await run.recipe.evaluate(run, { device, signal, folder: path });
        const seconds = (performance.now() - start) / 1000;
        const names = { recipe: run.recipe.name, preset: run.preset.name, backend: settings.backend, device: device.name };
        if (args.values.json) console.log(JSON.stringify({ ...names, seed: run.settings.seed, seconds, metrics, files: { model: file } }));
        else console.log(`${formatMetrics(metrics)}, on ${device.name}`);
        return 0;
      }
      const classifier = await loadClassifier(run, path);
      using _model = classifier.model;
      const dataset = await classifier.load("test", { signal });
      const { loss, accuracy, report } = await evaluateClassifier(classifier, { device, dataset, signal });
      const seconds = (performance.now() - start) / 1000;
      if (args.values.json) {
        const { recipe, preset } = run;
        const metrics = { "test/loss": loss, "test/accuracy": accuracy };
        const names = { recipe: recipe.name, preset: preset.name, backend: settings.backend, device: device.name };
        console.log(JSON.stringify({ ...names, seed: run.settings.seed, seconds, metrics, files: { model: file } }));
      } else {
        console.log(formatClassificationReport(report, { digits: 4 }));
        console.log(`test accuracy ${(100 * accuracy).toFixed(2)} %, loss ${loss.toFixed(4)}, ${dataset.length} images, on ${device.name}`);
      }
      return 0;
    } catch (error) {
      return interrupt.codeFor(error);
    }
  },
};
