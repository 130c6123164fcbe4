/** What a gradient leaves behind on its way forward: nodes on tensors, and the leaves that stand for cells. */

import type { Cell } from "./cell.ts";
import type { Tensor } from "./tensor.ts";

/** How one tensor came to be. */
export interface GraphNode {
  /** Grows along execution: sorting by it is a topological order. */
  readonly order: number;
  readonly inputs: readonly Tensor[];
  /** Gradients of the inputs from the gradient of the output; null where none flows or `needed` is false. */
  readonly vjp: (gradient: Tensor, needed: readonly boolean[]) => readonly (Tensor | null)[];
}

/** One open `valueAndGrad`: the tensors that stand for the cells it differentiates by. */
export interface Recording {
  readonly leaves: Map<Cell, Tensor>;
}

const recordings: Recording[] = [];
let paused = false;
let watched: Set<Tensor> | null = null;
let clock = 0;

/** Whether operations on tensors with a node leave nodes themselves. */
export function isRecording(): boolean {
  return recordings.length > 0 && !paused;
}

/** Whether the result of an operation on `tensors` would be differentiated. */
export function isRecorded(...tensors: readonly Tensor[]): boolean {
  return isRecording() && tensors.some((tensor) => tensor.node !== null);
}

export function pushRecording(recording: Recording): void {
  recordings.push(recording);
}

export function popRecording(): void {
  recordings.pop();
}

/** The tensor that stands for `cell` in the innermost recording that differentiates by it. */
export function leafOf(cell: Cell): Tensor | undefined {
  for (let i = recordings.length - 1; i >= 0; i--) {
    const leaf = recordings[i]!.leaves.get(cell);
    if (leaf) return leaf;
  }
  return undefined;
}

/** The leaves of all open recordings as one, for work that is done again after they have closed. */
export function captureRecording(): Recording {
  return { leaves: new Map(recordings.flatMap(({ leaves }) => [...leaves])) };
}

/** A node without inputs: what a variable carries. */
export function leafNode(): GraphNode {
  return { order: clock++, inputs: [], vjp: () => [] };
}

/** Runs `work` without leaving nodes; `onInput` collects the differentiated tensors it used. */
export function withoutRecording<T>(work: () => T, onInput: Set<Tensor> | null = null): T {
  const before = { paused, watched };
  paused = true;
  watched = onInput;
  try {
    return work();
  } finally {
    ({ paused, watched } = before);
  }
}

/** Leaves a node on `y` with one way back per input; a way back runs only if its input needs it. */
export function differentiable(y: Tensor, inputs: readonly Tensor[], waysBack: readonly ((gradient: Tensor) => Tensor | null)[]): Tensor {
  return differentiableJointly(y, inputs, (gradient, needed) => waysBack.map((back, i) => (needed[i] ? back(gradient) : null)));
}

/** Leaves a node on `y` whose gradients are computed together. */
export function differentiableJointly(y: Tensor, inputs: readonly Tensor[], vjp: GraphNode["vjp"]): Tensor {
  if (recordings.length === 0) return y;
  let found = false;
  for (const input of inputs) {
    if (input.node) {
      found = true;
      if (watched) watched.add(input);
    }
  }
  if (found && !paused) y.node = { order: clock++, inputs, vjp };
  return y;
}
