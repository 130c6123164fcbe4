/** Generation held to a pattern: tokens that cannot lead to a text that fits get −∞. Willard and Louf 2023, arXiv:2307.09702. */

import { OptionError } from "@dl/core";
import type { Pattern, PatternState } from "./pattern.ts";

/** What one text is held to, while it is written. */
export interface ConstraintState {
  /** Forbids what does not fit; false when nothing may come and no end is known. */
  allow(scores: Float32Array, endIds: readonly number[]): boolean;
  take(id: number): void;
  /** Whether the text so far may be the whole text. */
  isWhole(): boolean;
  /** The same place in a text that goes on in another way: beam search tries several. */
  copy(): ConstraintState;
}

export interface TokenConstraint {
  /** At the start of a text. */
  begin(): ConstraintState;
}

export interface PatternConstraintOptions {
  /**
   * What each token writes, by id: `tokenTexts(tokenizer)`. Those that write nothing, such as special ones, are never chosen, nor are
   * those that hold only a part of a character (`\ufffd`).
   */
  tokens: readonly string[];
  /**
   * What each writes as the first of a text, where nothing stands before: `tokenTexts(tokenizer, { place: "first" })`, for models that
   * answer, such as T5. Default `tokens`.
   */
  firstTokens?: readonly string[] | undefined;
}

/**
 * Holds texts to a regular expression; `jsonPattern` makes one of a JSON schema.
 *
 * @example
 * const constraint = patternConstraint(new Pattern("[0-9]{1,3}"), { tokens: ["a", "1", "23", "x4"] });
 */
export function patternConstraint(pattern: Pattern, { tokens, firstTokens }: PatternConstraintOptions): TokenConstraint {
  if (tokens.length === 0) throw new OptionError("patternConstraint: expected what each token writes, got none.");
  // Tokens that begin alike are read once: a tree of characters.
  const root = treeOf(tokens);
  const allowedAt = remembered((state: PatternState) => allowedTokens(root, state, { pattern, count: tokens.length }));
  const first = firstTokens && allowedTokens(treeOf(firstTokens), pattern.start, { pattern, count: firstTokens.length });
  const at = (state: PatternState, isFirst: boolean): ConstraintState => {
    let now = state;
    let atFirst = isFirst;
    const allowedNow = (): Uint8Array => (atFirst && first ? first : allowedAt(now));
    return {
      allow(scores, endIds) {
        const allowed = allowedNow();
        const mayEnd = pattern.accepts(now);
        let any = false;
        for (let id = 0; id < scores.length; id++) {
          if (allowed[id] === 1 || (mayEnd && endIds.includes(id))) any = true;
          else scores[id] = Number.NEGATIVE_INFINITY;
        }
        if (!any && !mayEnd) {
          throw new OptionError(
            `patternConstraint: expected a token that goes on towards ${pattern.source}, got none: the vocabulary cannot write it.`,
          );
        }
        return any;
      },
      take(id) {
        const written = (atFirst && firstTokens ? firstTokens : tokens)[id];
        now = allowedNow()[id] === 1 ? pattern.read(now, written!) : [];
        atFirst = false;
      },
      isWhole: () => pattern.accepts(now),
      copy: () => at(now, atFirst),
    };
  };
  return { begin: () => at(pattern.start, true) };
}

// The same few states come again and again; a long pattern has thousands, of a byte a token each.
const statesRemembered = 128;

/** What `compute` gave for the last states asked for. */
function remembered(compute: (state: PatternState) => Uint8Array): (state: PatternState) => Uint8Array {
  const known = new Map<string, Uint8Array>(); // the one asked for last comes last
  return (state) => {
    const key = state.join();
    const value = known.get(key) ?? compute(state);
    known.delete(key);
    known.set(key, value);
    if (known.size > statesRemembered) known.delete(known.keys().next().value!);
    return value;
  };
}

interface TokenTree {
  readonly next: Map<number, TokenTree>;
  /** Tokens that end here. */
  readonly ids: number[];
}

function treeOf(tokens: readonly string[]): TokenTree {
  const root: TokenTree = { next: new Map(), ids: [] };
  for (const [id, token] of tokens.entries()) {
    if (token === "" || token.includes("\ufffd")) continue;
    let node = root;
    for (const character of token) {
      const code = character.codePointAt(0)!;
      let next = node.next.get(code);
      if (next === undefined) {
        next = { next: new Map(), ids: [] };
        node.next.set(code, next);
      }
      node = next;
    }
    node.ids.push(id);
  }
  return root;
}

/** 1 at the tokens that fit from `state` on, `[count]`. */
function allowedTokens(root: TokenTree, state: PatternState, { pattern, count }: { pattern: Pattern; count: number }): Uint8Array {
  const allowed = new Uint8Array(count);
  const walk = (node: TokenTree, at: PatternState): void => {
    for (const id of node.ids) allowed[id] = 1;
    for (const [code, next] of node.next) {
      const after = pattern.step(at, code);
      if (after.length > 0) walk(next, after);
    }
  };
  walk(root, state);
  return allowed;
}
