/** Layers of other sizes than they were made with: the one place where fields that are read-only for all others are written. */

import { type Cell, OptionError } from "@dl/core";
import type { Conv2d, Module } from "@dl/nn";

/** Puts `cell` in the place of a layer's parameter or buffer; the function that is returned puts the old one back, and frees the new one. */
export function replaceCell(layer: Module, field: string, cell: Cell): () => void {
  const fields = layer as unknown as Record<string, Cell | undefined>;
  if (!Object.hasOwn(fields, field)) {
    throw new OptionError(`replaceCell: expected ${layer.constructor.name} to have a field ${field}, got none.`);
  }
  const before = fields[field];
  fields[field] = cell;
  return () => {
    fields[field] = before;
    cell[Symbol.dispose]();
  };
}

/** A depthwise convolution of another number of channels. */
export function setGroups(layer: Conv2d, groups: number): () => void {
  const own = layer as { options: Conv2d["options"] };
  const before = own.options;
  own.options = { ...before, groups };
  return () => {
    own.options = before;
  };
}
