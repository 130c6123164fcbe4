/** Text into tokens and back, as a Hugging Face `tokenizer.json` says: huggingface.co/docs/tokenizers, "The tokenization pipeline". */

import { DataError, OptionError } from "@dl/core";
import { type AddedToken, AddedTokenFinder, readAddedToken } from "./added-tokens.ts";
import { AlignedText } from "./aligned-text.ts";
import { type TokenDecoder, tokenDecoder } from "./decoders.ts";
import type { Encoding } from "./encoding.ts";
import { JsonFields, type JsonObject } from "./json-fields.ts";
import { type Normalizer, normalizer } from "./normalizers.ts";
import { type Padding, padEncodings, readPadding, writePadding } from "./padding.ts";
import { assemble, type PostProcessor, plainProcessor, postProcessor } from "./post-processors.ts";
import { type PreTokenizer, preTokenizer } from "./pre-tokenizers.ts";
import { readModel } from "./read-model.ts";
import { readTruncation, type Truncation, truncateTexts, type WholeText, writeTruncation } from "./truncation.ts";
import { toUtf16Offsets } from "./utf16-offsets.ts";
import type { TokenModel } from "./word-level.ts";

export interface EncodeOptions {
  /** The second text of a pair. */
  pair?: string | undefined;
  /** Puts around the texts what the model expects, such as `[CLS]` and `[SEP]`. Default `true`. */
  addSpecialTokens?: boolean | undefined;
  /** Cuts what is too long. Default: as the file says; `null` never. */
  truncation?: Truncation | null | undefined;
  /** Fills up what is too short. Default: as the file says; `null` never. */
  padding?: Padding | null | undefined;
  /** What offsets count: UTF-16 units, as `slice` does, or code points, as Python does. Default `"utf16"`. */
  offsetUnit?: "utf16" | "code-point" | undefined;
}

export type EncodeBatchOptions = Omit<EncodeOptions, "pair">;

export interface DecodeOptions {
  /** Leaves out special tokens. Default `true`. */
  skipSpecialTokens?: boolean | undefined;
}

export interface AddTokensOptions {
  /** Left out by `decode`. Default `false`. */
  special?: boolean | undefined;
}

/**
 * A tokenizer: BPE, WordPiece, Unigram or word-level, with everything around the model.
 *
 * @example no-run
 * const tokenizer = Tokenizer.fromJson(await (await fetch("tokenizer.json")).text());
 * const { ids, attentionMask } = tokenizer.encode("Hello world");
 * tokenizer.decode(ids); // "Hello world"
 */
export class Tokenizer {
  /** Truncation of every `encode` that does not say otherwise, `null` for none. */
  readonly truncation: Truncation | null;
  /** Padding of every `encode` that does not say otherwise, `null` for none. */
  readonly padding: Padding | null;
  readonly #json: JsonObject;
  readonly #model: TokenModel;
  readonly #normalizer: Normalizer;
  readonly #preTokenizer: PreTokenizer;
  readonly #postProcessor: PostProcessor;
  readonly #decoder: TokenDecoder | undefined;
  readonly #added: ReadonlyMap<string, AddedToken>;
  readonly #addedById: ReadonlyMap<number, AddedToken>;
  readonly #raw: AddedTokenFinder;
  readonly #normalized: AddedTokenFinder;

