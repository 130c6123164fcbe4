/** How often an example came before in a pass: what tells its copies apart where an order repeats it. */

/** For each place of `order`, how often its example of `length` stands before it; nothing where each comes once. */
export function occurrencesIn(order: Int32Array, { length }: { length: number }): Int32Array | undefined {
  const seen = new Int32Array(length);
  const occurrences = order.map((index) => seen[index]!++);
  return occurrences.some((before) => before > 0) ? occurrences : undefined;
}

/** Those of the examples `kept`, which are `indices` without the damaged ones. */
export function occurrencesOfKept(
  kept: Int32Array,
  { indices, occurrences }: { indices: Int32Array; occurrences: Int32Array | undefined },
): Int32Array | undefined {
  if (occurrences === undefined || kept.length === indices.length) return occurrences;
  let place = -1;
  return kept.map((index) => {
    place = indices.indexOf(index, place + 1);
    return occurrences[place]!;
  });
}
