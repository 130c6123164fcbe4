/** Names of modules as PEFT's configurations give them by expressions: Python's, of which JavaScript reads the common part. peft 0.21, utils/other.py. */

import { UnsupportedError } from "@dl/core";
import type { ModelConfig } from "../huggingface/config.ts";
import type { Table, TargetLayer } from "./targets.ts";

/** The expression `source` in field `name`. @throws UnsupportedError for what is none in JavaScript, instead of reading it as another. */
export function expressionOf(source: string, { config, name }: { config: ModelConfig; name: string }): RegExp {
  try {
    return new RegExp(source, "u");
  } catch (error) {
    throw new UnsupportedError(
      `${config.file}: expected ${JSON.stringify(name)} to be names or an expression that JavaScript has too, got ${JSON.stringify(source)}: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

/**
 * `rank_pattern` or `alpha_pattern`, for each layer by its path: the value of the first key that fits the whole of the layer's name, or
 * its end behind a dot.
 */
export function patternValues(
  name: string,
  { config, layers }: { config: ModelConfig; layers: readonly TargetLayer<Table>[] },
): Record<string, number> {
  if (!config.has(name)) return {};
  const patterns = Object.entries(config.object(name).values).map(([key, value]) => {
    expressionOf(key, { config, name }); // alone, so that no bracket of it closes one of those around it
    return { expression: expressionOf(`^(.*\\.)?(${key})$`, { config, name }), value: value as number };
  });
  const found = layers.flatMap((layer) => {
    const own = patterns.find(({ expression }) => expression.test(layer.name));
    return own ? [[layer.path, own.value] as const] : [];
  });
  return Object.fromEntries(found);
}
