import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProgressBar, type Terminal } from "./progress-bar.ts";

function terminalOf(options: Partial<Terminal> = {}): Terminal & { written: string } {
  const terminal = {
    written: "",
    columns: 120,
    rewrites: true,
    colors: false,
    unicode: true,
    ...options,
    write(text: string) {
      terminal.written += text;
    },
  };
  return terminal;
}

/** What a terminal shows after `\r` and erase-to-end. */
const shown = (written: string): string[] =>
  written.split("\n").map((line) => line.slice(line.lastIndexOf("\r") + 1).replaceAll("\x1b[K", ""));

/** A clock that tells the time it is given. */
function clockOf(): { now: number; read: () => number } {
  const clock = { now: 0, read: () => clock.now };
  return clock;
}

const metrics = { loss: 0.123456, accuracy: 0.9631 };

test("bar, share, count, metrics, rate and time left", () => {
  const clock = clockOf();
  const terminal = terminalOf();
  const bar = new ProgressBar({ terminal, label: "epoch 1/5", total: 1000, unit: "images", clock: clock.read });
  clock.now = 2000;
  bar.update({ completed: 250, items: 16_000, metrics });
  expect(shown(terminal.written)).toEqual([
    `epoch 1/5  ${"━".repeat(8)}${"┄".repeat(22)}   25%  250/1,000  loss 0.1235  accuracy 96.31 %  8,000 images/s  ETA 0:06`,
  ]);
  clock.now = 8000;
  bar.update({ completed: 1000, items: 64_000, metrics });
  bar.finish();
  bar.finish();
  const lines = shown(terminal.written);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain("100%  1,000/1,000");
  expect(lines[0]).toMatch(/8,000 images\/s {2}0:08$/);
});

test("the line is redrawn ten times a second at most", () => {
  const clock = clockOf();
  const terminal = terminalOf();
  const bar = new ProgressBar({ terminal, total: 1000, clock: clock.read });
  for (let step = 1; step <= 1000; step++) {
    clock.now = step;
    bar.update({ completed: step });
  }
  expect(terminal.written.split("\r")).toHaveLength(1 + 10);
});

test("the rate follows a machine that gets slower", () => {
  const clock = clockOf();
  const terminal = terminalOf();
  const bar = new ProgressBar({ terminal, total: 100_000, clock: clock.read, unit: "steps" });
  let items = 0;
  for (let second = 1; second <= 120; second++) {
    clock.now = second * 1000;
    items += second <= 60 ? 100 : 10;
    bar.update({ completed: items, items });
  }
  const rate = Number(/([\d.]+) steps\/s/.exec(shown(terminal.written)[0]!)![1]);
  // The average since the start is 55.
  expect(rate).toBeGreaterThanOrEqual(10);
  expect(rate).toBeLessThan(11);
});

test("a resumed epoch starts where it was, and its rate counts only what was done since", () => {
  const clock = clockOf();
  const terminal = terminalOf();
  const bar = new ProgressBar({ terminal, total: 100, completed: 90, clock: clock.read });
  clock.now = 1000;
  bar.update({ completed: 91, items: 1 });
  expect(shown(terminal.written)[0]).toMatch(/91% {2}91\/100 {2}1\.0 items\/s {2}ETA 0:09$/);
});

describe("narrow terminals", () => {
  const lineAt = (columns: number): string => {
    const clock = clockOf();
    const terminal = terminalOf({ columns });
    const bar = new ProgressBar({ terminal, label: "epoch 1/5", total: 1000, unit: "images", clock: clock.read });
    clock.now = 2000;
    bar.update({ completed: 250, items: 16_000, metrics });
    return shown(terminal.written)[0]!;
  };

  test("what matters least goes first", () => {
    expect(lineAt(86)).toBe("epoch 1/5   25%  250/1,000  loss 0.1235  accuracy 96.31 %  8,000 images/s  ETA 0:06");
    expect(lineAt(80)).toBe("epoch 1/5   25%  loss 0.1235  accuracy 96.31 %  8,000 images/s  ETA 0:06");
    expect(lineAt(56)).toMatch(/^━━┄{6} {3}25% {2}loss 0\.1235 {2}accuracy 96\.31 % {2}ETA 0:06$/);
    expect(lineAt(42)).toBe(" 25%  loss 0.1235  accuracy 96.31 %");
    expect(lineAt(12)).toBe(" 25%  loss ");
  });

  test("no line is ever as wide as the terminal", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (columns) => {
        expect([...lineAt(columns)].length).toBeLessThan(columns);
      }),
    );
  });
});

describe("where lines cannot be rewritten", () => {
  test("a plain line every ten seconds, and one at the end", () => {
    const clock = clockOf();
    const terminal = terminalOf({ rewrites: false, columns: 20 });
    const bar = new ProgressBar({ terminal, label: "epoch 1/5", total: 100, clock: clock.read });
    for (let second = 1; second <= 25; second++) {
      clock.now = second * 1000;
      bar.update({ completed: second, metrics: { loss: 1 / second } });
    }
    bar.finish();
    expect(terminal.written).toBe(
      [
        "epoch 1/5   10%  10/100  loss 0.1000  ETA 1:30",
        "epoch 1/5   20%  20/100  loss 0.05000  ETA 1:20",
        "epoch 1/5   25%  25/100  loss 0.04000  0:25",
        "",
      ].join("\n"),
    );
  });
});

test("colours only where there are any, and plain characters where there is no UTF-8", () => {
  const draw = (options: Partial<Terminal>): string => {
    const terminal = terminalOf(options);
    new ProgressBar({ terminal, total: 2, completed: 1, clock: () => 0 }).finish();
    return terminal.written;
  };
  expect(draw({ colors: true })).toContain("\x1b[36m");
  expect(draw({ colors: false })).not.toContain("\x1b[3");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(draw({ unicode: false })).toMatch(/^\r#{15}-{15} {3}50% {2}1\/2 {2}0:00\x1b\[K\n$/);
});

test("a message stands above the bar, and the bar comes back", () => {
  const clock = clockOf();
  const terminal = terminalOf();
  const bar = new ProgressBar({ terminal, total: 4, clock: clock.read });
  clock.now = 1000;
  bar.update({ completed: 2 });
  const before = shown(terminal.written)[0];
  bar.log("saved model.safetensors");
  expect(shown(terminal.written)).toEqual(["saved model.safetensors", before]);
});

test("without a total: what was done, and how fast", () => {
  const clock = clockOf();
  const terminal = terminalOf();
  const bar = new ProgressBar({ terminal, unit: "tokens", clock: clock.read });
  clock.now = 1000;
  bar.update({ completed: 1234, items: 1_234_567, metrics: { loss: Number.NaN, rate: 3e-4, epoch: 3 } });
  expect(shown(terminal.written)[0]).toBe("1,234  loss NaN  rate 3.00e-4  epoch 3  1,234,567 tokens/s");
  expect(() => new ProgressBar({ terminal, total: 0 })).toThrow("expected a total above 0, got 0");
});
