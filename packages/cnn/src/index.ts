/** @dl/cnn: convolutional networks, one file an architecture. This file is the table of contents. */

export { Conv5Fc3, type Conv5Fc3Options, conv5Fc3Cifar10 } from "./conv5fc3.ts";
export type { ImageClassifier } from "./image-classifier.ts";
export { KerasCnn, type KerasCnnOptions, kerasCnnCifar10 } from "./keras-cnn.ts";
export { LeNet, type LeNetOptions, lenetCifar10, lenetCifar10Wide, lenetMnist } from "./lenet.ts";
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
} from "./resnet.ts";
export { formatSummary, type LayerSummary, type ModelSummary, summarize } from "./summary.ts";
// Weights from and to PyTorch
export { loadTorchState, type TorchNamed, type TorchPlace, torchState } from "./torch-state.ts";
export { type FlattenedImage, fromTorch, toTorch, type WeightLayoutOptions } from "./torch-weights.ts";
export { Vgg, type VggOptions, type VggPreset, vgg11, vgg13, vgg16, vgg19 } from "./vgg.ts";
