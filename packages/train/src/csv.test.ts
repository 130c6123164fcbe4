import fc from "fast-check";
import { expect, test } from "vitest";
import { formatCsvRow, parseCsv } from "./csv.ts";

test("commas, quotes and line breaks are quoted", () => {
  expect(formatCsvRow(["a", "b,c", 'say "hi"', "two\nlines", ""])).toBe('a,"b,c","say ""hi""","two\nlines",\n');
});

test("\\r\\n ends a line too, and a line without an end is torn", () => {
  expect(parseCsv("a,b\r\n1,2\n3,")).toEqual({
    rows: [
      ["a", "b"],
      ["1", "2"],
    ],
    torn: "3,",
  });
  expect(parseCsv('a\n"half')).toEqual({ rows: [["a"]], torn: '"half' });
});

test("what is written is read back, whatever is in the cells", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", " ", "é", "1") });
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 5 }), (rows) => {
      expect(parseCsv(rows.map(formatCsvRow).join(""))).toEqual({ rows, torn: "" });
    }),
  );
});
