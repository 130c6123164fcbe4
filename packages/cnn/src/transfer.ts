/** A trained network for another task: another head, and training a part of it. */

import { OptionError, type Rng } from "@dl/core";
import { Linear, type Module, type Parameter } from "@dl/nn";
import { requirePaths } from "./intermediate-outputs.ts";

/** A model whose last layer is `head`: every one of this package but LeNet and Conv5Fc3, whose last is `fc3`. */
export interface WithHead {
  head: Linear;
}

/**
 * Puts a new last layer in the place of the old, which is freed. Make the optimizer after it.
 *
 * @throws OptionError for classes that are no whole number.
 * @example
 * using model = new ResNet({ ...resnet20, classes: 10, rng: rng.fork("init") });
 * replaceHead(model, { classes: 3, rng: rng.fork("head") });
 */
export function replaceHead(model: Module & WithHead, { classes, rng }: { classes: number; rng: Rng }): void {
  if (!Number.isInteger(classes) || classes < 1) throw new OptionError(`replaceHead: expected a whole number of classes, got ${classes}.`);
  const { weight, bias } = model.head;
  const inputs = weight.shape[0]!;
  model.head[Symbol.dispose]();
  model.head = new Linear({ inputs, outputs: classes, bias: bias !== undefined, rng });
}

/**
 * The parameters of some modules: what a gradient is asked for, and an optimizer made from, when the rest is to stay as it is.
 * A part that stays should run in inference: in training, batch norm would still move its running statistics.
 *
 * @throws OptionError for a path the model has not.
 * @example
 * using optimizer = new Sgd(parametersOf(model, ["head"]), { learningRate: 0.1 });
 */
export function parametersOf(model: Module, paths: readonly string[]): Parameter[] {
  requirePaths("parametersOf", model, paths);
  const found = new Set(paths.flatMap((path) => model.modules.get(path)!.parameters()));
  if (found.size === 0) {
    throw new OptionError(`parametersOf: expected modules with parameters, got ${paths.length === 0 ? "no paths" : paths.join(", ")}.`);
  }
  return [...found];
}
