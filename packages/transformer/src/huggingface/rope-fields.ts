/** Rotary positions as transformers' configurations name them: `rope_parameters`, or `rope_theta` and `rope_scaling` before version 5. */

import type { RotaryScaling } from "../rotary-positions.ts";
import type { JsonObject, ModelConfig } from "./config.ts";

export interface RopeFields {
  readonly ropeBase: number;
  readonly ropeScaling?: RotaryScaling | undefined;
}

export function readRope(config: ModelConfig): RopeFields {
  const field = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (!config.has(field)) return { ropeBase: config.number("rope_theta", 10_000) };
  const rope = config.object(field);
  const ropeBase = rope.number("rope_theta", config.number("rope_theta", 10_000));
  const kind = rope.choice(rope.has("rope_type") || !rope.has("type") ? "rope_type" : "type", {
    known: ["default", "linear", "llama3", "yarn"],
    otherwise: "default",
  });
  if (kind === "default") return { ropeBase };
  const factor = rope.number("factor");
  if (kind === "linear") return { ropeBase, ropeScaling: { kind, factor } };
  if (kind === "yarn") return { ropeBase, ropeScaling: readYarn(config, rope) };
  return {
    ropeBase,
    ropeScaling: {
      ...{ kind, factor },
      lowFactor: rope.number("low_freq_factor"),
      highFactor: rope.number("high_freq_factor"),
      originalContext: rope.count("original_max_position_embeddings"),
    },
  };
}

function readYarn(config: ModelConfig, rope: ModelConfig): RotaryScaling {
  rope.only("truncate", true);
  for (const name of ["mscale", "mscale_all_dim"]) rope.only(name, null);
  return {
    ...{ kind: "yarn", factor: rope.number("factor") },
    originalContext: rope.count("original_max_position_embeddings", config.count("max_position_embeddings", 2048)),
    fastTurns: rope.number("beta_fast", 32),
    slowTurns: rope.number("beta_slow", 1),
    ...(rope.has("attention_factor") && { sharpness: rope.number("attention_factor") }),
  };
}

export function writeRope({ ropeBase, ropeScaling }: RopeFields): JsonObject {
  return { rope_theta: ropeBase, ...writeScaling(ropeScaling) };
}

function writeScaling(scaling: RotaryScaling | undefined): JsonObject {
  if (scaling === undefined) return { rope_type: "default" };
  const { kind, factor } = scaling;
  if (kind === "linear") return { rope_type: kind, factor };
  const original = { original_max_position_embeddings: scaling.originalContext };
  if (kind === "llama3") {
    const { lowFactor, highFactor } = scaling;
    return { rope_type: kind, factor, low_freq_factor: lowFactor, high_freq_factor: highFactor, ...original };
  }
  const { fastTurns = 32, slowTurns = 1, sharpness = null } = scaling;
  return { rope_type: kind, factor, beta_fast: fastTurns, beta_slow: slowTurns, attention_factor: sharpness, ...original };
}
