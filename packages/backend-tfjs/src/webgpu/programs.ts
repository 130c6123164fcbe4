/** Pipelines and bind groups: made once, found again by what they were made of. */

import type { Block } from "./memory.ts";
import { type Launch, programKey, shaderSource } from "./program.ts";

export interface Program {
  readonly pipeline: GPUComputePipeline;
  /** Number of read and of written buffers: which layout its bind groups have. */
  readonly layout: BindLayout;
}

interface BindLayout {
  readonly key: string;
  readonly buffers: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

const mostBindGroups = 8192;
// The number of GPUShaderStage.COMPUTE, which Node has no global for.
const computeStage = 4;

export class Programs {
  /** Of group 0: the parameters of a launch, at an offset into a ring. */
  readonly parameterLayout: GPUBindGroupLayout;
  readonly #gpu: GPUDevice;
  readonly #checks: Promise<GPUError | null>[];
  readonly #programs = new Map<string, Program>();
  readonly #layouts = new Map<string, BindLayout>();
  readonly #bindGroups = new Map<string, GPUBindGroup>();

  /** @param checks  Gets a promise for every pipeline: null, or what the GPU has against it. */
  constructor(gpu: GPUDevice, checks: Promise<GPUError | null>[]) {
    this.#gpu = gpu;
    this.#checks = checks;
    this.parameterLayout = gpu.createBindGroupLayout({
      entries: [{ binding: 0, visibility: computeStage, buffer: { type: "uniform", hasDynamicOffset: true } }],
    });
  }

  get(launch: Launch): Program {
    const key = programKey(launch);
    const known = this.#programs.get(key);
    if (known) return known;
    const layout = this.#layout(launch.reads.length, launch.writes.length);
    this.#gpu.pushErrorScope("validation");
    const module = this.#gpu.createShaderModule({ label: launch.name, code: shaderSource(launch) });
    const pipeline = this.#gpu.createComputePipeline({
      label: launch.name,
      layout: layout.pipeline,
      compute: { module, entryPoint: "main" },
    });
    this.#checks.push(this.#gpu.popErrorScope());
    const program: Program = { pipeline, layout };
    this.#programs.set(key, program);
    return program;
  }

  /** Group 1: the launch's buffers. */
  bind({ layout }: Program, { reads, writes }: Launch): GPUBindGroup {
    let key = layout.key;
    for (const { buffer } of reads) key += ` #${buffer.block.id} ${buffer.offset}`;
    for (const { buffer } of writes) key += ` #${buffer.block.id} ${buffer.offset}`;
    const known = this.#bindGroups.get(key);
    if (known) return known;
    const entries = [...reads, ...writes].map(({ buffer }, binding) => ({
      binding,
      resource: { buffer: buffer.block.gpu, offset: buffer.offset, size: buffer.bytes },
    }));
    const made = this.#gpu.createBindGroup({ layout: layout.buffers, entries });
    if (this.#bindGroups.size >= mostBindGroups) this.#bindGroups.clear();
    this.#bindGroups.set(key, made);
    return made;
  }

  /** Bind groups hold on to their buffers; those that name a block that is gone would keep its memory. */
  forget({ id }: Block): void {
    const part = ` #${id} `;
    for (const key of this.#bindGroups.keys()) if (key.includes(part)) this.#bindGroups.delete(key);
  }

  #layout(reads: number, writes: number): BindLayout {
    const key = `${reads},${writes}`;
    const known = this.#layouts.get(key);
    if (known) return known;
    const buffers = this.#gpu.createBindGroupLayout({
      entries: Array.from({ length: reads + writes }, (_, binding) => ({
        binding,
        visibility: computeStage,
        buffer: { type: binding < reads ? ("read-only-storage" as const) : ("storage" as const) },
      })),
    });
    const pipeline = this.#gpu.createPipelineLayout({ bindGroupLayouts: [this.parameterLayout, buffers] });
    const layout = { key, buffers, pipeline };
    this.#layouts.set(key, layout);
    return layout;
  }
}
