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
// What all share
export type { TracedModel } from "./layers/traced-model.ts";
export { transformWeights, type WeightTransform } from "./layers/transform-weights.ts";
export type { LayerChoice, WeightedLayer } from "./layers/weighted-layers.ts";
// Pruning
export { GradualPruning, type GradualPruningOptions, magnitudePruning, type Prunable } from "./pruning/gradual-pruning.ts";
export { type MagnitudeOptions, magnitudeMasks, type PatternOptions, patternMasks } from "./pruning/magnitude.ts";
export { type Masks, PruningMasks } from "./pruning/masks.ts";
export { type MovementOptions, MovementPruning } from "./pruning/movement.ts";
export { type CubicSparsityOptions, cubicSparsity, type SparsitySchedule } from "./pruning/sparsity-schedule.ts";
