/** Which layers an adapter stands on: by our path, or by transformers' name, as PEFT's `target_modules` has them. */

import { OptionError } from "@dl/core";
import { Embedding, Linear } from "@dl/nn";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { huggingFaceName } from "../huggingface/weights.ts";
import { isWithin } from "../module-paths.ts";

/** A path or name, or its last parts: `query`, `attention.query`, `c_attn`; or an expression that fits the whole of either. */
export type Target = string | RegExp;

/** A layer that is one matrix, and perhaps a bias. */
export type Table = Linear | Embedding;

/** A layer, under both names. */
export interface TargetLayer<L extends Table = Linear> {
  readonly path: string;
  /** In transformers. */
  readonly name: string;
  readonly layer: L;
}

export function fits(target: Target, { path, name }: { path: string; name: string }): boolean {
  return [path, name].some((each) => {
    if (typeof target === "string") return each === target || each.endsWith(`.${target}`);
    return new RegExp(`^(?:${target.source})$`, target.flags.replace(/[gy]/g, "")).test(each);
  });
}

/** The value of the first name that fits the layer; its own path goes before the ends of paths and names. */
export function valueFor(values: Readonly<Record<string, number>>, layer: { path: string; name: string }): number | undefined {
  return Object.hasOwn(values, layer.path) ? values[layer.path] : Object.entries(values).find(([name]) => fits(name, layer))?.[1];
}

/** Transformers' name of the module at `path`. */
export function moduleName(path: string, model: Pretrained): string {
  return huggingFaceName(`${path}.weight`, model.huggingFace).replace(/\.weight$/, "");
}

/** All layers of a model that are of one of the kinds. */
function layersOf<L extends Table>(model: Pretrained, kinds: readonly (abstract new (...options: never[]) => L)[]): TargetLayer<L>[] {
  return [...model.modules].flatMap(([path, layer]) =>
    kinds.some((kind) => layer instanceof kind) ? [{ path, layer: layer as Table as L, name: moduleName(path, model) }] : [],
  );
}

interface ChooseOptions {
  /** Names the caller in errors. */
  where: string;
  /** Paths of modules that are trained whole: no target may be in them. Default none. */
  whole?: readonly string[];
}

/**
 * The dense layers and embeddings that fit one of `targets`.
 *
 * @throws OptionError when a target fits none, or one in a module that is trained whole.
 */
export function targetTables(model: Pretrained, targets: readonly Target[], options: ChooseOptions): TargetLayer<Table>[] {
  return chosen(layersOf<Table>(model, [Embedding, Linear]), targets, { ...options, kinds: "dense layers and embeddings" });
}

/**
 * The dense layers that fit one of `targets`.
 *
 * @throws OptionError when a target fits none, or one in a module that is trained whole.
 */
export function targetLayers(model: Pretrained, targets: readonly Target[], options: ChooseOptions): TargetLayer[] {
  return chosen(layersOf(model, [Linear]), targets, { ...options, kinds: "dense layers" });
}

function chosen<L extends TargetLayer<Table>>(
  all: readonly L[],
  targets: readonly Target[],
  { where, kinds, whole = [] }: ChooseOptions & { kinds: string },
): L[] {
  for (const target of targets) {
    if (!all.some((layer) => fits(target, layer))) {
      const some = all.slice(0, 6).map(({ path }) => path);
      throw new OptionError(
        `${where}: expected targets among the ${kinds} (${some.join(", ")} …), got ${String(target)}. Is it another model's?`,
      );
    }
  }
  const found = all.filter((layer) => targets.some((target) => fits(target, layer)));
  if (found.length === 0) throw new OptionError(`${where}: expected at least one target, got none.`);
  const inside = found.find(({ path }) => isWithin(path, whole));
  if (inside) {
    throw new OptionError(
      `${where}: expected targets outside of whole (${whole.join(", ")}), got ${inside.path}, which is trained whole. Name it in one of both.`,
    );
  }
  return found;
}
