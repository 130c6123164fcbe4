/** dl export: a trained model as a file for elsewhere. */

import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TorchNamed, torchState } from "@dl/cnn";
import { Identity, LowRank, portableIntegers } from "@dl/compress";
import { exportOnnx, exportTfjs } from "@dl/export";
import { type Module, readState, writeSafetensors } from "@dl/nn";
import { writeFileAtomic } from "@dl/train/node";
import { type Command, runFolder, text, UsageError } from "../command.ts";
import { type PortableModel, portableModel } from "../portable-model.ts";
import { readRunFile } from "../run-file.ts";

/** What each format writes, by file name: the last one whole, after the others. */
type Format = (portable: PortableModel) => Promise<readonly (readonly [name: string, bytes: Uint8Array])[]>;

const formats: Readonly<Record<string, Format>> = {
  onnx: async ({ model, rounding, ...options }) => {
    if (rounding === undefined) return [["model.onnx", await exportOnnx(model, options)]];
    const quantization = await portableIntegers(rounding);
    if (quantization.grouped.length > 0)
      console.error(`as floats, for ONNX's opset 17 has no scales by group: ${quantization.grouped.join(", ")}`);
    rounding.detach();
    return [["model.onnx", await exportOnnx(model, { ...options, quantization })]];
  },
  safetensors: async ({ model, metadata }) => {
    // Names and layouts that Python knows, where the model has them there, and in the form it has there.
    const isTorch =
      isTorchNamed(model) && ![...model.modules.values()].some((layer) => layer instanceof LowRank || layer instanceof Identity);
    const tensors = isTorch ? await torchState(model) : await readState(model);
    const layout = isTorch ? { format: "pt" } : {};
    return [["model.export.safetensors", writeSafetensors(tensors, { metadata: { ...metadata, ...layout } })]];
  },
  tfjs: async ({ model, rounding, ...options }) => {
    // With what rounds: it has parameters of its own.
    const { topology, weights } = await exportTfjs(rounding ?? model, options);
    return [
      ["tfjs/weights.bin", weights],
      ["tfjs/model.json", new TextEncoder().encode(`${JSON.stringify(topology)}\n`)],
    ];
  },
};

function isTorchNamed(model: Module): model is Module & TorchNamed {
  return "torchPlace" in model && typeof model.torchPlace === "function";
}

export const exportCommand: Command = {
  name: "export",
  summary: "Write a trained model as ONNX, safetensors or a TensorFlow.js graph model.",
  positionals: "<run folder>",
  details: [
    "onnx         model.onnx, opset 17; batch and sequence lengths are free. Classifiers take pixels from 0 to 1. What dl compress made int8 is int8 (QDQ).",
    "safetensors  the weights, with PyTorch's names and layouts where the model has them there.",
    "tfjs         tfjs/model.json and weights.bin, for tf.loadGraphModel; convolutional networks and dense ones, of any batch size.",
  ].join("\n"),
  options: {
    run: { value: "DIR", help: "The run folder, instead of the first word." },
    to: { value: "FORMAT", help: `${Object.keys(formats).join(", ")}.` },
    out: { value: "DIR", help: "Folder to write into. Default: the run folder." },
    json: { help: "End with one line of JSON on stdout, and nothing else there." },
  },
  async run(args) {
    const folder = runFolder(args);
    const name = text(args, "to");
    const format = name !== undefined && Object.hasOwn(formats, name) ? formats[name] : undefined;
    if (format === undefined)
      throw new UsageError(`--to: expected ${Object.keys(formats).join(", ")}, got ${JSON.stringify(name ?? "nothing")}.`);
    const portable = await portableModel(await readRunFile(folder), folder);
    using _model = portable.model;
    const files = await format(portable);
    const written: string[] = [];
    for (const [file, bytes] of files) {
      const path = join(text(args, "out") ?? folder, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomic(path, bytes);
      written.push(path);
      console.error(`${path}  ${(bytes.length / 1e6).toFixed(2)} MB`);
    }
    if (args.values.json) console.log(JSON.stringify({ format: name, files: written }));
    return 0;
  },
};
