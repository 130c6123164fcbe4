/** @dl/nn/node: safetensors files on disk. This file is the table of contents. */

export { loadFile, loadSafetensors, SafetensorsFile, saveSafetensors, saveShards, writeFileAtomically } from "./safetensors/files.ts";
