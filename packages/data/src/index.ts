/** @dl/data: datasets, batches, splits and augmentation, on host arrays. This file is the table of contents. */

export { Batches, type BatchesOptions, type BatchesState, batches } from "./batches.ts";
export type { Dataset, Example, ExampleOf } from "./dataset.ts";
export { type ArrayDataset, type ArrayDatasetOptions, arrayDataset } from "./datasets/array-dataset.ts";
export { type ByteColumn, type ByteColumnOptions, byteColumn } from "./datasets/byte-column.ts";
export type { Column } from "./datasets/gather-rows.ts";
export { stack } from "./datasets/stack.ts";
export { type IdxArray, type IdxType, type ParseIdxOptions, parseIdx } from "./idx.ts";
export { type ChannelStatistics, channelStatistics } from "./statistics/channel-statistics.ts";
export { classCounts, type LabelOptions, labelsOf } from "./statistics/class-counts.ts";
export type { ImageBatch, Transform, TransformContext } from "./transforms/transform.ts";