  private constructor(json: JsonObject) {
    const fields = new JsonFields(json, "tokenizer.json");
    const optional = <T, D>(name: string, read: (part: JsonFields) => T, otherwise: D): T | D =>
      fields.has(name) ? read(fields.fields(name)) : otherwise;
    this.#json = json;
    this.#model = readModel(fields.fields("model"));
    this.#normalizer = optional("normalizer", normalizer, (text: AlignedText) => text);
    this.#preTokenizer = optional("pre_tokenizer", preTokenizer, (pieces: readonly AlignedText[]) => [...pieces]);
    this.#postProcessor = optional("post_processor", postProcessor, plainProcessor);
    this.#decoder = optional("decoder", tokenDecoder, undefined);
    this.truncation = optional("truncation", readTruncation, null);
    this.padding = optional("padding", readPadding, null);
    const added = fields.has("added_tokens") ? fields.list("added_tokens").map(readAddedToken) : [];
    this.#added = new Map(added.map((token) => [token.content, token]));
    this.#addedById = new Map(added.map((token) => [token.id, token]));
    this.#raw = new AddedTokenFinder(new Map(added.filter(({ normalized }) => !normalized).map((token) => [token.content, token])));
    // What is looked for in normalized text has to be normalized itself.
    const inNormalized = added.filter(({ normalized }) => normalized);
    this.#normalized = new AddedTokenFinder(
      new Map(inNormalized.map((token) => [this.#normalizer(AlignedText.of(token.content)).toString(), token])),
    );
  }

  /**
   * Reads a `tokenizer.json`: its text, or what `JSON.parse` made of it.
   *
   * @throws DataError for a damaged file; UnsupportedError for a part of a kind that is not known.
   */
  static fromJson(file: string | object): Tokenizer {
    let json: unknown = file;
    if (typeof file === "string") {
      try {
        json = JSON.parse(file);
      } catch (error) {
        throw new DataError(`Tokenizer.fromJson: expected JSON, got: ${error instanceof Error ? error.message : String(error)}.`);
      }
    }
    return new Tokenizer(new JsonFields(json, "tokenizer.json").object);
  }

  /** The `tokenizer.json` of this tokenizer, which Hugging Face tokenizers read too. */
  toJson(): string {
    return JSON.stringify({ version: "1.0", ...this.#json }, null, 2);
  }

  /** A copy that truncates or pads on its own. What is not named stays as it is. */
  with({ truncation = this.truncation, padding = this.padding }: Pick<EncodeOptions, "truncation" | "padding">): Tokenizer {
    return new Tokenizer({
      ...this.#json,
      truncation: truncation === null ? null : writeTruncation(truncation),
      padding: padding === null ? null : writePadding(padding),
    });
  }

  /** A copy with further tokens, found in texts before the model sees them. Known ones keep their ids; new ones follow the last. */
  withTokens(contents: readonly string[], { special = false }: AddTokensOptions = {}): Tokenizer {
    const tokens = [...this.#added.values()].map(writeAddedToken);
    let next = this.vocabularySize;
    for (const content of contents) {
      if (content === "" || this.#added.has(content)) continue;
      const id = this.tokenToId(content) ?? next++;
      tokens.push(writeAddedToken({ id, content, special, singleWord: false, stripLeft: false, stripRight: false, normalized: !special }));
    }
    return new Tokenizer({ ...this.#json, added_tokens: tokens.sort((a, b) => a.id - b.id) });
  }

  /** One more than the largest id: the rows an embedding needs. */
  get vocabularySize(): number {
    let largest = -1;
    for (const id of this.#model.idToToken.keys()) if (id > largest) largest = id;
    for (const id of this.#addedById.keys()) if (id > largest) largest = id;
    return largest + 1;
  }

  /** Every token with its id, added ones included. */
  get vocabulary(): ReadonlyMap<string, number> {
    const all = new Map(this.#model.tokenToId);
    for (const { content, id } of this.#added.values()) all.set(content, id);
    return all;
  }

  /** The tokens found in texts before the model sees them. */
  get addedTokens(): readonly AddedToken[] {
    return [...this.#added.values()];
  }

  tokenToId(token: string): number | undefined {
    return this.#added.get(token)?.id ?? this.#model.tokenToId.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.#addedById.get(id)?.content ?? this.#model.idToToken.get(id);
  }

  /**
   * One text, or a pair.
   *
   * @example no-run
   * const { ids, typeIds } = tokenizer.encode("Who?", { pair: "Nobody." });
   */
  encode(text: string, options: EncodeOptions = {}): Encoding {
    const encoding = this.#encode(text, options);
    const { padding = this.padding } = options;
    return padding === null ? encoding : padEncodings([encoding], padding)[0]!;
  }

  /** Many texts, or pairs; padding brings them to one length. */
  encodeBatch(texts: readonly (string | readonly [string, string])[], options: EncodeBatchOptions = {}): Encoding[] {
    const encodings = texts.map((text) =>
      typeof text === "string" ? this.#encode(text, options) : this.#encode(text[0], { ...options, pair: text[1] }),
    );
    const { padding = this.padding } = options;
    return padding === null ? encodings : padEncodings(encodings, padding);
  }

  /** The text that `ids` write; ids without a token are left out. */
  decode(ids: Iterable<number>, { skipSpecialTokens = true }: DecodeOptions = {}): string {
    const tokens: string[] = [];
    for (const id of ids) {
      const token = this.idToToken(id);
      if (token === undefined || (skipSpecialTokens && this.#addedById.get(id)?.special === true)) continue;
      tokens.push(token);
    }
    return this.#decoder === undefined ? tokens.join(" ") : this.#decoder(tokens).join("");
  }

  #encode(
    text: string,
    { pair, addSpecialTokens = true, truncation = this.truncation, offsetUnit = "utf16" }: Omit<EncodeOptions, "padding">,
  ): Encoding {
    for (const given of [text, pair]) {
      if (given !== undefined && typeof given !== "string")
        throw new OptionError(`Tokenizer.encode: expected a string, got ${typeof given}.`);
    }
    const sources = pair === undefined ? [text] : [text, pair];
    const wholes = sources.map((source, sequence) => this.#encodeText(source, sequence));
    const added = addSpecialTokens ? this.#postProcessor.added(wholes.length as 1 | 2) : 0;
    const texts = truncation === null ? wholes.map(({ encoding }) => encoding) : truncateTexts(wholes, { added, truncation });
    const whole = assemble(this.#postProcessor, texts, { addSpecialTokens });
    return offsetUnit === "utf16" ? toUtf16Offsets(whole, sources) : whole;
  }

  #encodeText(source: string, sequence: number): WholeText {
    const ids: number[] = [];
    const tokens: string[] = [];
    const offsets: (readonly [number, number])[] = [];
    const wordIds: number[] = [];
    const addedWords = new Set<number>();
    let word = 0;
    const push = (id: number, token: string, offset: readonly [number, number]): void => {
      ids.push(id);
      tokens.push(token);
      offsets.push(offset);
      wordIds.push(word);
    };
    const pieces = this.#raw
      .split(AlignedText.of(source))
      .flatMap((piece) => (piece.added === undefined ? this.#normalized.split(this.#normalizer(piece.text)) : [piece]));
    for (const { text, added } of pieces) {
      if (added !== undefined) {
        push(added.id, text.toString(), [text.starts[0]!, text.ends.at(-1)!]);
        addedWords.add(word++);
        continue;
      }
      for (const { characters, starts, ends } of this.#preTokenizer([text])) {
        if (characters.length === 0) continue;
        for (const { id, token, start, end } of this.#model.tokenize(characters)) push(id, token, [starts[start]!, ends[end - 1]!]);
        word++;
      }
    }
    const encoding: Encoding = {
      ids,
      tokens,
      typeIds: ids.map(() => sequence),
      attentionMask: ids.map(() => 1),
      specialTokensMask: ids.map(() => 0),
      offsets,
      wordIds,
      sequenceIds: ids.map(() => sequence),
      overflowing: [],
    };
    return { encoding, addedWords };
  }
}

function writeAddedToken({ id, content, special, singleWord, stripLeft, stripRight, normalized }: AddedToken) {
  return { id, content, single_word: singleWord, lstrip: stripLeft, rstrip: stripRight, normalized, special };
}
