/** @dl/data: datasets, batches, splits and augmentation, on host arrays. This file is the table of contents. */

export { Batches, type BatchesOptions, type BatchesState, batches } from "./batches.ts";
export { type Collate, type PadFieldsOptions, padFields } from "./collate/pad-fields.ts";
export type { Dataset, Example, ExampleOf } from "./dataset.ts";
export { type ArrayDataset, type ArrayDatasetOptions, arrayDataset } from "./datasets/array-dataset.ts";
export { type ByteColumn, type ByteColumnOptions, byteColumn } from "./datasets/byte-column.ts";
export { concat } from "./datasets/concat.ts";
export type { Column } from "./datasets/gather-rows.ts";
export { type Fold, type KFoldOptions, kFold } from "./datasets/k-fold.ts";
export { map } from "./datasets/map.ts";
export { type SplitDatasetOptions, split } from "./datasets/split.ts";
export { stack } from "./datasets/stack.ts";
export { subset, take } from "./datasets/subset.ts";
export {
  type Cell,
  type CellType,
  type CsvOptions,
  type CsvRecord,
  type CsvRecordOptions,
  parseCsv,
  parseCsvRecords,
} from "./formats/csv.ts";
export { type JsonlOptions, parseJsonl } from "./formats/jsonl.ts";
export { type EncodeNpzOptions, encodeNpz, parseNpz } from "./formats/npz.ts";
export { encodeNpy, type NumpyArray, type NumpyType, numpyTensor, type ParseNpyOptions, parseNpy } from "./formats/numpy-array.ts";
export { type ParquetOptions, type ParquetRow, type ParquetSource, parquetBytes, parquetRows } from "./formats/parquet.ts";
export { readTar, type TarEntry } from "./formats/tar.ts";
export { tarEnd, tarMember } from "./formats/tar-writer.ts";
export { type IdxArray, type IdxType, type ParseIdxOptions, parseIdx } from "./idx.ts";
export { type CropOptions, centerCrop, cropImage, cropToAspect, type PadImageOptions, padImage } from "./images/crop.ts";
export { type DecodeImageOptions, decodeImage } from "./images/decode-image.ts";
export { type Image, withChannels } from "./images/image.ts";
export { flipImage } from "./images/orientation.ts";
export { type ResizeImageOptions, resizeImage, type Size, sizeByShorterSide } from "./images/resize.ts";
export { type BalancedOrderOptions, balancedOrder } from "./orders/balanced-order.ts";
export { type LengthOrderOptions, lengthOrder } from "./orders/length-order.ts";
export type { Order, OrderContext } from "./orders/order.ts";
export { type WeightedOrderOptions, weightedOrder } from "./orders/weighted-order.ts";
export { type CleanOptions, cleanSplits, type RemovalReason, type RemovedExample } from "./quality/clean-splits.ts";
export { type CrossValidatedOptions, crossValidatedProbabilities } from "./quality/cross-validated-probabilities.ts";
export { type DataReportHtmlOptions, dataReportHtml } from "./quality/data-report-html.ts";
export { describeClassDifference, describeDoubtful } from "./quality/describe-report.ts";
export { type ClassDifference, type DataReport, type ExamplePlace, type InspectDataOptions, inspectData } from "./quality/inspect-data.ts";
export type { LeftOutFile, SplitReport } from "./quality/inspect-split.ts";
export { type LabelNoiseCandidate, labelNoiseCandidates } from "./quality/label-noise.ts";
export { type KCenterOptions, kCenter } from "./selection/k-center.ts";
export { type PseudoLabelOptions, type PseudoLabels, pseudoLabels } from "./selection/pseudo-labels.ts";
export { largest, type UncertaintyMeasure, type UncertaintyOptions, uncertainty } from "./selection/uncertainty.ts";
export { type ChannelStatistics, channelStatistics } from "./statistics/channel-statistics.ts";
export { classCounts, type LabelOptions, labelsOf } from "./statistics/class-counts.ts";
export {
  DataStream,
  type MapAsyncOptions,
  type MapOptions,
  type OpenStream,
  type ShardOptions,
  type ShuffleOptions,
  type StreamCursor,
  type StreamState,
  sequenceStream,
  streamOf,
} from "./streams/data-stream.ts";
export { type ChainOptions, chain, type InterleaveOptions, interleave, type MixOptions, mix, zip } from "./streams/mix.ts";
export {
  StreamBatches,
  type StreamBatchesOptions,
  type StreamBatchesState,
  type StreamOrderOptions,
} from "./streams/stream-batches.ts";
export type { AddedToken } from "./tokenizers/added-tokens.ts";
export type { Encoding } from "./tokenizers/encoding.ts";
export type { Padding } from "./tokenizers/padding.ts";
export { type BpeRanks, bpeFromRanks } from "./tokenizers/tiktoken-ranks.ts";
export { type TokenBatch, tokenBatch } from "./tokenizers/token-batch.ts";
export {
  type AddTokensOptions,
  type DecodeOptions,
  type EncodeBatchOptions,
  type EncodeOptions,
  Tokenizer,
} from "./tokenizers/tokenizer.ts";
export { type TrainBpeOptions, type TrainWordPieceOptions, trainBpe, trainWordPiece } from "./tokenizers/train-tokenizer.ts";
export type { Truncation } from "./tokenizers/truncation.ts";
export { type BpeFiles, bpeFromFiles, type WordPieceFiles, wordPieceFromFile } from "./tokenizers/vocabulary-files.ts";
export { type AlternatingFlipOptions, alternatingFlip } from "./transforms/alternating-flip.ts";
export { type BlurOptions, blur } from "./transforms/blur.ts";
export { type ColorJitterOptions, colorJitter, type GrayscaleOptions, grayscale } from "./transforms/color-jitter.ts";
export { type CutMixOptions, cutMix } from "./transforms/cut-mix.ts";
export { type CutoutOptions, cutout } from "./transforms/cutout.ts";
export { type DeviceMixOptions, deviceCutMix, deviceMixup } from "./transforms/device-mix.ts";
export {
  type DeviceFlipOptions,
  type DeviceMoveOptions,
  type DevicePadCropOptions,
  deviceFlip,
  devicePadCrop,
} from "./transforms/device-move.ts";
export { type FlipOptions, flip } from "./transforms/flip.ts";
export type { FloatImage } from "./transforms/float-image.ts";
export { jointly } from "./transforms/jointly.ts";
export { type MixupOptions, mixup } from "./transforms/mixup.ts";
export { type NormalizeOptions, normalize } from "./transforms/normalize.ts";
export { type PadCropOptions, padCrop } from "./transforms/pad-crop.ts";
export {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  adjustSharpness,
  autoContrast,
  equalize,
  posterize,
  solarize,
} from "./transforms/pixel-operations.ts";
export { type RandAugmentOptions, randAugment } from "./transforms/rand-augment.ts";
export { type RandomErasingOptions, randomErasing } from "./transforms/random-erasing.ts";
export { type RandomResizedCropOptions, randomResizedCrop } from "./transforms/random-resized-crop.ts";
export { type AffineOptions, affine, type RotateOptions, rotate } from "./transforms/rotate.ts";
export type { ImageBatch, LabelledImageBatch, Transform, TransformContext } from "./transforms/transform.ts";
export { type TrivialAugmentOptions, trivialAugment } from "./transforms/trivial-augment.ts";
export type { BatchWorkers, WorkerStreamOptions } from "./workers/batch-workers.ts";
export type { AnyPipeline, PipelineFactory, StreamPipeline, WorkerPipeline } from "./workers/protocol.ts";
export {
  openWebBatchWorkers,
  serveBatches,
  type WebBatchWorkersOptions,
  type WebWorker,
  type WebWorkerScope,
} from "./workers/web-workers.ts";
export type { WorkerPass, WorkerPassOptions } from "./workers/worker-pass.ts";
