/** The native addon of @tensorflow/tfjs-node: what it can do, where it is, and loading it once. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { UnsupportedError } from "@dl/core";
import type { AttributeName } from "./attribute-names.ts";

/** A named argument of a TensorFlow operation. */
export interface Attribute {
  readonly name: AttributeName;
  readonly type: number;
  readonly value: number | boolean | string | readonly number[];
}

/** A tensor TensorFlow made: its number in the addon's table. */
export interface Output {
  readonly id: number;
  readonly shape: readonly number[];
}

/** The functions of tfjs-node's `binding/tfjs_binding.cc` that this device calls. */
export interface Addon {
  readonly TF_Version: string;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  /** Shares the memory of `data` where its alignment allows. */
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array | BigInt64Array;
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): readonly Output[];
  isUsingGpuDevice(): boolean;
  /** Tensors in the table, of every device of this thread. */
  getNumOfTensors(): number;
}

export interface LoadedAddon {
  readonly addon: Addon;
  readonly file: string;
}

/** One addon a thread: two copies of TensorFlow in one process share symbols and break each other. */
let loaded: LoadedAddon | undefined;

/** The addon of this thread, if a device has loaded one. */
export function currentAddon(): LoadedAddon | undefined {
  return loaded;
}

/** Loads the first addon that is there: `file`, or that of the first of `packages` that has one. */
export function loadAddon(where: string, { packages, file }: { packages: readonly string[]; file: string | undefined }): LoadedAddon {
  if (loaded !== undefined) {
    if (file !== undefined && resolve(file) !== loaded.file) {
      throw new UnsupportedError(`${where}: expected one addon in a process, got ${resolve(file)} after ${loaded.file}.`);
    }
    return loaded;
  }
  const found = file === undefined ? findAddon(where, packages) : resolve(file);
  // TensorFlow writes a page about itself to standard error; warnings and errors stay.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "1";
  try {
    loaded = { addon: createRequire(import.meta.url)(found) as Addon, file: found };
  } catch (error) {
    throw new UnsupportedError(`${where}: expected ${found} to load, got ${error instanceof Error ? error.message : String(error)}`);
  }
  return loaded;
}

function findAddon(where: string, packages: readonly string[]): string {
  const reasons: string[] = [];
  for (const name of packages) {
    const folder = installedFolder(name);
    if (folder === undefined) {
      reasons.push(`${name} is not installed`);
      continue;
    }
    const file = addonFile(folder);
    if (existsSync(file)) return file;
    reasons.push(`${name} has no addon at ${file}: its download did not work at installation`);
  }
  throw new UnsupportedError(
    `${where}: expected an installed ${packages[0]} with its addon, got: ${reasons.join("; ")}. Run npm install ${packages[0]}, or build the addon against the TensorFlow of a pip wheel: pnpm tfjs-node (README of @dl/backend-tfjs).`,
  );
}

/** Looked for from here, where the peer dependency is, and from the program's folder. */
function installedFolder(name: string): string | undefined {
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      return dirname(createRequire(from).resolve(`${name}/package.json`));
    } catch {}
  }
  return undefined;
}

/** As node-pre-gyp finds it: the newest Node-API version that the package was published for and this Node has. */
function addonFile(folder: string): string {
  const { binary } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    binary?: { module_path?: string; napi_versions?: readonly number[] };
  };
  const versions = (binary?.napi_versions ?? [8]).filter((version) => version <= Number(process.versions.napi));
  const path = (binary?.module_path ?? "./lib/napi-v{napi_build_version}").replace("{napi_build_version}", String(Math.max(...versions)));
  return join(folder, path, "tfjs_binding.node");
}
