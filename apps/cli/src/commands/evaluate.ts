/** dl evaluate: measures a trained model on the test set. */

import { join } from "node:path";
import { formatClassificationReport } from "@dl/metrics";
import { loadState } from "@dl/nn";
import { loadSafetensors } from "@dl/nn/node";
import { type Command, deviceOptions, onlyPositional, openDeviceOf } from "../command.ts";
import { evaluateClassifier } from "../evaluation.ts";
import { modelName, readRunFile } from "../run-file.ts";
import { loadTestData, makeModel } from "../session.ts";

export const evaluateCommand: Command = {
  name: "evaluate",
  summary: "Measure a trained model on the test set.",
  positionals: "<run folder>",
  details: "",
  options: deviceOptions,
  async run(args) {
    const path = onlyPositional(args, "run folder");
    const { recipe, settings } = await readRunFile(path);
    const { backend, device: opened } = await openDeviceOf(args);
    await using device = opened;
    using model = makeModel(recipe, settings);
    const file = join(path, modelName);
    loadState(model, await loadSafetensors(file));
    const start = performance.now();
    const { loss, accuracy, report } = await evaluateClassifier(recipe, model, { device, dataset: await loadTestData(recipe) });
    const seconds = (performance.now() - start) / 1000;
    if (args.values.json) {
      const metrics = { "test/loss": loss, "test/accuracy": accuracy };
      console.log(
        JSON.stringify({
          recipe: recipe.name,
          backend,
          device: device.name,
          seed: settings.seed,
          seconds,
          metrics,
          files: { model: file },
        }),
      );
    } else {
      console.log(formatClassificationReport(report, { digits: 4 }));
      console.log(`test accuracy ${(100 * accuracy).toFixed(2)} %, loss ${loss.toFixed(4)}, on ${device.name}`);
    }
    return 0;
  },
};
