/** Which layers an adapter stands on: by our path, or by transformers' name, as PEFT's `target_modules` has them. */

import { OptionError } from "@dl/core";
import { Embedding, Linear } from "@dl/nn";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { huggingFaceName } from "../huggingface/weights.ts";

/** A path or name, or its last parts: `query`, `attention.query`, `c_attn`; or an expression that fits the whole of either. */
export type Target = string | RegExp;

/** A layer, under both names. */
export interface TargetLayer<L extends Linear | Embedding = Linear> {
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

/** Transformers' name of the module at `path`. */
export function moduleName(path: string, model: Pretrained): string {
  return huggingFaceName(`${path}.weight`, model.huggingFace).replace(/\.weight$/, "");
}

/** All dense layers of a model. */
export function linearLayers(model: Pretrained): TargetLayer[] {
  return [...model.modules].flatMap(([path, layer]) => (layer instanceof Linear ? [{ path, layer, name: moduleName(path, model) }] : []));
}

/** All embeddings of a model. */
function embeddings(model: Pretrained): TargetLayer<Embedding>[] {
  return [...model.modules].flatMap(([path, layer]) =>
    layer instanceof Embedding ? [{ path, layer, name: moduleName(path, model) }] : [],
  );
}

/** The dense layers and embeddings that fit one of `targets`. @throws OptionError when a target fits none. */
export function targetTables(
  model: Pretrained,
  targets: readonly Target[],
  { where }: { where: string },
): TargetLayer<Linear | Embedding>[] {
  return chosen([...embeddings(model), ...linearLayers(model)], targets, { where, kinds: "dense layers and embeddings" });
}

/**
 * The dense layers that fit one of `targets`.
 *
 * @throws OptionError when a target fits none.
 */
export function targetLayers(model: Pretrained, targets: readonly Target[], { where }: { where: string }): TargetLayer[] {
  return chosen(linearLayers(model), targets, { where, kinds: "dense layers" });
}

function chosen<L extends TargetLayer<Linear | Embedding>>(
  all: readonly L[],
  targets: readonly Target[],
  { where, kinds }: { where: string; kinds: string },
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
  return found;
}
