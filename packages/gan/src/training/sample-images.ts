/** Pictures of the same latents along a run, and samples in numbers. */

import { type Device, type HostTensor, hostTensor, OptionError, type Tensor, tensor, Yielder } from "@dl/core";
import { inference, type Mode } from "@dl/nn";
import { type Callback, type EpochRecord, encodePng, type Run } from "@dl/train";
import { type GridOptions, imageGrid } from "./sample-grid.ts";

export interface GenerateOptions {
  device: Device;
  /** `[N, size]` */
  latents: HostTensor;
  /** From rows of latents to examples; `start` is the first row's number, for the labels of conditional generators. */
  generate: (latents: Tensor, context: { readonly mode: Mode; readonly start: number }) => Tensor;
  /** Latents at a time. Default 100. */
  batchSize?: number;
  signal?: AbortSignal;
}

/** Examples of all latents, `[N, …]`, some at a time, in inference. */
export async function generateExamples({ device, latents, generate, batchSize = 100, signal }: GenerateOptions): Promise<HostTensor> {
  if (!(Number.isInteger(batchSize) && batchSize >= 1)) {
    throw new OptionError(`generateExamples: expected a whole batchSize ≥ 1, got ${batchSize}.`);
  }
  const count = latents.shape[0]!;
  const rowSize = latents.data.length / count;
  let examples: Float32Array | undefined;
  let shape: readonly number[] = [];
  const yielder = new Yielder();
  for (let start = 0; start < count; start += batchSize) {
    await yielder.turn();
    signal?.throwIfAborted();
    const rows = Math.min(batchSize, count - start);
    const part = hostTensor(latents.data.slice(start * rowSize, (start + rows) * rowSize), [rows, ...latents.shape.slice(1)]);
    const made = (await device.compute(() => generate(tensor(part), { mode: inference, start }))) as HostTensor;
    shape = made.shape.slice(1);
    examples ??= new Float32Array((made.data.length / rows) * count);
    examples.set(made.data, (made.data.length / rows) * start);
  }
  return hostTensor(examples!, [count, ...shape]);
}

export interface SampleGridsOptions extends GridOptions {
  /** The same all along: what changes is the generator. */
  latents: HostTensor;
  /** Default: the generator's forward pass. */
  generate?: GenerateOptions["generate"];
  /** Gets the PNG of an epoch, such as `epoch-0001.png`. */
  write: (name: string, png: Uint8Array) => void | Promise<void>;
  /** Epochs between grids. Default 1. */
  everyEpochs?: number;
}

/**
 * Writes a grid of samples after each epoch.
 *
 * @example
 * new SampleGrids({ latents: drawLatents(64, { size: 100, rng: rng.fork("grid") }), write: (name, png) => pictures.set(name, png) })
 */
export class SampleGrids implements Callback {
  readonly name = "sampleGrids";
  readonly #options: SampleGridsOptions;

  constructor(options: SampleGridsOptions) {
    const { everyEpochs = 1 } = options;
    if (!(Number.isInteger(everyEpochs) && everyEpochs >= 1)) {
      throw new OptionError(`SampleGrids: expected a whole number of everyEpochs ≥ 1, got ${everyEpochs}.`);
    }
    this.#options = options;
  }

  async onEpoch(run: Run, { epoch }: EpochRecord): Promise<void> {
    const { everyEpochs = 1, latents, generate, write, ...grid } = this.#options;
    if ((epoch + 1) % everyEpochs !== 0) return;
    const forward: GenerateOptions["generate"] = (latents, { mode }) =>
      (run.model.forward as (latents: Tensor, mode: Mode) => Tensor)(latents, mode);
    const images = await generateExamples({ device: run.device, latents, generate: generate ?? forward });
    await write(`epoch-${String(epoch + 1).padStart(4, "0")}.png`, encodePng(imageGrid(images, grid)));
  }
}
