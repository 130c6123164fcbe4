import { expect, test } from "vitest";
import { LatestQuestion } from "./latest-question.ts";

test("while an answer is awaited, however much is asked is asked once more, after it", async () => {
  let asked = 0;
  const gates: (() => void)[] = [];
  const question = new LatestQuestion(async () => {
    asked++;
    await new Promise<void>((resolve) => gates.push(resolve));
  });
  expect(question.age).toBe(Number.POSITIVE_INFINITY);
  const answered = question.ask();
  for (let i = 0; i < 5; i++) void question.ask();
  expect(asked).toBe(1);
  gates[0]!();
  await expect.poll(() => asked).toBe(2);
  gates[1]!();
  await answered;
  expect(asked).toBe(2);
  expect(question.age).toBeLessThan(60_000);
  void question.ask();
  expect(asked).toBe(3);
});
