/** Low-rank adaptation: what is learned is added to dense layers as a product of two thin matrices. Hu et al. 2021, arXiv:2106.09685. */

import { type Device, dropout, gather, hostTensor, matmul, norm, OptionError, type Rng, stopGradient, type Tensor } from "@dl/core";
import { Embedding, init, Module, Parameter, wrapForward } from "@dl/nn";
import type { Pretrained } from "../huggingface/pretrained.ts";
import { huggingFaceName } from "../huggingface/weights.ts";
import { type Adapter, WholeModules } from "./adapter.ts";
import { mergeAll, Standing, unmergeAll } from "./standing.ts";
import { type Table, type Target, type TargetLayer, targetTables, valueFor } from "./targets.ts";
import { watchMode } from "./watch-mode.ts";

/** As PEFT names them. */
export const loraBiases = ["none", "all", "lora_only"] as const;
export type LoraBias = (typeof loraBiases)[number];

export interface LoraOptions {
  /** Dense layers and embeddings, by the end of their path or of their name in transformers: `["query", "value"]`. */
  targets: readonly Target[];
  /** Columns of the first matrix and rows of the second. */
  rank: number;
  /** What is added is multiplied by alpha / rank. */
  alpha: number;
  /** Other ranks of layers by the end of their path or name. Default none. */
  ranks?: Readonly<Record<string, number>>;
  /** Other alphas, likewise. Default none. */
  alphas?: Readonly<Record<string, number>>;
  /** Multiplies by alpha / √rank instead. Kalajdzievski 2023, arXiv:2312.03732. Default false. */
  rankStabilized?: boolean;
  /** Learns length and direction of each column apart. Liu et al. 2024, DoRA, arXiv:2402.09353. Default false. */
  dora?: boolean;
  /** Rate on the input of the product. Default 0. */
  dropout?: number;
  /** Paths of modules that are trained whole beside it, such as a new head; no target may be in one. Default none. */
  whole?: readonly string[];
  /** Biases of the model that are trained with it: none, all, or those of the layers it stands on. Default `none`. */
  bias?: LoraBias;
  rng: Rng;
}

/** The two matrices of one layer. */
class LoraLayer extends Module {
  /** `[inputs, rank]`; of an embedding `[count, rank]`, zero at first. */
  readonly down: Parameter;
  /** `[rank, outputs]`; of a dense layer zero at first: nothing is changed before training. */
  readonly up: Parameter;
  /** `[outputs]`, of DoRA: the lengths of the columns. */
  magnitude: Parameter | undefined;
  readonly scale: number;

  constructor({ layer }: TargetLayer<Table>, { rank, scale, rng }: { rank: number; scale: number; rng: Rng }) {
    super();
    const [inputs, outputs] = layer.weight.shape as readonly [number, number];
    const isEmbedding = layer instanceof Embedding;
    this.down = new Parameter(isEmbedding ? init.zeros([inputs, rank]) : init.fanInUniform([inputs, rank], { rng: rng.fork("down") }));
    this.up = new Parameter(isEmbedding ? init.normal([rank, outputs], { rng: rng.fork("up") }) : init.zeros([rank, outputs]));
    this.magnitude = undefined;
    this.scale = scale;
  }

  /** `[inputs, outputs]`: what is added to the weight. */
  forward(): Tensor {
    return matmul(this.down.value, this.up.value).mul(this.scale);
  }
}

/**
 * LoRA on a model, from outside: made, it is attached. Several may stand on one model at once, beside its weights or merged into them.
 *
 * @example
 * const model = new Gpt2({ ...nanoGptShakespeare, layers: 1, rng });
 * const lora = new Lora(model, { targets: ["attention.project"], rank: 4, alpha: 8, rng: rng.fork("lora") });
 * lora.parameterCount; // 2048
 */
