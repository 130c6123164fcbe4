import { describe, expect, test } from "vitest";
import { dialogueSet } from "./dialogues.ts";
import { answerByOverlap, questionSet } from "./questions.ts";
import { majorityOf, relationNames, relationSet } from "./relations.ts";
import { digestSet, headlineOf, leadOne } from "./summaries.ts";

describe("relations", () => {
  const words = (text: string) => ({
    tokens: text.split(" ").map((pair) => pair.split("/")[0]!),
    tags: text.split(" ").map((pair) => pair.split("/")[1]!),
  });

  test("a noun, a preposition and its noun; the preposition is hidden and is the label", () => {
    const [pair, ...rest] = relationSet([words("he/pps drank/vbd a/at cup/nn of/in hot/jj tea/nn slowly/rb")]);
    expect(rest).toEqual([]);
    expect(pair).toEqual({ words: ["he", "drank", "a", "cup", "[MASK]", "hot", "tea", "slowly"], first: [3, 4], second: [6, 7], label: 0 });
  });

  test("none without a noun on either side, and no more of one than asked for", () => {
    expect(relationSet([words("he/pps ran/vbd to/in town/nn"), words("cup/nn of/in it/ppo"), words("men/nns to/to see/vb")])).toEqual([]);
    const many = Array.from({ length: 5 }, () => words("cup/nn of/in tea/nn"));
    expect(relationSet(many, { most: 2 })).toHaveLength(2);
    const long = relationSet([words(`${"x/rb ".repeat(20)}man/nn in/in town/nn`)], { margin: 3 })[0]!;
    expect([long.words.length, long.first, relationNames[long.label]]).toEqual([6, [3, 4], "in"]);
  });

  test("the commonest label of what was learned, held against what is tested", () => {
    const labels = (...all: number[]) => all.map((label) => ({ label }));
    expect(majorityOf(labels(1, 1, 0), labels(1, 0, 2, 1))).toBe(0.5);
  });
});

test("dialogues: the captions are told once, every question of theirs is a turn", () => {
  const captions = ["A man in a blue shirt is standing on a ladder.", "Two dogs running near a red ball.", "A young girl is climbing."];
  const dialogues = dialogueSet([...captions, "Nothing.", "At all.", "Here."]);
  expect(dialogues).toHaveLength(1);
  const [{ messages, questions }] = dialogues as [(typeof dialogues)[number]];
  expect(messages.slice(0, 4)).toEqual([
    { role: "user", content: `${captions.join(" ")} what color is the shirt ?` },
    { role: "assistant", content: "blue" },
    { role: "user", content: "what color is the ball ?" },
    { role: "assistant", content: "red" },
  ]);
  expect(questions).toEqual(questionSet(captions));
  expect(messages).toHaveLength(2 * questions.length);
});

describe("questions", () => {
  const captions = ["A man in a blue shirt is standing on a ladder.", "Two dogs running near a red ball.", "A young girl is climbing."];
  const set = questionSet(captions);
  const answers = Object.fromEntries(set.map(({ question, passage, start, end }) => [question, passage.slice(start, end)]));

  test("the answer stands where the question says", () => {
    expect(answers).toEqual({
      "what color is the shirt ?": "blue",
      "what color is the ball ?": "red",
      "how many dogs are there ?": "Two",
      "who is running ?": "Two dogs",
      "who is climbing ?": "A young girl",
    });
  });

  test("a colour that belongs to nothing after it is not asked for", () => {
    expect(questionSet(["A man in green holds a guitar.", "A dog.", "A cat."])).toEqual([]);
  });

  test("what two captions could answer is not asked", () => {
    const twice = questionSet(["A man in a blue shirt smiles.", "A man in a red shirt smiles.", "A dog runs."]);
    expect(twice.map(({ question }) => question)).not.toContain("what color is the shirt ?");
  });

  test("the baseline answers with what stands nearest to the question's words", () => {
    expect(answerByOverlap({ question: "what color is the ball ?", passage: "Dogs run. A cat with the red ball." })).toMatch(
      /with|red|cat/,
    );
    expect(answerByOverlap({ question: "who ?", passage: "x" })).toBe("x");
  });
});

describe("summaries", () => {
  test.for([
    ["A young man in a blue shirt is standing on a ladder.", "a man standing"],
    ["Two black dogs are running on grass.", "two dogs running"],
    ["A woman wearing a hat is riding a horse.", "a woman riding"],
    ["A man smiles.", undefined],
  ] as const)("%s → %s", ([caption, headline]) => {
    expect(headlineOf(caption)).toBe(headline);
  });

  test("texts of captions that have a headline, a sentence each in the summary; the lead is the first sentence", () => {
    const [digest, ...rest] = digestSet(["Two dogs are running.", "A man smiles.", "A girl is singing loudly."], { captions: 2 });
    expect(rest).toEqual([]);
    expect(digest).toEqual({ text: "Two dogs are running. A girl is singing loudly.", summary: "two dogs running . a girl singing ." });
    const three = ["Two dogs are running.", "A girl is singing.", "A boy is eating."];
    expect(digestSet(three, { captions: 2, stride: 1 }).map(({ summary }) => summary)).toEqual([
      "two dogs running . a girl singing .",
      "a girl singing . a boy eating .",
    ]);
    expect(leadOne(digest!.text)).toBe("Two dogs are running.");
    expect(leadOne("no end")).toBe("no end");
  });
});
