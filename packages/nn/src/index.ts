/** @dl/nn: modules, layers, losses, optimizers, schedules and checkpoints. This file is the table of contents. */

// Checkpoints and files
export { type Json, type Progress, type Run, readCheckpoint, type Stateful, writeCheckpoint } from "./checkpoints/checkpoint.ts";
export { type LoadReport, type LoadStateOptions, loadState, type Mapped, type NamedTensors, readState } from "./checkpoints/state.ts";
// Modules
export { flopsOf } from "./flops.ts";
export { type Observer, observe } from "./forward.ts";
// First values
export * as init from "./init/index.ts";
export type { Initializer } from "./init/initializer.ts";
// Layers
export { Elu, Gelu, LeakyRelu, PRelu, Relu, Sigmoid, Silu, Softmax, Tanh } from "./layers/activations.ts";
export { BatchNorm, type BatchNormOptions } from "./layers/batch-norm.ts";
export { ConvTranspose1d, type ConvTranspose1dOptions } from "./layers/conv-transpose1d.ts";
export { ConvTranspose2d, type ConvTranspose2dOptions } from "./layers/conv-transpose2d.ts";
export { Conv1d, type Conv1dOptions } from "./layers/conv1d.ts";
export { Conv2d, type Conv2dOptions, type ConvolutionSettings, DepthwiseConv2d, type DepthwiseConv2dOptions } from "./layers/conv2d.ts";
export { Conv3d, type Conv3dOptions } from "./layers/conv3d.ts";
export { Dropout } from "./layers/dropout.ts";
export { Embedding, type EmbeddingOptions } from "./layers/embedding.ts";
export { Flatten } from "./layers/flatten.ts";
export { GroupNorm, type GroupNormOptions, InstanceNorm } from "./layers/group-norm.ts";
export { LayerNorm } from "./layers/layer-norm.ts";
export { Linear, type LinearOptions } from "./layers/linear.ts";
export { type AttendOptions, MultiHeadAttention, type MultiHeadAttentionOptions } from "./layers/multi-head-attention.ts";
export { AveragePool1d, AveragePool2d, GlobalAveragePool2d, MaxPool1d, MaxPool2d } from "./layers/pooling.ts";
export {
  Gru,
  Lstm,
  Recurrent,
  type RecurrentInputs,
  type RecurrentOptions,
  type RecurrentResult,
  Rnn,
  type RnnOptions,
} from "./layers/recurrent.ts";
export {
  GruCell,
  LstmCell,
  RecurrentCell,
  type RecurrentCellOptions,
  type RecurrentState,
  type RnnActivation,
  RnnCell,
  type RnnCellOptions,
} from "./layers/recurrent-cell.ts";
export { RmsNorm } from "./layers/rms-norm.ts";
export { type Layer, Sequential } from "./layers/sequential.ts";
// Losses
export { type BinaryCrossEntropyOptions, binaryCrossEntropy, binaryCrossEntropyWithLogits } from "./losses/binary-cross-entropy.ts";
export { type ConnectionistTemporalOptions, connectionistTemporal } from "./losses/connectionist-temporal.ts";
export { type CrossEntropyOptions, crossEntropy } from "./losses/cross-entropy.ts";
export { type DiceOptions, dice } from "./losses/dice.ts";
export { type SigmoidFocalOptions, sigmoidFocal } from "./losses/focal.ts";
export { hinge } from "./losses/hinge.ts";
export { klDivergence } from "./losses/kl-divergence.ts";
export { type GaussianLikelihoodOptions, gaussianNegativeLogLikelihood, poissonNegativeLogLikelihood } from "./losses/likelihood.ts";
export { cosineEmbedding, cosineSimilarity, infoNce, triplet } from "./losses/metric-learning.ts";
export { ntXent } from "./losses/nt-xent.ts";
export type { LossOptions, Reduced, Reduction } from "./losses/reduction.ts";
export { huber, meanAbsoluteError, meanSquaredError, smoothL1 } from "./losses/regression.ts";
export { inference, type Mode, training } from "./mode.ts";
export { Module } from "./module.ts";
export { moveToHost } from "./move-to-host.ts";
// Optimizers
export { Adadelta, type AdadeltaOptions } from "./optimizers/adadelta.ts";
export { Adafactor, type AdafactorOptions } from "./optimizers/adafactor.ts";
export { Adagrad, type AdagradOptions } from "./optimizers/adagrad.ts";
export { Adam, type AdamOptions } from "./optimizers/adam.ts";
export { Adamax, type AdamaxOptions } from "./optimizers/adamax.ts";
export { AdamW, type AdamWOptions } from "./optimizers/adamw.ts";
export { clipByGlobalNorm, clipByValue, globalNorm, type NormOptions } from "./optimizers/clip.ts";
export { decayGroups } from "./optimizers/decay-groups.ts";
export { GradientAccumulator } from "./optimizers/gradient-accumulator.ts";
export { Lamb, type LambOptions } from "./optimizers/lamb.ts";
export { Lion, type LionOptions } from "./optimizers/lion.ts";
export { Lookahead, type LookaheadOptions } from "./optimizers/lookahead.ts";
export { MultiOptimizer } from "./optimizers/multi-optimizer.ts";
export { Muon, type MuonOptions, orthogonalize } from "./optimizers/muon.ts";
export { NAdam, type NAdamOptions } from "./optimizers/nadam.ts";
export {
  type CommonOptions,
  Optimizer,
  type OptimizerState,
  type ParameterGroup,
  type ParameterUpdate,
  type Slots,
  type Trainable,
} from "./optimizers/optimizer.ts";
export { RAdam, type RAdamOptions } from "./optimizers/radam.ts";
export { RmsProp, type RmsPropOptions } from "./optimizers/rmsprop.ts";
export { Sgd, type SgdOptions } from "./optimizers/sgd.ts";
export { WeightAverage, type WeightAverageOptions } from "./optimizers/weight-average.ts";
export { Buffer, Parameter } from "./parameter.ts";
export { fromStored, type StoredArray, type StoredFloat, storedElements, toStored } from "./safetensors/convert.ts";
export {
  readSafetensors,
  readTensors,
  type Safetensors,
  type TensorMap,
  type WriteOptions,
  writeSafetensors,
} from "./safetensors/safetensors.ts";
export { parseShardIndex, planShards, readShards, type ShardIndex, type ShardPlan } from "./safetensors/shards.ts";
export { type StoredDType, type StoredTensor, storedBytes } from "./safetensors/stored-tensor.ts";
// Schedules
export * as schedules from "./schedules/index.ts";
export { Plateau, type PlateauOptions, type PlateauState } from "./schedules/plateau.ts";
export type { Schedule } from "./schedules/schedule.ts";
// Files of torch.save
export { type ReadTorchFileOptions, readTorchFile } from "./torch-file/torch-file.ts";
export { type ForwardWrap, wrapForward } from "./wrap-forward.ts";
