/** @dl/cnn: convolutional networks, one file an architecture. This file is the table of contents. */

export { Conv5Fc3, type Conv5Fc3Options, conv5Fc3Cifar10 } from "./conv5fc3.ts";
export type { ImageClassifier } from "./image-classifier.ts";
export { KerasCnn, type KerasCnnOptions, kerasCnnCifar10 } from "./keras-cnn.ts";
export { LeNet, type LeNetOptions, lenetCifar10, lenetCifar10Wide, lenetMnist } from "./lenet.ts";
export { formatSummary, type LayerSummary, type ModelSummary, summarize } from "./summary.ts";
export { type FlattenedImage, fromTorch, permuteHost, toTorch } from "./torch-weights.ts";
