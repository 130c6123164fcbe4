/** The way back through the graph: from the gradient of an output to the gradients of chosen tensors. */

import { add } from "./ops/arithmetic.ts";
import { zerosLike } from "./ops/creation.ts";
import { isRecording } from "./recording.ts";
import { currentDevice, handOver, withScope } from "./scope.ts";
import { shareStorage, type Tensor } from "./tensor.ts";

export interface BackwardOptions {
  readonly targets: readonly Tensor[];
  /** Called with each tensor on the way once nothing needs it any more. */
  readonly release?: (tensor: Tensor) => void;
}

/** The gradient of `output`, weighted by `seed` of its shape, by each of `targets`; zeros where no path leads. */
export function backward(output: Tensor, seed: Tensor, { targets, release }: BackwardOptions): Tensor[] {
  const stops = new Set(targets);
  const path = pathBetween(output, stops);
  const gradients = new Map<Tensor, Tensor>([[output, shareStorage(seed, seed.shape)]]);
  // While an outer gradient records, everything stays; else a gradient is freed as soon as it has been passed on.
  const keep = isRecording();
  if (keep) gradients.set(output, seed);

  for (const tensor of [...path].reverse()) {
    const gradient = gradients.get(tensor);
    if (!gradient || stops.has(tensor)) continue;
    const { inputs } = tensor.node!;
    const needed = inputs.map((input) => path.has(input));
    const parts = keep ? tensor.node!.vjp(gradient, needed) : ownedParts(tensor, gradient, needed);
    for (let i = 0; i < inputs.length; i++) {
      const part = parts[i];
      if (!part || !needed[i]) continue;
      const before = gradients.get(inputs[i]!);
      gradients.set(inputs[i]!, before ? add(before, part) : part);
      if (before && !keep) {
        before.free("backward");
        part.free("backward");
      }
    }
    if (keep) continue;
    gradients.delete(tensor);
    gradient.free("backward");
    release?.(tensor);
  }
  return targets.map((target) => gradients.get(target) ?? zerosLike(target));
}

/** The tensors on paths from `output` to `stops`, in the order they were made. */
function pathBetween(output: Tensor, stops: ReadonlySet<Tensor>): Set<Tensor> {
  const reached = new Set<Tensor>([output]);
  // A set grows while it is walked: this is a breadth-first search.
  for (const tensor of reached) {
    if (!tensor.node || stops.has(tensor)) continue;
    for (const input of tensor.node.inputs) if (input.node) reached.add(input);
  }
  const path = new Set<Tensor>();
  for (const tensor of [...reached].filter(({ node }) => node).sort((a, b) => a.node!.order - b.node!.order)) {
    if (stops.has(tensor) || tensor.node!.inputs.some((input) => path.has(input))) path.add(tensor);
  }
  return path;
}

/** The gradients of the inputs, each a tensor of its own; what was made on the way is freed. */
function ownedParts(tensor: Tensor, gradient: Tensor, needed: readonly boolean[]): (Tensor | null)[] {
  const fresh = new Set<Tensor>();
  const parts = withScope(
    { label: "backward", device: currentDevice("backward") },
    () => tensor.node!.vjp(gradient, needed),
    (result, inner) => {
      for (const part of result) {
        if (part?.owner !== inner) continue;
        fresh.add(part);
        handOver(part, inner);
      }
      return result;
    },
  );
  // A part may be the gradient itself, or appear twice: then it shares the storage under a name of its own.
  return parts.map((part) => part && (fresh.delete(part) ? part : shareStorage(part, part.shape)));
}
