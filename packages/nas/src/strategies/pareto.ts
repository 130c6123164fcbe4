/** Order among candidates with several objectives: who beats whom, in fronts, and how lonely each is. Deb et al. 2002, "NSGA-II". */

/** At least as good in all, better in one. Scores are maximised. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((score, i) => score >= b[i]!) && a.some((score, i) => score > b[i]!);
}

/** Indices in fronts: nobody in the first is dominated, nobody in the second but by the first, and so on. */
export function paretoFronts(scores: readonly (readonly number[])[]): number[][] {
  const fronts: number[][] = [];
  let rest = scores.map((_, i) => i);
  while (rest.length > 0) {
    const front = rest.filter((i) => !rest.some((j) => dominates(scores[j]!, scores[i]!)));
    fronts.push(front);
    const taken = new Set(front);
    rest = rest.filter((i) => !taken.has(i));
  }
  return fronts;
}

/** For each of a front, the perimeter of the box its neighbours leave it, in units of the front's extent; `Infinity` at the ends. */
export function crowdingDistances(front: readonly (readonly number[])[]): number[] {
  const distances = front.map(() => 0);
  for (let objective = 0; objective < (front[0]?.length ?? 0); objective++) {
    const order = front.map((_, i) => i).sort((a, b) => front[a]![objective]! - front[b]![objective]!);
    const at = (place: number): number => front[order[place]!]![objective]!;
    const extent = at(order.length - 1) - at(0);
    distances[order[0]!] = Number.POSITIVE_INFINITY;
    distances[order.at(-1)!] = Number.POSITIVE_INFINITY;
    if (extent === 0) continue;
    for (let place = 1; place < order.length - 1; place++) distances[order[place]!]! += (at(place + 1) - at(place - 1)) / extent;
  }
  return distances;
}
