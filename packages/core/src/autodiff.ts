/**
 * Reverse-mode differentiation.
 *
 * Operations on tensors that a gradient is asked for leave a node: their inputs, and how a gradient of the output becomes
 * gradients of the inputs. Those ways back are written in operations themselves, so a gradient can be differentiated again.
 */

import { backward } from "./backward.ts";
import { Cell } from "./cell.ts";
import { isFloat } from "./dtype.ts";
import { DtypeError, OptionError, ScopeError, ShapeError } from "./errors.ts";
import { onesLike, zeros, zerosLike } from "./ops/creation.ts";
import { isRecording, leafNode, popRecording, pushRecording, type Recording } from "./recording.ts";
import { currentDevice, currentScope, handOver, type Scope, visitTensors, withScope } from "./scope.ts";
import { formatShape, sameShape } from "./shape.ts";
import { type Scalar, Tensor } from "./tensor.ts";

/** What can be differentiated by: a cell (such as a parameter), or a tensor at hand. */
export type Variable = Cell | Tensor;

/** Gradients by the variable they belong to. */
export type Gradients<V extends Variable = Variable> = ReadonlyMap<V, Tensor>;

/**
 * The value of `work` and the gradients of its loss by `variables`, each of its variable's shape.
 *
 * `work` returns the scalar loss, or an object whose `loss` is differentiated and whose other entries ride along.
 * Variables the loss does not depend on get zeros. Inside another `valueAndGrad`, the gradients can be differentiated again.
 *
 * @throws ShapeError when the loss is not a scalar, DtypeError when it is no float.
 * @example
 * const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(images, mode), labels), model.parameters());
 */
export function valueAndGrad<T extends Scalar | { readonly loss: Scalar }, V extends Variable>(
  work: () => T,
  variables: readonly V[],
): { value: T; grads: Gradients<V> } {
  return record("valueAndGrad", work, { variables }, (value, differentiate) => {
    const loss: unknown = value instanceof Tensor ? value : value?.loss;
    if (!(loss instanceof Tensor)) {
      if ((value as unknown) instanceof Promise) {
        throw new ScopeError(
          "valueAndGrad: expected a synchronous function, got one that returns a promise. Await outside, compute inside.",
        );
      }
      throw new OptionError("valueAndGrad: expected work to return a scalar tensor, or an object with one under `loss`, got neither.");
    }
    if (loss.rank !== 0) {
      throw new ShapeError(`valueAndGrad: expected a scalar loss, got shape ${formatShape(loss.shape)}. Reduce it with .mean() or .sum().`);
    }
    if (!isFloat(loss.dtype)) {
      throw new DtypeError(`valueAndGrad: expected a float loss, got ${loss.dtype}: whole numbers have no slope.`);
    }
    if (loss.node === null && loss.owner !== currentScope("valueAndGrad")) {
      throw new OptionError(
        "valueAndGrad: expected work to compute the loss, got one computed before. Call forward and the loss inside: valueAndGrad(() => loss(model.forward(x)), …).",
      );
    }
    return { value, grads: differentiate(loss, onesLike(loss)) };
  });
}

/** The gradients alone, in the order of `variables`. */
export function grad(work: () => Scalar, variables: readonly Variable[]): Tensor[] {
  const { grads } = valueAndGrad(work, variables);
  return variables.map((variable) => grads.get(variable)!);
}

/** The output of `work`, of any shape, and by each variable the product of `cotangent(output)`, of that shape, with its Jacobian. */
export function vjp<V extends Variable>(
  work: () => Tensor,
  variables: readonly V[],
  { cotangent }: { cotangent: (output: Tensor) => Tensor },
): { value: Tensor; grads: Gradients<V> } {
  return record("vjp", work, { variables }, (value, differentiate) => {
    const seed = cotangent(value);
    if (!sameShape(seed.shape, value.shape)) {
      throw new ShapeError(`vjp: expected a cotangent of the output's shape ${formatShape(value.shape)}, got ${formatShape(seed.shape)}.`);
    }
    return { value, grads: differentiate(value, seed) };
  });
}

/**
 * The output of `work` and the product of its Jacobian with `tangents`, one per variable.
 *
 * Forward mode out of two reverse passes: u ↦ Jᵀu is linear in u, and the gradient of ⟨Jᵀu, t⟩ by u is J·t.
 */
