/** Masks over a model's parameters, attached from outside: the model computes with parameter · mask, and keeps the parameter. */

import {
  customGradient,
  type Device,
  DtypeError,
  formatShape,
  type HostTensor,
  hostTensor,
  OptionError,
  ShapeError,
  sameShape,
  type Tensor,
} from "@dl/core";
import { Buffer, Module, type Parameter } from "@dl/nn";
import { transformWeights, type WeightTransform } from "../layers/transform-weights.ts";

/** 1 for what stays and 0 for what goes, by the parameter's path, each of its parameter's shape. */
export type Masks = ReadonlyMap<string, HostTensor>;

/**
 * Made, they are attached. Gradients of what is masked are zero, so an optimizer moves the rest alone.
 *
 * @example
 * using model = new Linear({ inputs: 4, outputs: 2, rng });
 * const masks = new PruningMasks(model, new Map([["weight", hostTensor(Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0), [4, 2])]]));
 * masks.sparsity; // 0.5
 * masks.detach();
 */
export class PruningMasks extends Module {
  /** By path of the parameter in the model. */
  readonly masks: ReadonlyMap<string, Buffer>;
  readonly #model: Module;
  readonly #parameters: ReadonlyMap<string, Parameter>;
  #counts: ReadonlyMap<string, { readonly size: number; readonly kept: number }> = new Map();
  #detach: (() => void)[];

  /**
   * @param options.scores  What is learned in the place of the weights under a mask: gets the gradient of the mask, straight through the
   * choice that made it. By path as the masks. Default none.
   * @throws OptionError, ShapeError, DtypeError for masks that do not fit the model.
   */
  constructor(model: Module, masks: Masks, { scores }: { scores?: ReadonlyMap<string, Parameter> } = {}) {
    super();
    if (masks.size === 0) throw new OptionError("PruningMasks: expected at least one mask, got none.");
    this.#model = model;
    const known = model.namedParameters();
    this.#parameters = new Map([...masks.keys()].map((path) => [path, known.get(path) ?? unknown(path, model)]));
    this.#check(masks);
    this.masks = new Map([...masks].map(([path, mask]) => [path, new Buffer(mask)]));
    this.#count(masks);
    this.#detach = this.#attach(scores);
  }

  /** Share of the masked parameters' values that are masked. */
  get sparsity(): number {
    let [size, kept] = [0, 0];
    for (const count of this.#counts.values()) {
      size += count.size;
      kept += count.kept;
    }
    return 1 - kept / size;
  }

  /** The same, by the parameter's path. */
  get sparsities(): ReadonlyMap<string, number> {
    return new Map([...this.#counts].map(([path, { size, kept }]) => [path, 1 - kept / size]));
  }

  /** Replaces all masks, outside `compute`. */
  set(masks: Masks): void {
    for (const path of this.masks.keys()) {
      if (!masks.has(path)) throw new OptionError(`PruningMasks.set: expected a mask for each of its parameters, got none for ${path}.`);
    }
    for (const path of masks.keys()) {
      if (!this.masks.has(path)) throw new OptionError(`PruningMasks.set: expected masks of its own parameters, got one for ${path}.`);
    }
    this.#check(masks);
    for (const [path, mask] of masks) this.masks.get(path)!.load(mask);
    this.#count(masks);
  }

  /** The present masks, as host data. */
  async read(): Promise<Map<string, HostTensor>> {
    const masks = new Map<string, HostTensor>();
    for (const [path, mask] of this.masks) masks.set(path, await mask.read());
    return masks;
  }

  /** Takes the masks away; the model's parameters are as they were, and as training left them. */
  detach(): void {
    for (const undo of this.#detach) undo();
    this.#detach = [];
  }

  /** Writes the zeros into the model's parameters, and takes the masks away: nothing is left in its passes. */
  async makePermanent(device: Device): Promise<void> {
    if (this.#detach.length === 0) throw new OptionError("PruningMasks.makePermanent: expected attached masks, got detached ones.");
    await device.compute(() => {
      // Adding 0 makes a 0 of the −0 that a negative weight leaves.
      for (const [path, parameter] of this.#parameters) parameter.set(parameter.value.mul(this.masks.get(path)!.value).add(0));
    });
    this.detach();
  }

  /** It is not called: the model's `forward` is. */
  forward(): never {
    throw new OptionError("PruningMasks.forward: expected the model's forward to be called; the masks work inside it.");
  }

  #attach(scores: ReadonlyMap<string, Parameter> | undefined): (() => void)[] {
    const owners = ownersOf(this.#model, new Set(this.#parameters.values()));
    const paths = new Map([...this.#parameters].map(([path, parameter]) => [parameter, path]));
    return [...owners].map(([module, parameters]) => {
      const transforms = parameters.map((parameter): [Parameter, WeightTransform] => {
        const path = paths.get(parameter)!;
        const mask = this.masks.get(path)!;
        const score = scores?.get(path);
        return [
          parameter,
          score === undefined ? (value) => value.mul(mask.value) : (value) => chosenBy(score, { value, mask: mask.value }),
        ];
      });
      return transformWeights(module, new Map(transforms));
    });
  }

  #check(masks: Masks): void {
    for (const [path, { shape, data, dtype }] of masks) {
      const parameter = this.#parameters.get(path)!;
      if (!dtype.startsWith("float"))
        throw new DtypeError(`PruningMasks: ${path}: expected a mask of float32, got ${dtype}. Give 1 and 0 in a Float32Array.`);
      if (!sameShape(shape, parameter.shape)) {
        throw new ShapeError(`PruningMasks: ${path}: expected a mask of shape ${formatShape(parameter.shape)}, got ${formatShape(shape)}.`);
      }
      if (!data.every((value) => value === 0 || value === 1)) {
        throw new OptionError(`PruningMasks: ${path}: expected a mask of zeros and ones, got other values.`);
      }
    }
  }

  #count(masks: Masks): void {
    this.#counts = new Map(
      [...masks].map(([path, { data }]) => {
        let kept = 0;
        for (let i = 0; i < data.length; i++) kept += data[i]!;
        return [path, { size: data.length, kept }];
      }),
    );
  }
}

/** Weight · mask; the score gets the gradient the mask would get. Sanh et al. 2020, equation 3. */
function chosenBy(score: Parameter, { value, mask }: { value: Tensor; mask: Tensor }): Tensor {
  return customGradient([value, score.value], {
    forward: () => value.mul(mask),
    backward: (gradient) => [gradient.mul(mask), gradient.mul(value)],
  });
}

/** The modules in whose own fields `parameters` stand. */
function ownersOf(model: Module, parameters: ReadonlySet<Parameter>): Map<Module, Parameter[]> {
  const owners = new Map<Module, Parameter[]>();
  for (const module of model.modules.values()) {
    const below = new Set([...module.children.values()].flatMap((child) => child.parameters()));
    const own = module.parameters().filter((parameter) => parameters.has(parameter) && !below.has(parameter));
    if (own.length > 0) owners.set(module, own);
  }
  return owners;
}

function unknown(path: string, model: Module): never {
  throw new OptionError(
    `PruningMasks: expected paths of parameters of ${model.constructor.name}, got ${JSON.stringify(path)}. See model.namedParameters().`,
  );
}

/** A mask that keeps everything. */
export function fullMask({ shape, size }: Parameter): HostTensor {
  return hostTensor(new Float32Array(size).fill(1), shape);
}
