/** @dl/transformer: one file a model, and what is done with them. This file is the table of contents; folders are in `@dl/transformer/node`. */

export { type ActivationName, activationNames, activations } from "./activation.ts";
// Looking inside
export { attentionRollout, headMean, logitLens } from "./attention-maps.ts";
export { type AttentionPageOptions, attentionPage } from "./attention-page.ts";
// Batches
export { type AnswerSpan, answerTokens, bestAnswer, type QuestionWindow, type SpanLogits } from "./collators/answer-windows.ts";
export { corruptSpans, type SpanOptions } from "./collators/corrupt-spans.ts";
export { type MaskedBatch, type MaskOptions, maskTokens } from "./collators/mask-tokens.ts";
export { packTexts } from "./collators/pack-texts.ts";
export {
  type EncodedText,
  type PadOptions,
  padLabels,
  padPairs,
  padTokens,
  type SequenceBatch,
  type TokenBatch,
} from "./collators/pad-tokens.ts";
// One task after the other
export { ElasticWeights, type RememberOptions } from "./continual/elastic-weights.ts";
export { type Forgetting, measureForgetting } from "./continual/forgetting.ts";
export { ReplayMemory } from "./continual/replay-memory.ts";
export { TaskAdapters } from "./continual/task-adapters.ts";
// Dialogues
export { type ChatMessage, type ChatRenderOptions, ChatTemplate, type ChatTemplateOptions, chatMl } from "./dialogue/chat-template.ts";
export { Dialogue, type DialogueOptions, type Reply, type SayOptions } from "./dialogue/dialogue.ts";
export { type DialogueTokens, type DialogueTokensOptions, dialogueTokens } from "./dialogue/dialogue-tokens.ts";
// Vectors of texts
export { type Neighbour, nearest, similarities } from "./embeddings/retrieval.ts";
export { meanPooled, type SimCseOptions, simCseLoss } from "./embeddings/sentence-vectors.ts";
// What goes through a model
export type { ForwardOptions, TokenInput, Trace } from "./forward-pass.ts";
// Generation
export type { CausalLanguageModel, DecodingSession } from "./generation/decoding-session.ts";
export {
  type BeamSearchOptions,
  type Generated,
  type GenerateOptions,
  generate,
  type SamplingOptions,
  type StopOptions,
  type StreamedToken,
  type TextModel,
} from "./generation/generate.ts";
export { type GenerationConfigOptions, type GenerationDefaults, readGenerationConfig } from "./generation/generation-config.ts";
export { jsonPattern } from "./generation/json-pattern.ts";
export {
  banned,
  epsilonCutoff,
  etaCutoff,
  forcedFirst,
  forcedLast,
  type LogitsProcessor,
  minimumLength,
  minimumNewTokens,
  minP,
  type NarrowingOptions,
  noRepeatNgram,
  type ProcessorContext,
  renormalized,
  repetitionPenalty,
  temperature,
  topK as topKFilter,
  topP as topPFilter,
  typicalP,
} from "./generation/logits-processors.ts";
export { Pattern, type PatternState } from "./generation/pattern.ts";
export { StreamedText } from "./generation/streamed-text.ts";
export {
  type ConstraintState,
  type PatternConstraintOptions,
  patternConstraint,
  type TokenConstraint,
} from "./generation/token-constraint.ts";
export { type TokenTextsOptions, tokenTexts } from "./generation/token-texts.ts";
// Heads of BERT, RoBERTa and DistilBERT
export { MaskedLanguageModel, type MaskedLanguageModelOptions } from "./heads/masked-language-model.ts";
export { QuestionAnswerer, type QuestionAnswererOptions } from "./heads/question-answerer.ts";
export { markEntities, RelationClassifier, type RelationClassifierOptions, type RelationInput } from "./heads/relation-classifier.ts";
export { type Problem, SequenceClassifier, type SequenceClassifierOptions } from "./heads/sequence-classifier.ts";
export { TokenClassifier, type TokenClassifierOptions } from "./heads/token-classifier.ts";
// Hugging Face
export { type JsonObject, ModelConfig } from "./huggingface/config.ts";
export type { EncoderDecoderFamily } from "./huggingface/encoder-decoder-family.ts";
export type { EncoderFamily } from "./huggingface/encoder-family.ts";
export type { HuggingFaceNames, NameTable, Pretrained, PretrainedClass, SharedCopy } from "./huggingface/pretrained.ts";
export { tokenizerConfig } from "./huggingface/tokenizer-config.ts";
export { huggingFaceName, huggingFaceState, loadHuggingFaceState, toHuggingFace } from "./huggingface/weights.ts";
export { type CacheShape, KeyValueCache, type KeyValueCacheOptions, type KeyValueMemory, type LayerMemory } from "./key-value-cache.ts";
export { type LayerDecayOptions, type LayerGroup, layerGroups } from "./layer-decay.ts";
export { type LogitLensPageOptions, logitLensPage } from "./logit-lens-page.ts";
export { causalLoss, ignoredLabel, spanLoss, type TokenLossOptions, tokenLoss } from "./losses.ts";
// Models
export { bart, bartBase, bartLarge } from "./models/bart.ts";
export { bert, bertAlibi, bertBase, bertLarge, bertMini, bertSmall, bertTiny } from "./models/bert.ts";
export { BidirectionalEncoder } from "./models/bidirectional-encoder.ts";
export {
  Clip,
  type ClipHalfOptions,
  type ClipOptions,
  type ClipOutput,
  type ClipPreset,
  type ClipTextOptions,
  type ClipVisionOptions,
  clipVitB32,
  clipVitL14,
} from "./models/clip.ts";
export {
  CompactTransformer,
  type CompactTransformerOptions,
  type CompactTransformerPreset,
  cct2,
  cct4,
  cct6,
  cct7,
} from "./models/compact-transformer.ts";
export { distilBert, distilBertBase } from "./models/distilbert.ts";
export {
  EncoderDecoder,
  type EncoderDecoderOptions,
  type EncoderDecoderPreset,
  type EncoderDecoderSettings,
  originalBase,
  originalBig,
} from "./models/encoder-decoder.ts";
export type { BidirectionalEncoderOptions, EncoderPreset, EncoderSettings } from "./models/encoder-options.ts";
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
export { Llama, type LlamaOptions, type LlamaPreset, llama2_7b, llama32_1b, llamaStories15m } from "./models/llama.ts";
export { marian, opusMt } from "./models/marian.ts";
export { roberta, robertaBase, robertaLarge } from "./models/roberta.ts";
export { T5, type T5FeedForward, type T5Options, type T5Preset, t5Base, t5Small, t5SmallV11 } from "./models/t5.ts";
export {
  ViT,
  type ViTOptions,
  type ViTPreset,
  vitBase16,
  vitCifar10,
  vitLarge16,
  vitSmall16,
  vitTiny16,
} from "./models/vit.ts";
// Zero- and few-shot
export { calibrated, fillPrompt, type PromptTemplate, type ScoreChoicesOptions, scoreChoices } from "./prompting/choice-scores.ts";
export { type ZeroShotClassifier, type ZeroShotOptions, zeroShotClassifier } from "./prompting/zero-shot-classifier.ts";
export type { RotaryOptions, RotaryScaling } from "./rotary-positions.ts";
export {
  type CrossKeys,
  type DecoderInput,
  type EncoderDecoderInput,
  type SequenceToSequence,
  type SourceInput,
  shiftRight,
} from "./sequence-to-sequence.ts";
// Adapters, attached from outside
export { Adapted, type Adapter, bitFit } from "./tuning/adapter.ts";
export { type BottleneckOptions, Bottlenecks } from "./tuning/bottleneck.ts";
export { Ia3, type Ia3Options } from "./tuning/ia3.ts";
export { Lora, type LoraBias, type LoraOptions } from "./tuning/lora.ts";
export { loadPeft, type PeftAdapter, type PeftFiles, peftFiles } from "./tuning/peft-files.ts";
export { PrefixTuning, PromptTuning, type SoftPrompt, type SoftPromptOptions } from "./tuning/soft-prompts.ts";
export type { Target } from "./tuning/targets.ts";