export class Lora extends Module implements Adapter {
  /** By path of the layer in the model. */
  readonly layers: ReadonlyMap<string, LoraLayer>;
  readonly #model: Pretrained;
  readonly #options: LoraOptions;
  readonly #targets: readonly TargetLayer<Table>[];
  readonly #whole: WholeModules;
  readonly #standings: readonly Standing[];
  #detach: readonly (() => void)[];
  #isReady: boolean;

  constructor(model: Pretrained, options: LoraOptions) {
    super();
    const { targets, rank, alpha, ranks = {}, alphas = {}, rankStabilized = false, rng, whole = [], bias = "none" } = options;
    this.#targets = targetTables(model, targets, { where: "Lora", whole });
    this.layers = new Map(
      this.#targets.map((target) => {
        const r = valueFor(ranks, target) ?? rank;
        const a = valueFor(alphas, target) ?? alpha;
        if (!Number.isInteger(r) || r < 1 || !Number.isFinite(a)) {
          throw new OptionError(`Lora: expected a whole rank ≥ 1 and a finite alpha, got ${r} and ${a} for ${target.path}.`);
        }
        const scale = a / (rankStabilized ? Math.sqrt(r) : r);
        return [target.path, new LoraLayer(target, { rank: r, scale, rng: rng.fork(target.path) })];
      }),
    );
    this.#model = model;
    this.#options = options;
    if (!loraBiases.includes(bias)) throw new OptionError(`Lora: expected bias to be ${loraBiases.join(", ")}, got ${String(bias)}.`);
    const targeted = new Set(this.#targets.map(({ path }) => `${path}.bias`));
    // By their names in transformers, as PEFT has it: T5's relative biases are weights of ours, and biases there.
    const isBias = (path: string): boolean => huggingFaceName(path, model.huggingFace).includes("bias");
    const also = { none: () => false, all: isBias, lora_only: (path: string) => targeted.has(path) }[bias];
    this.#whole = new WholeModules(model, whole, { where: "Lora", also });
    const { dora = false } = options;
    const table = this.#embedding;
    if (dora && table) throw new OptionError(`Lora: expected dense layers for DoRA, got the embedding ${table.path}. Leave it out.`);
    this.#isReady = !dora;
    this.#standings = this.#targets.map((target) => new Standing(target, { name: "Lora", adds: !dora, reads: dora }));
    this.#detach = this.#attach();
  }

  /**
   * DoRA needs the lengths of the model's columns, `whole` and `bias` the values from before, which `detach` gives back: made ready by
   * reading them. Until then neither the adapter nor the model with it can be used. Without these three there is nothing to await.
   */
  async ready(): Promise<this> {
    await this.#whole.remember();
    if (!this.#isReady) {
      for (const { path, layer } of this.#targets) {
        const { data, shape } = await layer.weight.read();
        const [inputs, outputs] = shape as readonly [number, number];
        const lengths = Float32Array.from({ length: outputs }, (_, column) => {
          let sum = 0;
          for (let row = 0; row < inputs; row++) sum += data[row * outputs + column]! ** 2;
          return Math.sqrt(sum);
        });
        this.layers.get(path)!.magnitude = new Parameter(hostTensor(lengths, [outputs]));
      }
      this.#isReady = true;
    }
    return this;
  }

  get options(): LoraOptions {
    return this.#options;
  }
  get model(): Pretrained {
    return this.#model;
  }
  /** Parameters of the model itself that are trained too, by path: of modules trained whole, and biases. */
  get whole(): ReadonlyMap<string, Parameter> {
    return this.#whole.parameters;
  }

  /** @throws OptionError before `ready` with `dora`, `whole` or `bias`: lengths of columns, or values from before, would be lost. */
  trained(): Parameter[] {
    this.#requireReady("trained");
    return [...this.parameters(), ...this.#whole.parameters.values()];
  }

  /** It is not called: the model's `forward` is. */
  forward(): never {
    throw new OptionError("Lora.forward: expected the model's forward to be called; the adapter works inside it.");
  }

  /** One of the embeddings it stands on. */
  get #embedding(): TargetLayer<Table> | undefined {
    return this.#targets.find(({ layer }) => layer instanceof Embedding);
  }

  #requireReady(method: string): void {
    this.#whole.requireReady(method);
    if (!this.#isReady) {
      throw new OptionError(`Lora.${method}: expected DoRA that has read the lengths of its columns, got none. Await ready() first.`);
    }
  }

  #attach(): (() => void)[] {
    const { dropout: rate = 0 } = this.#options;
    const watch = rate > 0 ? watchMode(this.#model) : undefined;
    const undo = this.#standings.map((standing) => {
      const { path, layer } = standing.target;
      const lora = this.layers.get(path)!;
      if (layer instanceof Embedding) {
        return wrapForward(layer, (forward, ids) => {
          this.#requireReady("forward");
          const base = forward(ids);
          if (standing.isMerged) return base;
          return base.add(matmul(gather(lora.down.value, ids, { axis: 0 }), lora.up.value).mul(lora.scale));
        });
      }
      return wrapForward(layer, (forward, x) => {
        this.#requireReady("forward");
        const base = forward(x);
        if (standing.isMerged) return base;
        const mode = watch?.mode();
        const input = mode?.training ? dropout(x, { rate, rng: mode.rng }) : x;
        const { down, up, scale, magnitude } = lora;
        const flat = input.reshape([-1, input.shape.at(-1)!]);
        const added = matmul(matmul(flat, down.value), up.value).mul(scale).reshape(base.shape);
        if (magnitude === undefined) return base.add(added);
        // The lengths are held fixed on the way back. Liu et al. 2024, section 4.3.
        const lengths = stopGradient(norm(layer.weight.value.add(lora.forward()), 0)); // [outputs]
        const share = magnitude.value.div(lengths);
        // The layer's own part is scaled of what the product saw: of the dropped input, as PEFT has it.
        const own = input === x ? base : forward(input);
        const unbiased = layer.bias ? own.sub(layer.bias.value) : own;
        return base.add(unbiased.mul(share.sub(1))).add(added.mul(share));
      });
    });
    return watch ? [...undo, watch.stop] : undo;
  }

  /**
   * The model as it was: weights from before a merge, whole modules and biases from before training.
   *
   * @throws OptionError before `ready` with `whole` or `bias`.
   */
  detach(): void {
    this.#whole.requireReady("detach");
    if (this.#standings.some(({ isMerged }) => isMerged)) this.unmerge();
    for (const undo of this.#detach) undo();
    for (const standing of this.#standings) standing.leave();
    this.#detach = [];
    this.#whole.restore();
  }

  /**
   * Writes what was learned into the model's weights: no work is left in its passes. Several may be merged at once.
   *
   * @throws OptionError where it would change what the model gives: inside of DoRA, or around an adapter that is not merged and does
   * not only add.
   */
  async merge(device: Device): Promise<void> {
    this.#requireReady("merge");
    const table = this.#embedding;
    if (table && this.#model.toConfig().tie_word_embeddings === true) {
      throw new OptionError(
        `Lora.merge: expected an embedding of its own, got ${table.path}, whose weights are the output layer's too: it would change. Leave the adapter beside it.`,
      );
    }
    if (this.#detach.length === 0) throw new OptionError("Lora.merge: expected an attached adapter, got one that is detached.");
    await mergeAll(this.#standings, {
      device,
      write: ({ path, layer }) => {
        const lora = this.layers.get(path)!;
        const sum = layer.weight.value.add(lora.forward());
        layer.weight.set(lora.magnitude ? sum.mul(lora.magnitude.value.div(norm(sum, 0))) : sum);
      },
    });
  }

  /** The weights from before the merge, bit for bit, with the adapter beside them again. The one merged last goes first. */
  unmerge(): void {
    unmergeAll(this.#standings);
  }
}
