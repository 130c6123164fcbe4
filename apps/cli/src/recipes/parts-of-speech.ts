/** What an encoder knows of grammar without having been told: a linear probe for parts of speech. Tenney et al. 2019, arXiv:1905.06316. */

import { type Device, gather, type HostTensor, hostTensor, type Rng, type Tensor, tensor } from "@dl/core";
import { arrayDataset, type Tokenizer } from "@dl/data";
import type { TaggedSentence } from "@dl/data/node";
import { inference } from "@dl/nn";
import { type BidirectionalEncoder, padTokens } from "@dl/transformer";
import { type Features, probeAccuracy, trainProbe } from "./linear-probe.ts";
import { wordEncoder } from "./word-tokens.ts";

/** Brown's tags by their beginnings, the first that fits: 85 tags as eleven parts of speech. */
const beginnings: readonly (readonly [string, RegExp])[] = [
  ["punctuation", /^[^a-z]|^$/],
  ["number", /^(cd|od)/],
  ["noun", /^n/],
  ["pronoun", /^(pp|pn|wp)/],
  ["verb", /^(v|be|do|hv|md)/],
  ["adjective", /^j/],
  ["adverb", /^(r|wrb|ql|wql|\*)/],
  ["determiner", /^(a[bptb]|at|dt|wdt|ap)/],
  ["preposition", /^(in|to)/],
  ["conjunction", /^c[cs]/],
  ["other", /^/],
];

export const partsOfSpeech: readonly string[] = beginnings.map(([name]) => name);

/** The place of a Brown tag in `partsOfSpeech`. */
export function partOfSpeech(tag: string): number {
  // fw-… is foreign, …-hl stands in a headline: the rest says what it is.
  const bare = tag.toLowerCase().replace(/^fw-/, "");
  return beginnings.findIndex(([, pattern]) => pattern.test(bare));
}

export interface ProbeWork {
  device: Device;
  signal: AbortSignal;
  tokenizer: Tokenizer;
}

/** The encoder's vectors of the first token of every word, one set of features a layer; layer 0 are the embeddings. */
export async function wordFeatures(
  encoder: BidirectionalEncoder,
  sentences: readonly TaggedSentence[],
  { device, signal, tokenizer }: ProbeWork,
): Promise<Features[]> {
  const { context, size, layers } = encoder.options;
  const encode = wordEncoder(tokenizer, { context });
  const parts: Float32Array[][] = Array.from({ length: layers + 1 }, () => []);
  const labels: number[] = [];
  // Of similar length, so that little is padding.
  const rows = sentences.map(({ tokens, tags }) => ({ ...encode(tokens), tags })).sort((a, b) => a.ids.length - b.ids.length);
  for (let start = 0; start < rows.length; start += 32) {
    signal.throwIfAborted();
    const chosen = rows.slice(start, start + 32);
    const { ids, mask } = padTokens(chosen, { padId: encoder.options.padId });
    const time = ids.shape[1]!;
    const places = chosen.flatMap(({ starts }, row) => starts.map((at) => row * time + at));
    for (const { starts, tags } of chosen) labels.push(...starts.map((_, word) => partOfSpeech(tags[word]!)));
    const vectors = (await device.compute(() => {
      const hiddenStates: Tensor[] = [];
      encoder.forward({ ids: tensor(ids), mask: tensor(mask) }, inference, { trace: { hiddenStates } });
      const chosen = tensor(hostTensor(Int32Array.from(places), [places.length]));
      return hiddenStates.map((hidden) => gather(hidden.reshape([-1, size]), chosen, { axis: 0 }));
    })) as HostTensor[];
    for (const [layer, { data }] of vectors.entries()) parts[layer]!.push(data as Float32Array);
  }
  return parts.map((layer) => {
    const data = new Float32Array(labels.length * size);
    let at = 0;
    for (const part of layer) {
      data.set(part, at);
      at += part.length;
    }
    const columns = { features: hostTensor(data, [labels.length, size]), labels: hostTensor(Int32Array.from(labels), [labels.length]) };
    return arrayDataset(columns, { classNames: partsOfSpeech });
  });
}

export interface ProbeOptions extends ProbeWork {
  train: readonly TaggedSentence[];
  test: readonly TaggedSentence[];
  rng: Rng;
}

/** The accuracy of a probe on each layer, embeddings first. */
export async function probeLayers(encoder: BidirectionalEncoder, { train, test, rng, ...work }: ProbeOptions): Promise<number[]> {
  const seen = await wordFeatures(encoder, train, work);
  const held = await wordFeatures(encoder, test, work);
  const accuracies: number[] = [];
  for (const [layer, features] of seen.entries()) {
    using probe = await trainProbe(features, { ...work, classes: partsOfSpeech.length, epochs: 10, rng: rng.fork(`layer ${layer}`) });
    accuracies.push(await probeAccuracy(probe, held[layer]!, work));
  }
  return accuracies;
}
