/** @dl/gan/node: what reads files. This file is the table of contents. */

export { type InceptionFileOptions, inceptionFrom, openExtractor } from "./inception-file.ts";
export { type ExtractorData, extractorFrom, type TrainedExtractor, trainedExtractor } from "./trained-extractors.ts";
