import { expect, test } from "vitest";
import { Pacer } from "./pacer.ts";

const turns = (count: number) => new Promise<void>((resolve) => setTimeout(resolve, 5 * count));

/** A training that counts its steps. */
function training(pacer: Pacer, steps: number) {
  const seen = { steps: 0 };
  const done = pacer.training(async () => {
    for (let i = 0; i < steps; i++) {
      seen.steps++;
      await pacer.turn();
    }
  });
  return { seen, done };
}

test("paused, it stands still; a step is one step; resumed, it ends", async () => {
  const pacer = new Pacer();
  let pauses = 0;
  pacer.onPaused = () => pauses++;
  pacer.pause();
  const { seen, done } = training(pacer, 5);
  await turns(2);
  expect(seen.steps).toBe(1);
  pacer.step();
  await turns(2);
  expect([seen.steps, pauses]).toEqual([2, 1]);
  pacer.resume();
  await done;
  expect(seen.steps).toBe(5);
});

test("questions are answered between steps, while it is paused, and when nothing runs", async () => {
  const pacer = new Pacer();
  expect(await pacer.between(async () => "idle")).toBe("idle");
  pacer.pause();
  const { seen, done } = training(pacer, 3);
  await turns(2);
  expect(await pacer.between(async () => seen.steps)).toBe(1);
  const asked = pacer.between(async () => seen.steps);
  pacer.resume();
  await done;
  expect(await asked).toBeLessThanOrEqual(3);
  expect(await pacer.between(async () => "after")).toBe("after");
});

test("a question that fails is refused, and the training goes on", async () => {
  const pacer = new Pacer();
  const { seen, done } = training(pacer, 3);
  await expect(pacer.between(() => Promise.reject(new Error("no such layer")))).rejects.toThrow("no such layer");
  await done;
  expect(seen.steps).toBe(3);
});

test("a pause that comes while messages are let in, with a question, is answered and holds", async () => {
  const pacer = new Pacer();
  let steps = 0;
  const done = pacer.training(async () => {
    for (let i = 0; i < 4; i++) {
      steps++;
      // Long enough for the turn to let messages in.
      const end = performance.now() + 40;
      while (performance.now() < end);
      await pacer.turn();
    }
  });
  const saved = await new Promise<number>((resolve) =>
    setTimeout(() => {
      pacer.pause();
      void pacer.between(async () => resolve(steps));
    }, 0),
  );
  await turns(4);
  expect(steps).toBe(saved);
  pacer.resume();
  await done;
  expect(steps).toBe(4);
});

test("a step that is asked for before the pause's turn has ended, and two in a row, are each done", async () => {
  const pacer = new Pacer();
  // As the worker does it: the pause is told between two steps, and the answer to it may come before the training waits.
  pacer.onTurn = () => {
    if (seen.steps === 1) pacer.step();
  };
  pacer.pause();
  const { seen, done } = training(pacer, 6);
  await turns(2);
  expect(seen.steps).toBe(2);
  pacer.onTurn = () => undefined;
  pacer.step();
  pacer.step();
  await turns(2);
  expect(seen.steps).toBe(4);
  pacer.resume();
  await done;
  expect(seen.steps).toBe(6);
});
