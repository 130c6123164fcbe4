/** @dl/data/node: data sets from the network, the cache and folders. This file is the table of contents. */

export type { BatchWorkers, WorkerPass, WorkerPassOptions } from "../workers/batch-workers.ts";
export type { PipelineFactory, WorkerPipeline } from "../workers/protocol.ts";
export { type BatchWorkersOptions, openBatchWorkers } from "./batch-workers.ts";
export { readSource, type SourceOptions } from "./cache.ts";
export { cifar10, cifar10Classes, cifar10Source, cifar10Statistics } from "./cifar10.ts";
export { type DataDirectories, defaultCacheDirectory, defaultDataDirectory } from "./directories.ts";
export { fashionMnist, fashionMnistClasses, fashionMnistSource, fashionMnistStatistics } from "./fashion-mnist.ts";
export { type ImageFolder, type ImageFolderOptions, imageFolder } from "./image-folder.ts";
export type { ImageDataset, SplitOptions } from "./image-source.ts";
export { type FolderDecoder, type LazyImageFolder, type LazyImageFolderOptions, lazyImageFolder } from "./lazy-image-folder.ts";
export type { SkippedFile } from "./list-classes.ts";
export { mnist, mnistClasses, mnistSource, mnistStatistics } from "./mnist.ts";
export { debianPackage, npmPackage, type PathsByName, urls } from "./origins.ts";
export { parquetFile } from "./parquet-file.ts";
export { openSharpDecoder } from "./sharp-decoder.ts";
export type { Origin, OriginContext, Source, SourceFile, SourceProgress } from "./source.ts";
export { type ShardSample, type TarShardsOptions, tarShards, type WriteTarShardsOptions, writeTarShards } from "./tar-shards.ts";
export { csvFile, jsonlFile, textLines } from "./text-files.ts";
export { tinyShakespeare, tinyShakespeareSource } from "./tiny-shakespeare.ts";
export { writeJsonl } from "./write-lines.ts";
