import { rectangle } from "@dl/rl";
import { expect, test } from "vitest";
import { encodeFilm } from "./best-film.ts";

/** Frames of an APNG, and the denominator of their delay. W3C, PNG, sections 11.3.4.1 and 11.3.4.2. */
function told(film: Uint8Array): { frames: number; perSecond: number } {
  const view = Buffer.from(film);
  return { frames: view.readUInt32BE(view.indexOf("acTL") + 4), perSecond: view.readUInt16BE(view.indexOf("fcTL") + 4 + 22) };
}

test("a long episode is filmed to its end, in fewer frames that last longer", () => {
  const drawings = Array.from({ length: 1400 }, (_, t) => ({
    ...{ width: 16, height: 4, background: "#ffffff" },
    shapes: [rectangle([t / 100, 0], { width: 1, height: 4, fill: "#000000" })],
  }));
  expect(told(encodeFilm(drawings, { width: 16 }))).toEqual({ frames: 467, perSecond: 10 });
  expect(told(encodeFilm(drawings.slice(0, 600), { width: 16 }))).toEqual({ frames: 600, perSecond: 30 });
});
