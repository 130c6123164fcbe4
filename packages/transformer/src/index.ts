/** @dl/transformer: one file a model, and what is done with them. This file is the table of contents. */

export { type ActivationName, activationNames, activations } from "./activation.ts";
export type { ForwardOptions, TokenInput, Trace } from "./forward-pass.ts";
// Hugging Face
export { type JsonObject, ModelConfig } from "./huggingface/config.ts";
export type { HuggingFaceNames, NameTable, Pretrained, PretrainedClass } from "./huggingface/pretrained.ts";
export { huggingFaceName, huggingFaceState, loadHuggingFaceState, toHuggingFace } from "./huggingface/weights.ts";
export { type CacheShape, KeyValueCache, type KeyValueCacheOptions, type KeyValueMemory, type LayerMemory } from "./key-value-cache.ts";
export { causalLoss, ignoredLabel, spanLoss, type TokenLossOptions, tokenLoss } from "./losses.ts";
// Models
export {
  Gpt2,
  type Gpt2Options,
  type Gpt2Preset,
  gpt2ExtraLarge,
  gpt2Large,
  gpt2Medium,
  gpt2Small,
  nanoGptShakespeare,
} from "./models/gpt2.ts";
