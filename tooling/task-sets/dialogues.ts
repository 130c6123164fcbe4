/** Dialogues about captions of pictures: somebody tells what is to be seen and asks one thing after the other. Made by rules. */

import { type AnsweredQuestion, type QuestionSetOptions, questionSet } from "./questions.ts";

export interface CaptionDialogue {
  /** The user's and the assistant's in turn; the captions stand in the first alone, in front of the first question. */
  readonly messages: readonly { readonly role: "user" | "assistant"; readonly content: string }[];
  /** What each of the user's messages asks. */
  readonly questions: readonly AnsweredQuestion[];
}

/** One dialogue for each passage of neighbouring captions that anything can be asked of. */
export function dialogueSet(captions: readonly string[], options: QuestionSetOptions = {}): CaptionDialogue[] {
  const byPassage = new Map<string, AnsweredQuestion[]>();
  for (const question of questionSet(captions, options)) {
    byPassage.set(question.passage, [...(byPassage.get(question.passage) ?? []), question]);
  }
  return [...byPassage].map(([passage, questions]) => ({
    questions,
    messages: questions.flatMap(({ question, start, end }, i) => [
      { role: "user", content: i === 0 ? `${passage} ${question}` : question } as const,
      { role: "assistant", content: passage.slice(start, end) } as const,
    ]),
  }));
}
