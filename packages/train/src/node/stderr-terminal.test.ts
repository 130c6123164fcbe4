import { expect, test } from "vitest";
import { stderrTerminal } from "./stderr-terminal.ts";

const stream = { write: (): boolean => true, isTTY: true, columns: 100 };

test.each([
  ["a terminal", stream, { TERM: "xterm", LANG: "en_US.UTF-8" }, { rewrites: true, colors: true, unicode: true, columns: 100 }],
  ["NO_COLOR", stream, { NO_COLOR: "1", LANG: "C.utf8" }, { rewrites: true, colors: false, unicode: true }],
  ["an empty NO_COLOR means nothing", stream, { NO_COLOR: "" }, { colors: true }],
  ["a dumb terminal", stream, { TERM: "dumb" }, { rewrites: false, colors: false }],
  ["a CI log", stream, { CI: "true" }, { rewrites: false, colors: false }],
  ["a file", { write: (): boolean => true }, {}, { rewrites: false, colors: false, columns: 80 }],
  ["a pseudo-terminal without a size", { write: (): boolean => true, isTTY: true, columns: 0 }, {}, { columns: 80 }],
  ["an old locale", stream, { LC_ALL: "C", LANG: "en_US.UTF-8" }, { unicode: false }],
  ["Windows Terminal", stream, { WT_SESSION: "x" }, { unicode: true }],
])("%s", (_, of, environment, expected) => {
  expect(stderrTerminal({ stream: of, environment })).toMatchObject(expected);
});

test("the width is asked for anew: windows change", () => {
  const window = { write: (): boolean => true, isTTY: true, columns: 100 };
  const terminal = stderrTerminal({ stream: window, environment: {} });
  window.columns = 40;
  expect(terminal.columns).toBe(40);
});
