/** The module: a class whose fields are its parameters and children, and whose `forward` says what it computes. */

import { Cell, OptionError } from "@dl/core";
import { instrumentForward } from "./forward.ts";
import { Buffer, Parameter } from "./parameter.ts";

/**
 * Extend it, keep parameters, buffers and children in public fields (arrays, plain objects and maps of them count too),
 * and write `forward`. Names are paths of fields: `stem.conv.weight`, `blocks.0.norm.bias`.
 *
 * @example
 * class Head extends Module {
 *   readonly norm: LayerNorm;
 *   readonly project: Linear;
 *   constructor({ size, classes, rng }: { size: number; classes: number; rng: Rng }) {
 *     super();
 *     this.norm = new LayerNorm({ size });
 *     this.project = new Linear({ inputs: size, outputs: classes, rng: rng.fork("project") });
 *   }
 *   forward(x: Tensor): Tensor {
 *     return this.project.forward(this.norm.forward(x));
 *   }
 * }
 */
export abstract class Module implements Disposable {
  constructor() {
    instrumentForward(this);
  }

  abstract forward(...inputs: never[]): unknown;

  /** Modules in the fields of this one, by the path of the field. */
  get children(): ReadonlyMap<string, Module> {
    return walk(this, { enter: false }).modules;
  }

  /** This module (as "") and all below it, by path; one that stands in two places has the first. */
  get modules(): ReadonlyMap<string, Module> {
    return new Map<string, Module>([["", this], ...walk(this, { enter: true }).modules]);
  }

  /** Every cell, by path: what a checkpoint saves. One that stands in two places is there once, under the first. */
  state(): ReadonlyMap<string, Cell> {
    return walk(this, { enter: true }).cells;
  }

  /** What training changes, in the order of the fields; shared ones once. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  namedParameters(): ReadonlyMap<string, Parameter> {
    return new Map([...this.state()].filter((entry): entry is [string, Parameter] => entry[1] instanceof Parameter));
  }

  /** What is kept and not trained, by path. */
  get buffers(): ReadonlyMap<string, Buffer> {
    return new Map([...this.state()].filter((entry): entry is [string, Buffer] => entry[1] instanceof Buffer));
  }

  /** Number of trained values; shared ones count once. */
  get parameterCount(): number {
    return this.parameters().reduce((count, parameter) => count + parameter.size, 0);
  }

  /** Frees every parameter and buffer. */
  [Symbol.dispose](): void {
    for (const cell of this.state().values()) cell[Symbol.dispose]();
  }
}

/** Cells and modules in the fields of `root`, in the order the fields were set; `enter` goes on into the modules found. */
function walk(root: Module, { enter }: { enter: boolean }): { cells: Map<string, Cell>; modules: Map<string, Module> } {
  const cells = new Map<string, Cell>();
  const modules = new Map<string, Module>();
  // Also ends the walk where modules refer to each other in a circle.
  const seen = new Set<unknown>([root]);

  const visit = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    if (value instanceof Cell) {
      // Keys of maps may hold dots, or be numbers beside the same as text: the second would take the first one's place.
      if (cells.has(path)) {
        throw new OptionError(
          `${root.constructor.name}: expected a path for each parameter, got ${path} for two. Give the keys of a map other names.`,
        );
      }
      cells.set(path, value);
    } else if (value instanceof Module) {
      modules.set(path, value);
      if (enter) visitFields(value, `${path}.`);
    } else if (isContainer(value)) {
      visitFields(value, `${path}.`);
    }
    seen.add(value);
  };
  const visitFields = (holder: object, prefix: string): void => {
    seen.add(holder);
    const fields = holder instanceof Map ? holder : Object.entries(holder);
    for (const [key, value] of fields) visit(value, `${prefix}${String(key)}`);
  };

  visitFields(root, "");
  return { cells, modules };
}

/** What people keep modules in. Instances of other classes are values of their own, not part of the tree. */
function isContainer(value: object): boolean {
  if (Array.isArray(value) || value instanceof Map) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
