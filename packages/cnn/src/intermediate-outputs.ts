/** What the layers inside a model give, by path: feature maps for looking at, or for another network. */

import { OptionError, Tensor } from "@dl/core";
import { inference, type Mode, type Module, observe } from "@dl/nn";
import type { ImageClassifier } from "./image-classifier.ts";

export interface IntermediateOptions {
  /** Of modules of the model, as `model.modules` names them: `stages.2.0`. */
  paths: readonly string[];
  /** Default `inference`. */
  mode?: Mode;
}

export interface Intermediates {
  readonly logits: Tensor;
  /** By path; the last call's where a module is called more than once. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/**
 * One forward pass, inside `compute`, with the outputs of the modules at `paths`. Gradients flow through them.
 *
 * @throws OptionError for a path the model has not, or whose module was not called or does not give a tensor.
 * @example
 * const { outputs } = intermediateOutputs(model, images, { paths: ["stages.0.2", "stages.1.2"] });
 */
export function intermediateOutputs(
  model: ImageClassifier,
  images: Tensor,
  { paths, mode = inference }: IntermediateOptions,
): Intermediates {
  requirePaths("intermediateOutputs", model, paths);
  const outputs = new Map<string, Tensor>();
  const wanted = new Set(paths);
  const logits = observe(
    model,
    (path, _, { output }) => {
      if (wanted.has(path) && output instanceof Tensor) outputs.set(path, output);
    },
    () => model.forward(images, mode),
  );
  for (const path of paths) {
    if (!outputs.has(path)) {
      throw new OptionError(`intermediateOutputs: expected ${path} to give a tensor in a forward pass, got none. Take a module inside it.`);
    }
  }
  return { logits, outputs };
}

/** Throws unless the model has a module at each of `paths`. */
export function requirePaths(where: string, model: Module, paths: readonly string[]): void {
  const modules = model.modules;
  for (const path of paths) {
    if (modules.has(path)) continue;
    // The deepest part that is there, and what it holds.
    const parts = path.split(".");
    let known = "";
    for (let i = parts.length; i > 0 && known === ""; i--)
      if (modules.has(parts.slice(0, i).join("."))) known = parts.slice(0, i).join(".");
    const near = [...modules.get(known)!.children.keys()].map((child) => (known === "" ? child : `${known}.${child}`));
    throw new OptionError(
      `${where}: expected the path of a module of ${model.constructor.name}, got ${JSON.stringify(path)}. ${known || "It"} holds ${near.slice(0, 12).join(", ") || "no modules"}.`,
    );
  }
}
