/** Which of PEFT's LoRAs are the paper's: two matrices whose product is added to the model's own weights. peft 0.21, tuners/lora/config.py and layer.py. */

import { UnsupportedError } from "@dl/core";
import type { ModelConfig } from "../huggingface/config.ts";

/** Where the file's values began. With other beginnings PEFT takes a part out of the model's own weights, or holds a matrix fixed. */
const ownBeginnings: readonly unknown[] = [undefined, null, true, false, "gaussian", "eva", "orthogonal"];

/** @throws UnsupportedError for a LoRA of another kind, whose values alone would say something else. */
export function requirePlain(config: ModelConfig): void {
  for (const name of ["lora_bias", "use_qalora"]) config.only(name, false);
  const others = ["layer_replication", "exclude_modules", "target_parameters", "alora_invocation_tokens"];
  for (const name of [...others, "arrow_config", "kasa_config", "use_bdlora", "monteclora_config"]) config.only(name, null);
  const { init_lora_weights: init } = config.values;
  if (ownBeginnings.includes(typeof init === "string" ? init.toLowerCase() : init)) return;
  throw new UnsupportedError(
    `${config.file}: expected "init_lora_weights" to be true, false, "gaussian", "eva" or "orthogonal", got ${JSON.stringify(init)}, whose values belong to other weights than the model's. Let PEFT save it with path_initial_model_for_weight_conversion.`,
  );
}
