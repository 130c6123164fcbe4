/** A dialogue to learn from: its tokens, and as labels those that the assistant says. Ouyang et al. 2022, arXiv:2203.02155, section 3.4: demonstrations. */

import { DataError } from "@dl/core";
import type { Tokenizer } from "@dl/data";
import { ignoredLabel } from "../losses.ts";
import type { ChatMessage, ChatTemplate } from "./chat-template.ts";

export interface DialogueTokensOptions {
  template: ChatTemplate;
  tokenizer: Tokenizer;
  /** Whose turns are learned, from what they say to their ends. Default the assistant's. */
  roles?: readonly string[];
  /** What the template asks for beside the turns. Default nothing. */
  variables?: Readonly<Record<string, unknown>>;
}

/** One dialogue, for `padTokens` and `padLabels`. */
export interface DialogueTokens {
  readonly ids: readonly number[];
  /** As many: the id where a learned turn says it, −100 elsewhere. For `causalLoss`, which shifts them itself. */
  readonly labels: readonly number[];
}

/**
 * @throws DataError for a dialogue in which nobody says anything to learn, or a template that writes a turn in another way once others follow.
 * @example no-run
 * const { ids, labels } = dialogueTokens([{ role: "user", content: "Hi" }, { role: "assistant", content: "Hello." }], { template, tokenizer });
 * const batch = { ...padTokens([{ ids }], { padId }), labels: padLabels([labels]) };
 */
export function dialogueTokens(
  messages: readonly ChatMessage[],
  { template, tokenizer, roles = ["assistant"], variables = {} }: DialogueTokensOptions,
): DialogueTokens {
  const whole = template.render(messages, { variables });
  const spans: (readonly [number, number])[] = [];
  for (const [i, { role, content }] of messages.entries()) {
    if (!roles.includes(role)) continue;
    const after = template.render(messages.slice(0, i + 1), { variables });
    // Most templates cannot write a dialogue of no turns; and only the assistant's have what comes before them from the template.
    const from =
      i > 0 && role === "assistant"
        ? startIn(after, template.render(messages.slice(0, i), { addGenerationPrompt: true, variables }))
        : sameLength(after, template.render([...messages.slice(0, i), { ...messages[i]!, content: unlike(content) }], { variables }));
    if (!whole.startsWith(after) || from < 0) {
      throw new DataError(
        `dialogueTokens: expected a template that writes a turn alike whatever follows it, got one that does not: message ${i} ends ${JSON.stringify(after.slice(-60))} alone. Learn from dialogues that end there.`,
      );
    }
    spans.push([from, after.length]);
  }
  const { ids, offsets } = tokenizer.encode(whole, { addSpecialTokens: false, truncation: null, padding: null });
  const labels = ids.map((id, i) => (spans.some(([from, to]) => offsets[i]![0] >= from && offsets[i]![1] <= to) ? id : ignoredLabel));
  if (labels.every((label) => label === ignoredLabel)) {
    throw new DataError(
      `dialogueTokens: expected a turn of ${roles.join(" or ")} to learn, got ${messages.map(({ role }) => role).join(", ") || "no turns"}.`,
    );
  }
  return { ids: [...ids], labels };
}

/** A text that begins otherwise, with a character of nobody's. */
function unlike(content: string): string {
  return content.trim().startsWith("\ue000") ? "\ue001" : "\ue000";
}

/** How far two texts are the same: of one turn that says different things, up to where it says them. */
function sameLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** Where what follows `before` begins; −1 where it does not begin so. */
function startIn(text: string, before: string): number {
  return text.startsWith(before) ? before.length : -1;
}
