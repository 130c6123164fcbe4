/** The backends: TensorFlow on whatever device it picks, and TensorFlow on an NVIDIA GPU or not at all. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { type Backend, OptionError, UnsupportedError } from "@dl/core";
import { currentAddon, type LoadedAddon, loadAddon } from "./addon.ts";
import { attributeNames } from "./attribute-names.ts";
import { TensorflowDevice } from "./device.ts";

export interface TensorflowOptions {
  /** File of the addon, `tfjs_binding.node`. Default: the one in the installed @tensorflow/tfjs-node, else in @tensorflow/tfjs-node-gpu. */
  readonly addon?: string;
}

export interface CudaOptions {
  /** File of the addon, `tfjs_binding.node`. Default: the one in the installed @tensorflow/tfjs-node-gpu, else in @tensorflow/tfjs-node. */
  readonly addon?: string;
  /** Which GPU, counted among those that `CUDA_VISIBLE_DEVICES` lists, or all. One a process. Default 0. */
  readonly gpu?: number;
}

export interface TensorflowBackend extends Backend {
  open(): Promise<TensorflowDevice>;
}

/**
 * TensorFlow's own kernels in Node, through the addon of @tensorflow/tfjs-node. On the CPU, unless the addon was built for GPUs and lists one.
 *
 * @example no-run
 * await using device = await openDevice(tensorflow());
 * console.log(device.name); // tensorflow (TensorFlow 2.21.0, CPU)
 */
export function tensorflow({ addon: file }: TensorflowOptions = {}): TensorflowBackend {
  return {
    name: "tensorflow",
    async open() {
      const packages = ["@tensorflow/tfjs-node", "@tensorflow/tfjs-node-gpu"];
      return start(loadAddon("tensorflow", { packages, file }), "tensorflow");
    },
  };
}

/**
 * TensorFlow on an NVIDIA GPU, in Node, through the addon of @tensorflow/tfjs-node-gpu. Does not open where TensorFlow lists no GPU.
 *
 * @example no-run
 * await using device = await openDevice(cuda({ gpu: 1 }), tensorflow());
 */
export function cuda({ addon: file, gpu = 0 }: CudaOptions = {}): TensorflowBackend {
  if (!Number.isInteger(gpu) || gpu < 0) throw new OptionError(`cuda: expected the number of a GPU, 0 or more, got ${gpu}.`);
  return {
    name: "cuda",
    async open() {
      const missing = withoutDriver();
      if (missing !== undefined && currentAddon() === undefined)
        throw new UnsupportedError(`cuda: expected an NVIDIA GPU, got none: ${missing}.`);
      chooseGpu(gpu);
      const packages = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"];
      const loaded = loadAddon("cuda", { packages, file });
      if (!loaded.addon.isUsingGpuDevice()) throw new UnsupportedError(withoutGpu(loaded));
      return start(loaded, "cuda");
    },
  };
}

function start(loaded: LoadedAddon, name: string): TensorflowDevice {
  noteAttributes(loaded);
  try {
    return new TensorflowDevice(loaded, { name });
  } catch (error) {
    throw new UnsupportedError(
      `${name}: expected ${loaded.file} to compute, got ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * The addon keeps every attribute's name in a table that all threads share and none locks. Once they are in it, threads only read it: so all
 * that kernels will use are put in before the first kernel runs, by an operation whose last attribute, of no type, keeps it from running.
 */
function noteAttributes({ addon }: LoadedAddon): void {
  const attributes = attributeNames.map((name) => ({ name, type: addon.TF_ATTR_BOOL, value: true }));
  try {
    addon.executeOp("NoOp", [...attributes, { name: "type", type: -1, value: true }], [], 0);
  } catch {
    // As meant.
  }
}

/** Which GPUs this process was told to see before a device chose among them. */
let visible: string | undefined;
let chosen: number | undefined;

/** The addon takes what TensorFlow lists, so TensorFlow may see one GPU only; it looks when it loads. */
function chooseGpu(gpu: number): void {
  if (chosen === gpu) return;
  if (currentAddon()?.addon.isUsingGpuDevice() === true) {
    const running = chosen === undefined ? "the one that tensorflow() opened" : `GPU ${chosen}`;
    throw new UnsupportedError(
      `cuda: expected one GPU in a process, got GPU ${gpu} after ${running}. Open the other in a process of its own.`,
    );
  }
  if (currentAddon() !== undefined) return;
  visible ??= process.env.CUDA_VISIBLE_DEVICES ?? "";
  const list = visible === "" ? [] : visible.split(",").map((entry) => entry.trim());
  const wanted = list.length === 0 ? String(gpu) : list[gpu];
  if (wanted === undefined) {
    throw new OptionError(`cuda: expected a GPU below ${list.length}, those of CUDA_VISIBLE_DEVICES=${visible}, got ${gpu}.`);
  }
  // A worker's environment is a copy that native code does not see.
  if (!isMainThread && process.env.CUDA_VISIBLE_DEVICES !== wanted) {
    throw new UnsupportedError(
      `cuda: expected CUDA_VISIBLE_DEVICES=${wanted} to be set before a worker opens GPU ${gpu}, got ${visible === "" ? "nothing" : visible}. Set it in the process's environment.`,
    );
  }
  process.env.CUDA_VISIBLE_DEVICES = wanted;
  chosen = gpu;
}

/** Why there can be no GPU, without loading TensorFlow to ask it: half a second, and some hundred megabytes. */
function withoutDriver(): string | undefined {
  // WSL has /dev/dxg in their place; other systems show nothing.
  if (process.platform !== "linux" || process.arch !== "x64" || !existsSync("/dev")) return undefined;
  const found = readdirSync("/dev").some((name) => name.startsWith("nvidia") || name === "dxg");
  return found
    ? undefined
    : `/dev has no nvidia device, so no driver is at work (CUDA_VISIBLE_DEVICES is ${process.env.CUDA_VISIBLE_DEVICES || "not set"})`;
}

/** What there is in the place of a GPU, for the person who expected one. */
function withoutGpu({ addon, file }: LoadedAddon): string {
  const driver = "/proc/driver/nvidia/version";
  const devices = existsSync("/dev") ? readdirSync("/dev").filter((name) => /^nvidia\d+$/.test(name)) : [];
  const found = [
    `TensorFlow ${addon.TF_Version} of ${file} lists none`,
    existsSync(driver) ? `driver ${readFileSync(driver, "utf8").split("\n")[0]}` : "no NVIDIA driver is loaded",
    devices.length > 0 ? `/dev has ${devices.join(", ")}` : "/dev has no nvidia device",
    `CUDA_VISIBLE_DEVICES is ${visible === undefined || visible === "" ? "not set" : visible}`,
  ];
  return `cuda: expected an NVIDIA GPU, got none: ${found.join("; ")}. Install the driver and a TensorFlow with CUDA (@tensorflow/tfjs-node-gpu, or pip's tensorflow[and-cuda] with pnpm tfjs-node), or open tensorflow() for the CPU.`;
}
