/** What sets BERT, RoBERTa and DistilBERT apart: names, configurations, heads. The encoder is the same. */

import { UnsupportedError } from "@dl/core";
import type { ActivationName } from "../activation.ts";
import type { EncoderPreset } from "../models/encoder-options.ts";
import type { JsonObject, ModelConfig } from "./config.ts";
import type { HuggingFaceNames, NameTable, SharedCopy } from "./pretrained.ts";

export interface EncoderFamily {
  /** `model_type` in configurations. */
  readonly type: string;
  /** What the names of transformers' classes begin with. */
  readonly className: string;
  /** What names of the encoder's tensors begin with, where a head stands beside it. Default `type`. */
  readonly prefix?: string;
  /** Of the bare encoder. */
  readonly table: NameTable;
  /** Of heads; paths from the model with the head. */
  readonly heads: Readonly<Record<"sequence" | "token" | "span" | "masked", NameTable>>;
  /** What the sequence head reads: the vector of the first token, or the mean of all that are not padding. */
  readonly sequencePooling: "first" | "mean";
  /** Between the two layers of the sequence head. */
  readonly sequenceActivation: "tanh" | "relu";
  /** Of the masked-token head. */
  readonly maskedActivation: (options: Required<EncoderPreset>) => ActivationName;
  /** The configuration's key of the dropout rate of heads. */
  readonly headDropoutKey: string;
  /** That of the head of spans. Default: it drops nothing. */
  readonly spanDropoutKey?: string;
  readOptions(config: ModelConfig): Required<EncoderPreset>;
  writeOptions(options: Required<EncoderPreset>): JsonObject;
}

/** The family of a configuration. */
export function familyOf(config: ModelConfig, families: readonly EncoderFamily[]): EncoderFamily {
  const type = config.choice("model_type", { known: families.map((family) => family.type) });
  const family = families.find((candidate) => candidate.type === type);
  if (family === undefined) throw new UnsupportedError(`${config.file}: expected an encoder, got ${type}.`);
  return family;
}

// The last layer of the masked-token head, which shares the embedding's weights, and its bias under a second name.
const maskedCopies: readonly SharedCopy[] = [
  { name: /^((cls\.predictions|lm_head)\.decoder|vocab_projector)\.weight$/, path: "encoder.tokens.weight" },
  { name: /^(cls\.predictions|lm_head)\.decoder\.bias$/, path: "bias" },
];
// Buffers of old versions; the pooler where nothing asks for it.
const buffers = [/position_ids$/];
const withoutHead = [...buffers, ...maskedCopies.map(({ name }) => name)];
const pooler = /(^|\.)pooler\./;
// Which sentence follows: BERT's other task of pretraining, beside the masked-token head in its files.
const besideMasked = [...buffers, /^cls\.seq_relationship\./];
const aliases = [
  [/\.gamma$/, ".weight"],
  [/\.beta$/, ".bias"],
] as const;

/** Names of an encoder with a head that stands beside it in the field `encoder`. */
export function namesWithHead(family: EncoderFamily, head: NameTable): HuggingFaceNames {
  const { prefix = family.type } = family;
  const below = Object.entries(family.table).map(([ours, theirs]) => [`encoder.${ours}`, `${prefix}.${theirs}`]);
  const poolerIsUsed = Object.values(head).some((name) => name.includes("pooler"));
  const isMasked = head === family.heads.masked;
  const ignored = isMasked ? besideMasked : withoutHead;
  return {
    table: { ...(Object.fromEntries(below) as NameTable), ...head },
    prefix,
    head: Object.keys(head),
    ...(isMasked && { copies: maskedCopies }),
    ignored: poolerIsUsed ? ignored : [...ignored, pooler],
    aliases,
  };
}

/** Names of the bare encoder, in files of it alone or below a head; its pooler is left out. */
export function bareNames(family: EncoderFamily): HuggingFaceNames {
  const { prefix = family.type } = family;
  return { table: family.table, prefix, ignored: [...withoutHead, pooler], aliases };
}
