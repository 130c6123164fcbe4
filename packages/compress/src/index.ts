/** @dl/compress: smaller networks. This file is the table of contents. */

// Channels: structured pruning
export type { ChannelGraph, ChannelGroup, ChannelPlace } from "./channels/channel-graph.ts";
export { channelMasks } from "./channels/channel-masks.ts";
export { type ChooseChannelsOptions, chooseChannels, type RemoveOptions, removeChannels } from "./channels/remove-channels.ts";
export { type TraceOptions, traceChannels } from "./channels/trace-channels.ts";
// Distillation
export { type DistilExample, Distillation, type DistillationOptions, type DistilOptions, distil } from "./distillation/distil.ts";
export {
  attentionDistillation,
  attentionMap,
  featureDistillation,
  type LogitDistillationOptions,
  logitDistillation,
} from "./distillation/distillation-losses.ts";
export { type FeaturePair, FeatureRegressors } from "./distillation/feature-regressors.ts";
// Files
export { compressedFile } from "./files/compressed-file.ts";
export { compressedFormat, isCompressed } from "./files/compressed-header.ts";
export { loadCompressed } from "./files/load-compressed.ts";
// What all share
export type { TracedModel } from "./layers/traced-model.ts";
export { transformWeights, type WeightTransform } from "./layers/transform-weights.ts";
export type { LayerChoice, WeightedLayer } from "./layers/weighted-layers.ts";
// Low-rank factors
export { type FactorisedLayer, type FactoriseOptions, factorise, type RankChoice } from "./low-rank/factorise.ts";
export { LowRank } from "./low-rank/low-rank-layer.ts";
export { type Decomposition, singularValues } from "./low-rank/singular-values.ts";
// Pruning
export { GradualPruning, type GradualPruningOptions, magnitudePruning, type Prunable } from "./pruning/gradual-pruning.ts";
export { type MagnitudeOptions, magnitudeMasks, type PatternOptions, patternMasks } from "./pruning/magnitude.ts";
export { type Masks, PruningMasks } from "./pruning/masks.ts";
export { type MovementOptions, MovementPruning } from "./pruning/movement.ts";
export { type CubicSparsityOptions, cubicSparsity, type SparsitySchedule } from "./pruning/sparsity-schedule.ts";
// Quantisation
export type { ActivationRange, RangeMethod } from "./quantisation/activation-range.ts";
export type { CalibrationOptions } from "./quantisation/calibrate.ts";
export { type FakeQuantiseOptions, fakeQuantise } from "./quantisation/fake-quantise.ts";
export { foldBatchNorm, Identity } from "./quantisation/fold-batch-norm.ts";
export { type AffineScale, affineScale, type IntegerRange, type WeightBits } from "./quantisation/integers.ts";
export { type PortableIntegers, type PortableWeight, portableIntegers } from "./quantisation/portable-integers.ts";
export { QuantisationAware, type QuantisationAwareOptions } from "./quantisation/quantisation-aware.ts";
export {
  QuantisedModel,
  type QuantisedParts,
  type QuantiseOptions,
  type QuantiseWeightsOptions,
  quantise,
  quantiseWeights,
} from "./quantisation/quantised-model.ts";
export { dequantise, type QuantisedWeight, type QuantiseWeightOptions, quantiseWeight } from "./quantisation/quantised-weight.ts";
// Reports
export {
  type ComparedCost,
  type CompressionReport,
  compareMeasures,
  formatCompression,
  renderCompression,
} from "./report/compression-report.ts";
export { type LayerMeasure, type MeasureOptions, type ModelMeasure, measureModel } from "./report/measure-model.ts";
