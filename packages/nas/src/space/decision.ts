/** One decision of a search: what may be chosen, and how a number stands for it. */

import { OptionError, type Rng } from "@dl/core";

/** What may be decided. A decision is always a number: the index of a choice, a whole number, or a real one. */
export type Domain =
  | { readonly kind: "choice"; readonly count: number; readonly labels: readonly string[] }
  | { readonly kind: "integer"; readonly low: number; readonly high: number; readonly log: boolean }
  | { readonly kind: "float"; readonly low: number; readonly high: number; readonly log: boolean };

/** A decision that a space may ask for, by its path, such as `blocks.0.width`. */
export interface Decision {
  readonly path: string;
  readonly domain: Domain;
}

/** Answers a space that is being expressed. */
export type Decide = (path: string, domain: Domain) => number;

/** Numbers in the domain; `Infinity` for real ones. */
export function domainSize(domain: Domain): number {
  if (domain.kind === "choice") return domain.count;
  if (domain.kind === "integer") return domain.high - domain.low + 1;
  return domain.low === domain.high ? 1 : Infinity;
}

export function isInDomain(domain: Domain, value: number): boolean {
  if (domain.kind === "choice") return Number.isInteger(value) && value >= 0 && value < domain.count;
  const inside = value >= domain.low && value <= domain.high;
  return domain.kind === "integer" ? inside && Number.isInteger(value) : inside;
}

/** The place of a number in its domain, from 0 to 1; on a logarithmic scale where the domain has one. */
export function toUnit(domain: Domain, value: number): number {
  if (domain.kind === "choice") return domain.count === 1 ? 0 : value / (domain.count - 1);
  if (domain.low === domain.high) return 0;
  // Each whole number owns an equal share of the scale, so that drawing places and rounding favours none.
  const [low, high] = domain.kind === "integer" ? [domain.low - 0.5, domain.high + 0.5] : [domain.low, domain.high];
  const scale = scaleOf(domain);
  return (scale(value) - scale(low)) / (scale(high) - scale(low));
}

/** The number at a place from 0 to 1. */
export function fromUnit(domain: Domain, place: number): number {
  if (domain.kind === "choice") return Math.min(domain.count - 1, Math.max(0, Math.round(place * (domain.count - 1))));
  if (domain.low === domain.high) return domain.low;
  const [low, high] = domain.kind === "integer" ? [domain.low - 0.5, domain.high + 0.5] : [domain.low, domain.high];
  const value = domain.log ? Math.exp(Math.log(low) + place * (Math.log(high) - Math.log(low))) : low + place * (high - low);
  const whole = domain.kind === "integer" ? Math.round(value) : value;
  return Math.min(domain.high, Math.max(domain.low, whole));
}

const scaleOf = ({ log }: { readonly log: boolean }): ((value: number) => number) => (log ? Math.log : (value) => value);

/** A number of the domain: choices alike, ranges even on their scale. */
export function draw(domain: Domain, rng: Rng): number {
  return domain.kind === "choice" ? rng.integer(0, domain.count) : fromUnit(domain, rng.float());
}

/** Another number of the domain: any other choice, or a step of about a fifth of the range. The same where there is only one. */
export function redraw(domain: Domain, value: number, rng: Rng): number {
  if (domainSize(domain) === 1) return value;
  if (domain.kind === "choice") {
    const other = rng.integer(0, domain.count - 1);
    return other >= value ? other + 1 : other;
  }
  for (;;) {
    const step = rng.normal([1], 0, 0.2).data[0]!;
    const place = toUnit(domain, value) + step;
    // Reflected at the ends: clamping would pile mutants up there.
    const inside = place < 0 ? -place : place > 1 ? 2 - place : place;
    const other = fromUnit(domain, Math.min(1, Math.max(0, inside)));
    if (other !== value) return other;
  }
}

/** The numbers next to one: every other choice, the whole numbers beside it, or a twentieth of a real range to either side. */
export function besides(domain: Domain, value: number): number[] {
  if (domain.kind === "choice") return Array.from({ length: domain.count }, (_, i) => i).filter((i) => i !== value);
  if (domain.kind === "integer") return [value - 1, value + 1].filter((other) => isInDomain(domain, other));
  const place = toUnit(domain, value);
  return [place - 0.05, place + 0.05].filter((other) => other >= 0 && other <= 1).map((other) => fromUnit(domain, other));
}

/** Numbers in order, made when they are asked for: a range of whole numbers may hold a thousand million. */
export interface Numbers {
  readonly length: number;
  at(index: number): number;
}

/**
 * All numbers of a domain, in order; of a real range `points`, evenly on its scale.
 *
 * @throws OptionError when they cannot be counted.
 */
export function numbersOf(domain: Domain, path: string, { points }: { points: number | undefined }): Numbers {
  if (domain.kind === "float" && domain.low < domain.high) {
    if (points === undefined) {
      throw new OptionError(
        `enumerate: expected decisions that can be counted, got a range of real numbers at ${path}. Give a number of points, or use choice([...]) there.`,
      );
    }
    return { length: points, at: (i) => fromUnit(domain, points === 1 ? 0.5 : i / (points - 1)) };
  }
  const first = domain.kind === "choice" ? 0 : domain.low;
  return { length: domainSize(domain), at: (i) => first + i };
}
