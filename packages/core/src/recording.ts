/** What a gradient leaves behind on its way forward: nodes on tensors, and the leaves that stand for cells. */

import type { Cell } from "./cell.ts";
import { ScopeError } from "./errors.ts";
import { formatShape } from "./shape.ts";
import type { Storage } from "./storage.ts";
import type { Tensor } from "./tensor.ts";

/** How one tensor came to be. */
export interface GraphNode {
  /** Grows along execution: sorting by it is a topological order. */
  readonly order: number;
  readonly inputs: readonly Tensor[];
  /** Gradients of the inputs from the gradient of the output; null where none flows or `needed` is false. */
  readonly vjp: (gradient: Tensor, needed: readonly boolean[]) => readonly (Tensor | null)[];
}

/** One open `valueAndGrad`, or one run of recomputed work: the tensors that stand for cells. */
export interface Recording {
  readonly leaves: Map<Cell, Tensor>;
  /** Recomputed work: cells stand where they stood the first time, and what it writes is seen by itself alone. */
  readonly replayed: boolean;
}

/** What work used that was there before it: differentiated tensors, and the values of cells that no leaf stands for. */
export interface Watch {
  readonly since: number;
  readonly inputs: Set<Tensor>;
  readonly cells: Map<Cell, Storage>;
}

const recordings: Recording[] = [];
/** So many recordings, from the outermost, do not record now. */
let paused = 0;
let watch: Watch | null = null;
let clock = 0;

/** Whether operations on tensors with a node leave nodes themselves. */
export function isRecording(): boolean {
  return recordings.length > paused;
}

/** Whether the result of an operation on these tensors would be differentiated. */
export function isRecorded(a: Tensor, b?: Tensor, c?: Tensor, d?: Tensor): boolean {
  return recordings.length > paused && (a.node ?? b?.node ?? c?.node ?? d?.node ?? null) !== null;
}

export function pushRecording(recording: Recording): void {
  recordings.push(recording);
}

export function popRecording(): void {
  recordings.pop();
}

/** The tensor that stands for `cell` in the innermost recording that knows it. */
export function leafOf(cell: Cell): Tensor | undefined {
  for (let i = recordings.length - 1; i >= 0; i--) {
    const leaf = recordings[i]!.leaves.get(cell);
    if (leaf) return leaf;
  }
  return undefined;
}

/** Notes that watched work read `cell`; the first value is the one it must find when it runs again. */
export function noteRead(cell: Cell, storage: Storage): void {
  if (watch && !watch.cells.has(cell)) watch.cells.set(cell, storage.retain());
}

/**
 * Whether a write to `cell` ends in recomputed work, which moved the cell when it first ran.
 *
 * @throws ScopeError while a gradient by the cell is recorded: the leaf would no longer be its value.
 */
export function interceptsWrite(cell: Cell, value: Tensor | null): boolean {
  for (let i = recordings.length - 1; i >= 0; i--) {
    const { leaves, replayed } = recordings[i]!;
    if (replayed && value) {
      leaves.set(cell, value);
      return true;
    }
    if (leaves.has(cell)) {
      throw new ScopeError(
        `Cell ${formatShape(cell.shape)}: expected no write while a gradient by it is recorded, got one. Write after valueAndGrad has returned.`,
      );
    }
  }
  return false;
}

/** The leaves of all open recordings as one, for work that is done again after they have closed. */
export function captureRecording(): Recording {
  return { leaves: new Map(recordings.flatMap(({ leaves }) => [...leaves])), replayed: true };
}

/** A node without inputs: what a variable carries. */
export function leafNode(): GraphNode {
  return { order: clock++, inputs: [], vjp: () => [] };
}

/** Runs `work` without leaving nodes for the gradients recorded now; those that `work` itself asks for are recorded. */
export function withoutRecording<T>(work: () => T): T {
  const before = paused;
  paused = recordings.length;
  try {
    return work();
  } finally {
    paused = before;
  }
}

/** The same, and what `work` used that was there before. The caller releases the storages of the cells. */
export function watched<T>(work: () => T): { result: T; used: Watch } {
  const outer = watch;
  const used: Watch = { since: clock, inputs: new Set(), cells: new Map() };
  watch = used;
  try {
    return { result: withoutRecording(work), used };
  } catch (error) {
    for (const storage of used.cells.values()) storage.release();
    throw error;
  } finally {
    watch = outer;
  }
}

/** Leaves a node on `y` with one way back per input; a way back runs only if its input needs it. */
export function differentiable(y: Tensor, inputs: readonly Tensor[], waysBack: readonly ((gradient: Tensor) => Tensor | null)[]): Tensor {
  if (recordings.length === 0 || !meetsNode(inputs)) return y;
  y.node = { order: clock++, inputs, vjp: (gradient, needed) => waysBack.map((back, i) => (needed[i] ? back(gradient) : null)) };
  return y;
}

/** Leaves a node on `y` whose gradients are computed together. */
export function differentiableJointly(y: Tensor, inputs: readonly Tensor[], vjp: GraphNode["vjp"]): Tensor {
  if (recordings.length === 0 || !meetsNode(inputs)) return y;
  y.node = { order: clock++, inputs, vjp };
  return y;
}

/** Whether any input carries a node and is recorded now; notes those that watched work uses. */
function meetsNode(inputs: readonly Tensor[]): boolean {
  let found = false;
  for (const input of inputs) {
    if (!input.node) continue;
    found = true;
    if (watch && input.node.order < watch.since) watch.inputs.add(input);
  }
  return found && recordings.length > paused;
}
