/** Scopes own tensors: what is made inside is freed at the end, except what is returned. */

import type { BackendDevice } from "./backend.ts";
import { ScopeError } from "./errors.ts";
import { isRecording } from "./recording.ts";
import { Tensor } from "./tensor.ts";

/** One open scope: the device its kernels run on, and the tensors it will free. */
export interface Scope {
  readonly label: string;
  readonly device: BackendDevice;
  readonly outer: Scope | null;
  readonly owned: Tensor[];
}

let current: Scope | null = null;

/** The scope that new tensors belong to; throws outside of any. */
export function currentScope(where: string): Scope {
  if (!current) throw new ScopeError(`${where}: expected an open scope, got none. Wrap the work in device.compute(() => …).`);
  return current;
}

/** The device that kernels run on now. */
export function currentDevice(where: string): BackendDevice {
  return currentScope(where).device;
}

/** Calls `visit` on every tensor in arrays, maps and plain objects, to any depth. Other class instances are left alone. */
export function visitTensors(tree: unknown, visit: (tensor: Tensor) => void): void {
  if (tree instanceof Tensor) visit(tree);
  else if (Array.isArray(tree)) for (const item of tree) visitTensors(item, visit);
  else if (tree instanceof Map) for (const item of tree.values()) visitTensors(item, visit);
  else if (isPlainObject(tree)) for (const item of Object.values(tree)) visitTensors(item, visit);
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Runs `work` in a new scope; `leave` sees its result before the scope's tensors are freed. */
export function withScope<T, R>(
  { label, device }: { label: string; device: BackendDevice },
  work: () => T,
  leave: (result: T, scope: Scope) => R,
): R {
  const outer = current;
  const scope: Scope = { label, device, outer, owned: [] };
  current = scope;
  try {
    const result = work();
    if (result instanceof Promise) {
      result.catch(() => {}); // Its rejection would only repeat the error below.
      throw new ScopeError(`${label}: expected a synchronous function, got one that returns a promise. Await outside, compute inside.`);
    }
    return leave(result, scope);
  } finally {
    current = outer;
    for (const tensor of scope.owned) if (tensor.owner === scope) tensor.free(label);
  }
}

/** Gives a tensor that `from` owns to the scope outside it. */
export function handOver(tensor: Tensor, from: Scope): void {
  if (tensor.owner !== from || !from.outer) return;
  tensor.owner = from.outer;
  from.outer.owned.push(tensor);
}

/**
 * Frees what `work` made as soon as it is done, except the tensors in what it returns.
 * While a gradient is recorded, tensors on the way back are kept.
 */
export function scope<T>(work: () => T): T {
  return withScope({ label: "scope", device: currentDevice("scope") }, work, (result, inner) => {
    if (isRecording()) for (const tensor of inner.owned) handOver(tensor, inner);
    else visitTensors(result, (tensor) => handOver(tensor, inner));
    return result;
  });
}
