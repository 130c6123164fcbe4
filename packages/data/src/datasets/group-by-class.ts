/** Which examples each class has. */

/** The examples of each class that occurs, classes in ascending order. */
export function groupByClass(labels: Int32Array): number[][] {
  const classes = new Map<number, number[]>();
  for (const [index, label] of labels.entries()) {
    const members = classes.get(label);
    if (members === undefined) classes.set(label, [index]);
    else members.push(index);
  }
  return [...classes.entries()].sort(([a], [b]) => a - b).map(([, members]) => members);
}
