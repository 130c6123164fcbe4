/** @dl/export: models for elsewhere, from a trace of the forward pass. This file is the table of contents. */

export { type ExportOnnxOptions, exportOnnx } from "./onnx/export-onnx.ts";
export type { ActivationRange, Quantization, QuantizedWeight } from "./onnx/quantization.ts";
export { type ExportTfjsOptions, exportTfjs, type TfjsFiles } from "./tfjs/export-tfjs.ts";
export type { InputSpec, InputTensors, TraceModelOptions } from "./trace/trace-model.ts";
