/** A network as words, `conv16 pool conv32 pool dense64`: what the page shows and edits, and the worker builds. */

import { OptionError } from "@dl/core";

export type LayerWord =
  | { readonly kind: "conv"; readonly filters: number }
  | { readonly kind: "norm" }
  | { readonly kind: "pool" }
  | { readonly kind: "dense"; readonly units: number }
  | { readonly kind: "drop"; readonly percent: number };

export const layerKinds = ["conv", "norm", "pool", "dense", "drop"] as const;

/** Beyond these a page would only stand still. */
const most = { layers: 16, filters: 256, units: 1024, percent: 90 } as const;

/** One layer and what comes out of it. */
export interface ShapedLayer {
  readonly word: LayerWord;
  /** `[height, width, channels]`, or `[units]` after the first dense layer. */
  readonly shape: readonly number[];
  readonly parameters: number;
}

export function formatLayers(words: readonly LayerWord[]): string {
  return words.map(formatWord).join(" ");
}

export function formatWord(word: LayerWord): string {
  switch (word.kind) {
    case "conv":
      return `conv${word.filters}`;
    case "dense":
      return `dense${word.units}`;
    case "drop":
      return `drop${word.percent}`;
    case "norm":
    case "pool":
      return word.kind;
    default:
      return word satisfies never;
  }
}

/** @throws OptionError with the word that makes no sense. */
export function parseLayers(text: string): LayerWord[] {
  const words = text
    .trim()
    .split(/[\s,→]+/)
    .filter((word) => word !== "");
  if (words.length > most.layers) throw new OptionError(`A network here has at most ${most.layers} layers, got ${words.length}.`);
  return words.map(parseWord);
}

function parseWord(word: string): LayerWord {
  const [, kind = "", digits = ""] = /^([a-z]+)(\d*)$/.exec(word.toLowerCase()) ?? [];
  const number = Number(digits);
  const within = (name: "filters" | "units" | "percent", least: number): number => {
    if (digits === "" || number < least || number > most[name]) {
      throw new OptionError(
        `"${word}": expected ${kind} with a number from ${least} to ${most[name]}, such as ${kind}${least === 1 ? 32 : 25}.`,
      );
    }
    return number;
  };
  if (kind === "conv") return { kind, filters: within("filters", 1) };
  if (kind === "dense") return { kind, units: within("units", 1) };
  if (kind === "drop") return { kind, percent: within("percent", 0) };
  if ((kind === "norm" || kind === "pool") && digits === "") return { kind };
  throw new OptionError(`"${word}": expected a layer: conv32, norm, pool, dense64 or drop25.`);
}

/**
 * The layers with their shapes and parameters, the last one being the classes.
 *
 * @throws OptionError for layers that do not follow on each other.
 */
export function shapeLayers(
  words: readonly LayerWord[],
  { image, classes }: { image: readonly [number, number, number]; classes: number },
): ShapedLayer[] {
  let shape: readonly number[] = image;
  const layers = words.map((word): ShapedLayer => {
    const isFlat = shape.length === 1;
    const inputs = shape.at(-1)!;
    let parameters = 0;
    if (isFlat && (word.kind === "conv" || word.kind === "pool")) {
      throw new OptionError(`"${formatWord(word)}" comes after a dense layer, where there is no picture any more. Put it before.`);
    }
    if (word.kind === "conv") {
      parameters = 9 * inputs * word.filters + word.filters;
      shape = [shape[0]!, shape[1]!, word.filters];
    } else if (word.kind === "norm") parameters = 2 * inputs;
    else if (word.kind === "pool") {
      if (Math.min(shape[0]!, shape[1]!) < 2)
        throw new OptionError(`There are too many pools: the picture is down to ${shape[0]} × ${shape[1]} already.`);
      shape = [Math.floor(shape[0]! / 2), Math.floor(shape[1]! / 2), inputs];
    } else if (word.kind === "dense") {
      const size = shape.reduce((product, length) => product * length, 1);
      parameters = size * word.units + word.units;
      shape = [word.units];
    }
    return { word, shape, parameters };
  });
  const size = shape.reduce((product, length) => product * length, 1);
  return [...layers, { word: { kind: "dense", units: classes }, shape: [classes], parameters: size * classes + classes }];
}
