/** Runs a forward pass in which one layer's output is replaced. */

import { OptionError, Tensor } from "@dl/core";
import { type Module, wrapForward } from "@dl/nn";

/** The module at a path such as `conv2`, or the module itself. */
export function layerOf(where: string, model: Module, layer: string | Module): Module {
  const paths = [...model.modules];
  const found = typeof layer === "string" ? model.modules.get(layer) : paths.find(([, module]) => module === layer)?.[1];
  if (found !== undefined) return found;
  const known = paths.map(([path]) => path).filter((path) => path !== "");
  throw new OptionError(
    `${where}: expected a layer of the model (${known.join(", ")}), got ${typeof layer === "string" ? `"${layer}"` : "another module"}.`,
  );
}

/** `work`, in which the output of `layer` passes through `replace`. Throws unless the layer runs exactly once, with one tensor out. */
export function withLayerOutput<T>(
  where: string,
  { layer, replace }: { readonly layer: Module; readonly replace: (output: Tensor) => Tensor },
  work: () => T,
): T {
  let runs = 0;
  const undo = wrapForward<Module>(layer, (forward, ...inputs) => {
    const output: unknown = forward(...inputs);
    if (!(output instanceof Tensor))
      throw new OptionError(`${where}: expected a layer with one tensor as its output, got ${typeof output}.`);
    runs++;
    return replace(output) as never;
  });
  try {
    const result = work();
    if (runs !== 1) throw new OptionError(`${where}: expected the layer to run once in a forward pass, got ${runs} times. Choose another.`);
    return result;
  } finally {
    undo();
  }
}