export function jvp(
  work: () => Tensor,
  variables: readonly Variable[],
  { tangents }: { tangents: readonly Tensor[] },
): { value: Tensor; tangent: Tensor } {
  if (tangents.length !== variables.length) {
    throw new OptionError(`jvp: expected one tangent per variable (${variables.length}), got ${tangents.length}.`);
  }
  for (const [i, { shape }] of tangents.entries()) {
    if (sameShape(shape, variables[i]!.shape)) continue;
    throw new ShapeError(
      `jvp: expected tangent ${i} to have its variable's shape ${formatShape(variables[i]!.shape)}, got ${formatShape(shape)}.`,
    );
  }
  let probe: Tensor | undefined;
  const pullBack = (): { value: Tensor; product: Tensor } => {
    const { value, grads } = vjp(work, variables, {
      cotangent: (output) => {
        probe = zerosLike(output);
        probe.node = leafNode();
        return probe;
      },
    });
    const products = variables.map((variable, i): Tensor => grads.get(variable)!.mul(tangents[i]!).sum());
    return { value, product: products.reduce((total, product) => total.add(product), zeros([])) };
  };
  return record("jvp", pullBack, { variables: [] }, ({ value, product }) => {
    const [tangent] = backward(product, onesLike(product), { targets: [probe!] });
    return { value, tangent: tangent! };
  });
}

type Differentiate<V extends Variable> = (output: Tensor, seed: Tensor) => Gradients<V>;

/** Runs `work` with nodes for `variables`, then `after` without; frees what neither returns, unless an outer gradient needs it. */
function record<T, V extends Variable, R>(
  label: string,
  work: () => T,
  { variables }: { variables: readonly V[] },
  after: (value: T, differentiate: Differentiate<V>) => R,
): R {
  const nested = isRecording();
  const leave = (result: R, scope: Scope): R => {
    if (nested) for (const tensor of scope.owned) handOver(tensor, scope);
    else visitTensors(result, (tensor) => handOver(tensor, scope));
    return result;
  };
  return withScope(
    { label, device: currentDevice(label) },
    () => {
      let returned: T | undefined;
      const borrowed: Tensor[] = [];
      const recording: Recording = { leaves: new Map(), replayed: false };
      checkVariables(label, variables);
      const targets = variables.map((variable) => leaf(variable, recording, borrowed));
      const differentiate: Differentiate<V> = (output, seed) => {
        const gradients = backward(output, seed, nested ? { targets } : { targets, release: releaser(returned, targets) });
        return new Map(variables.map((variable, i) => [variable, gradients[i]!]));
      };
      try {
        pushRecording(recording);
        try {
          returned = work();
        } finally {
          popRecording();
        }
        return after(returned, differentiate);
      } finally {
        for (const tensor of borrowed) tensor.node = null;
      }
    },
    leave,
  );
}

/** Frees a tensor made in the current scope, unless it is in `returned` or among `targets`. */
function releaser(returned: unknown, targets: readonly Tensor[]): (tensor: Tensor) => void {
  const home = currentScope("valueAndGrad");
  const kept = new Set(targets);
  visitTensors(returned, (tensor) => kept.add(tensor));
  return (tensor) => {
    if (tensor.owner === home && !kept.has(tensor)) tensor.free("the backward pass");
  };
}

function checkVariables(where: string, variables: readonly Variable[]): void {
  const wrong = Array.isArray(variables) ? variables.findIndex((item) => !(item instanceof Cell || item instanceof Tensor)) : 0;
  if (wrong === -1) return;
  const got = Array.isArray(variables) ? `${typeof variables[wrong]} at ${wrong}` : typeof variables;
  throw new OptionError(
    `${where}: expected an array of parameters, cells or tensors to differentiate by, got ${got}. Write model.parameters() or [x].`,
  );
}

/** The tensor that stands for `variable`, carrying a node; `borrowed` collects those that must lose it again. */
function leaf(variable: Variable, recording: Recording, borrowed: Tensor[]): Tensor {
  if (!isFloat(variable.dtype)) {
    throw new DtypeError(
      `valueAndGrad: expected float variables, got ${variable.dtype} ${formatShape(variable.shape)}. Differentiate by what it was made of.`,
    );
  }
  if (variable instanceof Cell) {
    const tensor = recording.leaves.get(variable) ?? variable.value;
    tensor.node ??= leafNode();
    recording.leaves.set(variable, tensor);
    return tensor;
  }
  if (!variable.node) {
    variable.node = leafNode();
    borrowed.push(variable);
  }
  return variable;
}
