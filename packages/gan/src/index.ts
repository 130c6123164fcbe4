/** @dl/gan: generative adversarial networks, variational autoencoders and diffusion. This file is the table of contents. */

// Layers
export { ConditionalBatchNorm, type ConditionalBatchNormOptions } from "./layers/conditional-batch-norm.ts";
export { type NormalizableLayer, SpectralNorm, type SpectralNormOptions } from "./layers/spectral-norm.ts";
// Losses
export {
  type AdversarialLoss,
  type BinaryLossOptions,
  hingeAdversarial,
  leastSquares,
  nonSaturating,
  relativisticAverage,
  saturating,
  wasserstein,
} from "./losses/adversarial-loss.ts";
export { clipWeights } from "./losses/clip-weights.ts";
export { type Critic, type GradientPenaltyOptions, gradientPenalty, type PenaltyOptions, r1Penalty } from "./losses/gradient-penalty.ts";
// Models
export { AuxiliaryDiscriminator, ConditionalDiscriminator, ConditionalGenerator } from "./models/conditional-dcgan.ts";
export { CycleGenerator, type CycleGeneratorOptions, type CycleGenerators, type CycleLossOptions, cycleLoss } from "./models/cyclegan.ts";
export {
  DcganDiscriminator,
  type DcganDiscriminatorOptions,
  DcganGenerator,
  type DcganGeneratorOptions,
  dcgan32,
  dcganMnist,
  dcganMnistBalanced,
} from "./models/dcgan.ts";
export { type Denoiser, Diffusion, type DiffusionOptions } from "./models/diffusion.ts";
export { DiffusionUnet, type DiffusionUnetOptions, diffusionUnetMnist } from "./models/diffusion-unet.ts";
export {
  PatchDiscriminator,
  type PatchDiscriminatorOptions,
  reconstructionLoss,
  UnetGenerator,
  type UnetGeneratorOptions,
} from "./models/pix2pix.ts";
export {
  SnganDiscriminator,
  type SnganDiscriminatorOptions,
  SnganGenerator,
  type SnganGeneratorOptions,
  sngan28,
  sngan32,
} from "./models/sngan-resnet.ts";
export { Vae, type VaeOptions, type VaePass, vaeLoss, vaeMnist } from "./models/vae.ts";
// Scores
export {
  type ExtractedFeatures,
  type ExtractOptions,
  extractFeatures,
  type FeatureExtractor,
  networkExtractor,
} from "./scores/feature-extractor.ts";
export { FeatureNetwork, type FeatureNetworkOptions, featureNetworkMnist, type Perception } from "./scores/feature-network.ts";
export type { Estimate, ImageScores } from "./scores/image-scores.ts";
export { type InceptionExtractor, type InceptionWeights, inceptionExtractor } from "./scores/inception-extractor.ts";
export { InceptionV3, type InceptionV3Options, type InceptionVariant, inceptionFid, inceptionImagenet } from "./scores/inception-v3.ts";
export { type ModeCoverage, modeCoverage } from "./scores/mode-coverage.ts";
export { type GeneratedScores, type ScoreOptions, scoreGenerated } from "./scores/score-generated.ts";
// Training
export {
  type AdversarialStepOptions,
  adversarialStep,
  type Judgement,
  metricsOf,
  type PenaltyContext,
  Readings,
} from "./training/adversarial-step.ts";
export { type ApngOptions, encodeApng } from "./training/apng.ts";
export { type AugmentationKind, type DiffAugmentOptions, diffAugment, instanceNoise } from "./training/diff-augment.ts";
export { type Spread, spreadOf } from "./training/diversity.ts";
export { CyclePlayers, type CyclePlayersOptions, type FitCycleGanOptions, fitCycleGan, type ImageModule } from "./training/fit-cyclegan.ts";
export { type FitGanOptions, fitGan } from "./training/fit-gan.ts";
export { type FitPix2pixOptions, fitPix2pix } from "./training/fit-pix2pix.ts";
export { GanAlarm, type GanAlarmOptions, type GanTrouble, type GanWarning } from "./training/gan-alarm.ts";
export { type Discriminator, GanPair, type Generator } from "./training/gan-pair.ts";
export type { GanRun } from "./training/gan-run.ts";
export { ImagePool } from "./training/image-pool.ts";
export { drawLatents, type InterpolateOptions, interpolateLatents, type LatentOptions } from "./training/latents.ts";
export { type GridOptions, imageGrid } from "./training/sample-grid.ts";
export { type GenerateOptions, generateExamples, SampleGrids, type SampleGridsOptions } from "./training/sample-images.ts";
export { type UnpairedOptions, unpaired } from "./training/unpaired.ts";
