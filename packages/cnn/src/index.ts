/** @dl/cnn: convolutional networks, one file an architecture. This file is the table of contents. */

export { Airbench, type AirbenchOptions, airbench94 } from "./airbench.ts";
export { AlexNet, type AlexNetOptions, alexnet } from "./alexnet.ts";
export { type CenterMaps, CenterNet, type CenterNetOptions, centerNetStride } from "./center-net.ts";
export {
  type CenterTargets,
  type CenterTargetTensors,
  centerDetections,
  centerNetLoss,
  centerPeaks,
  centerTargets,
  type Detection,
  type ObjectBox,
} from "./center-targets.ts";
export { Conv5Fc3, type Conv5Fc3Options, conv5Fc3Cifar10 } from "./conv5fc3.ts";
export {
  ConvNext,
  type ConvNextOptions,
  type ConvNextPreset,
  convNextBase,
  convNextLarge,
  convNextSmall,
  convNextTiny,
} from "./convnext.ts";
export {
  DenseNet,
  type DenseNetOptions,
  type DenseNetPreset,
  densenet100,
  densenet121,
  densenet169,
  densenet201,
} from "./densenet.ts";
export type { ImageClassifier } from "./image-classifier.ts";
export { type IntermediateOptions, type Intermediates, intermediateOutputs } from "./intermediate-outputs.ts";
export { KerasCnn, type KerasCnnOptions, kerasCnnCifar10 } from "./keras-cnn.ts";
export { LeNet, type LeNetActivation, type LeNetOptions, lenetCifar10, lenetCifar10Wide, lenetMnist } from "./lenet.ts";
export { type MapEncoder, type MaskedBatch, MaskedImages, type MaskedImagesOptions, patchMasks } from "./masked-images.ts";
export { type MobileNetStage, MobileNetV2, type MobileNetV2Options, mobilenetV2, mobilenetV2Cifar } from "./mobilenet-v2.ts";
export { NasNet, type NasNetOptions, type NasNetPreset, nasnetCifar, nasnetLarge, nasnetMobile } from "./nasnet.ts";
export {
  ResNet,
  type ResNetOptions,
  type ResNetPreset,
  type ResNetShortcut,
  resnet18,
  resnet20,
  resnet32,
  resnet34,
  resnet44,
  resnet50,
  resnet56,
  resnet101,
  resnet110,
  resnet152,
  wideResnet50,
  wideResnet101,
} from "./resnet.ts";
export { formatSummary, type LayerSummary, type ModelSummary, summarize } from "./summary.ts";
export { type TestTimeOptions, testTimeLogits } from "./test-time-logits.ts";
// Weights from and to PyTorch
export {
  type LoadTorchStateOptions,
  loadTorchState,
  type TorchNamed,
  type TorchPlace,
  type TorchStateOptions,
  torchState,
} from "./torch-state.ts";
export { type FlattenedImage, fromTorch, toTorch, type WeightLayoutOptions } from "./torch-weights.ts";
export { parametersOf, replaceHead, type WithHead } from "./transfer.ts";
export { UNet, type UNetOptions } from "./unet.ts";
export { Vgg, type VggOptions, type VggPreset, vgg11, vgg13, vgg16, vgg19 } from "./vgg.ts";
export { type WhiteningOptions, whiteningFilters } from "./whitening.ts";
export {
  WideResNet,
  type WideResNetOptions,
  type WideResNetPreset,
  wideResnet16x4,
  wideResnet28x10,
  wideResnet40x2,
} from "./wide-resnet.ts";
