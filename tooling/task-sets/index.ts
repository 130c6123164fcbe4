/** Small sets for tasks that no set at hand has: made by rules from Brown and Multi30k, or drawn. This file is the table of contents. */

export { type CaptionDialogue, dialogueSet } from "./dialogues.ts";
export { type AnsweredQuestion, answerByOverlap, type QuestionSetOptions, questionSet } from "./questions.ts";
export { majorityOf, type RelatedPair, type RelationSetOptions, relationNames, relationSet, type TaggedWords } from "./relations.ts";
export { type Scene, type ShapeBox, shapeNames, shapeScene } from "./shape-scenes.ts";
export { type Digest, digestSet, headlineOf, leadOne, type SummarySetOptions } from "./summaries.ts";
