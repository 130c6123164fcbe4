/** Sums of products named by letters. Einstein 1916; the notation of numpy.einsum. */

import { OptionError, ShapeError } from "../errors.ts";
import { formatShape, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mul } from "./arithmetic.ts";
import { broadcastTo } from "./broadcast.ts";
import { range } from "./creation.ts";
import { gather } from "./gather.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

/** A tensor whose axes have letters. */
interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * `einsum("bhtd,bhsd->bhts", [q, k])`: letters that are not in the result are summed over; a letter twice in one input is its
 * diagonal; `...` stands for leading axes that broadcast. Without `->`, the letters that occur once, in alphabetical order.
 */
export function einsum(equation: string, inputs: readonly Tensor[]): Tensor {
  const { terms, result } = parse(equation, inputs);
  let operands = inputs.map((x, i) => diagonal({ x, labels: terms[i]! }));
  const sizes = sizesOf(equation, operands);

  while (operands.length > 1) {
    const [left, right, ...rest] = operands as [Labelled, Labelled, ...Labelled[]];
    const needed = new Set([...result, ...rest.flatMap(({ labels }) => labels)]);
    operands = [contract(left, right, { needed, sizes }), ...rest];
  }
  const [only] = operands as [Labelled];
  const summed = sumOver(only, (label) => !result.includes(label));
  const present = result.filter((label) => summed.labels.includes(label));
  const ordered = transpose(
    summed.x,
    present.map((label) => summed.labels.indexOf(label)),
  );
  return broadcastTo(
    ordered,
    result.map((label) => sizes.get(label)!),
  );
}

function parse(equation: string, inputs: readonly Tensor[]): { terms: string[][]; result: string[] } {
  const [left, right, ...more] = equation.replaceAll(" ", "").split("->");
  const parts = left!.split(",");
  const valid = more.length === 0 && [...parts, right ?? ""].every((part) => /^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(part));
  if (!valid || parts.length !== inputs.length) {
    throw new OptionError(`einsum: expected an equation such as "ij,jk->ik" with ${inputs.length} inputs, got "${equation}".`);
  }
  const ranks = parts.map((part, i) => (part.includes("...") ? inputs[i]!.rank - part.replace("...", "").length : 0));
  const leading = Math.max(0, ...ranks);
  // Axes under the dots get digits, counted so that they align at the right.
  const expand = (part: string, count: number): string[] => {
    const dots = Array.from({ length: Math.max(0, count) }, (_, i) => String(leading - count + i));
    const [before, after] = part.split("...");
    return part.includes("...") ? [...before!, ...dots, ...after!] : [...part];
  };
  const terms = parts.map((part, i) => expand(part, ranks[i]!));
  terms.forEach((labels, i) => {
    if (labels.length !== inputs[i]!.rank) {
      throw new ShapeError(`einsum: expected ${labels.length} axes for "${parts[i]}", got ${formatShape(inputs[i]!.shape)}.`);
    }
  });
  const all = terms.flat();
  const implicit = (): string[] =>
    [...new Set(all)].filter((label) => /\d/.test(label) || all.filter((other) => other === label).length === 1).sort();
  const result = right === undefined ? implicit() : expand(right, leading);
  if (result.some((label) => !all.includes(label)) || new Set(result).size !== result.length) {
    throw new OptionError(`einsum: expected each letter of the result once, and in an input, got "${equation}".`);
  }
  return { terms, result };
}

/** A letter that stands twice in one input: its diagonal, by one gather along the two axes taken as one. */
function diagonal({ x, labels }: Labelled): Labelled {
  const twice = labels.findIndex((label, i) => labels.indexOf(label) !== i);
  if (twice < 0) return { x, labels };
  const first = labels.indexOf(labels[twice]!);
  const size = x.shape[first]!;
  if (x.shape[twice] !== size)
    throw new ShapeError(`einsum: expected equal sizes for the repeated letter ${labels[twice]}, got ${formatShape(x.shape)}.`);
  const rest = labels.map((_, i) => i).filter((i) => i !== first && i !== twice);
  const moved = reshape(transpose(x, [first, twice, ...rest]), [size * size, ...rest.map((i) => x.shape[i]!)]);
  const picked = gather(moved, range(size * size, { step: size + 1 }), { axis: 0 });
  return diagonal({ x: picked, labels: [labels[first]!, ...rest.map((i) => labels[i]!)] });
}

function sizesOf(equation: string, operands: readonly Labelled[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { x, labels } of operands) {
    labels.forEach((label, axis) => {
      const size = x.shape[axis]!;
      const before = sizes.get(label) ?? size;
      const stretches = /\d/.test(label) && (size === 1 || before === 1);
      if (before !== size && !stretches)
        throw new ShapeError(`einsum "${equation}": expected one size for ${label}, got ${before} and ${size}.`);
      sizes.set(label, before === 1 ? size : before);
    });
  }
  return sizes;
}

function sumOver({ x, labels }: Labelled, gone: (label: string) => boolean): Labelled {
  const axes = labels.map((_, axis) => axis).filter((axis) => gone(labels[axis]!));
  return axes.length === 0 ? { x, labels } : { x: sum(x, axes), labels: labels.filter((label) => !gone(label)) };
}

/** Two inputs become one: shared letters nobody needs are contracted by one batched matrix product. */
function contract(
  a: Labelled,
  b: Labelled,
  { needed, sizes }: { needed: ReadonlySet<string>; sizes: ReadonlyMap<string, number> },
): Labelled {
  const left = sumOver(a, (label) => !needed.has(label) && !b.labels.includes(label));
  const right = sumOver(b, (label) => !needed.has(label) && !a.labels.includes(label));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => needed.has(label));
  const inner = shared.filter((label) => !needed.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const shapeOf = (labels: readonly string[]): Shape => labels.map((label) => sizes.get(label)!);
  const arrange = ({ x, labels }: Labelled, order: readonly string[]): Tensor => {
    const moved = transpose(
      x,
      order.map((label) => labels.indexOf(label)),
    );
    return broadcastTo(moved, shapeOf(order));
  };
  const product = [...batch, ...rows, ...columns];
  if (inner.length === 0 && (rows.length === 0 || columns.length === 0)) {
    // Nothing to contract: one side stretches along the axes that only the other has.
    const x = reshape(arrange(left, [...batch, ...rows]), [...shapeOf(batch), ...shapeOf(rows), ...columns.map(() => 1)]);
    const y = reshape(arrange(right, [...batch, ...columns]), [...shapeOf(batch), ...rows.map(() => 1), ...shapeOf(columns)]);
    return { x: mul(x, y), labels: product };
  }
  const [batches, m, k, n] = [batch, rows, inner, columns].map((labels) => sizeOf(shapeOf(labels))) as [number, number, number, number];
  const x = reshape(arrange(left, [...batch, ...rows, ...inner]), [batches, m, k]);
  const y = reshape(arrange(right, [...batch, ...inner, ...columns]), [batches, k, n]);
  return { x: reshape(matmul(x, y), shapeOf(product)), labels: product };
}
