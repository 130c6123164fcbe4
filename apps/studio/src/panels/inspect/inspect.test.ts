import { expect, test } from "vitest";
import { examine } from "./examine.ts";
import { exampleCsv } from "./example.ts";
import { guessRoles, readTable } from "./table.ts";

test("a CSV is read, its columns are guessed, and the numbers are those worked by hand", () => {
  const csv =
    "id,truth,predicted,p_yes,school\n1,yes,yes,0.9,a\n2,no,no,0.2,a\n3,yes,no,0.4,b\n4,no,no,0.1,b\n5,yes,yes,0.6,b\n6,no,yes,0.7,a\n";
  const table = readTable("answers.csv", csv);
  const roles = guessRoles(table);
  expect(roles).toEqual({ label: "truth", prediction: "predicted", scores: ["p_yes"], group: "school" });
  const { report, classNames, confusion, fairness, calibration, majority } = examine(table, roles);
  expect(classNames).toEqual(["no", "yes"]);
  expect(confusion).toEqual([2, 1, 1, 2]);
  expect(report.accuracy).toBeCloseTo(4 / 6, 12);
  expect(majority).toMatchObject({ name: "no", accuracy: 0.5 });
  expect(fairness!.groups.map(({ group, accuracy }) => [group, accuracy])).toEqual([
    ["a", 2 / 3],
    ["b", 2 / 3],
  ]);
  // Confidences of the answers: 0.9, 0.8, 0.6, 0.9, 0.6, 0.7, right but for the third and the last.
  const gaps = [0.2 / 6, (0.1 + 0.1) / 6, (0.6 + 0.6 - 1) / 6, 0.7 / 6];
  expect(calibration!.error).toBeCloseTo(
    gaps.reduce((a, b) => a + b),
    6,
  );
});

test("JSON of records and of columns, with rows of probabilities, give the same table", () => {
  const records = readTable("a.json", '[{"label":1,"prediction":0},{"label":0,"prediction":0}]');
  const columns = readTable("b.json", '{"label":[1,0],"prediction":[0,0]}');
  expect([...records.columns]).toEqual([...columns.columns]);
  const rows = readTable("c.json", '{"label":[1,0],"probabilities":[[0.2,0.8],[0.9,0.1]]}');
  expect(guessRoles(rows)).toEqual({
    label: "label",
    prediction: undefined,
    scores: ["probabilities_0", "probabilities_1"],
    group: undefined,
  });
  expect(examine(rows, guessRoles(rows)).report.accuracy).toBe(1);
});

test("columns of probabilities belong to the classes they name, in whatever order, also a single one of the first", () => {
  const rows = [
    ["paid", "0.9"],
    ["unpaid", "0.2"],
    ["paid", "0.6"],
  ] as const;
  const both = `label,p_unpaid,p_paid\n${rows.map(([label, paid]) => `${label},${1 - Number(paid)},${paid}`).join("\n")}\n`;
  const one = `label,p_paid\n${rows.map((row) => row.join(",")).join("\n")}\n`;
  for (const csv of [both, one]) {
    const table = readTable("a.csv", csv);
    const { report, calibration } = examine(table, guessRoles(table));
    expect(report.accuracy).toBe(1);
    // Sure by 0.9, 0.8 and 0.6, and right each time.
    expect(calibration!.error).toBeCloseTo((0.1 + 0.2 + 0.4) / 3, 6);
  }
  // A name that ends in another's, and names of no class, which stand in the classes' order.
  const cats = readTable("b.csv", "label,p_cat,p_big_cat\ncat,0.8,0.2\nbig_cat,0.1,0.9\n");
  expect(examine(cats, guessRoles(cats)).report.accuracy).toBe(1);
  const places = readTable("c.csv", "label,p_0,p_1\ndog,0.1,0.9\ncat,0.8,0.2\n");
  expect(examine(places, guessRoles(places)).report.accuracy).toBe(1);
});

test("a number is one class however it is written", () => {
  const table = readTable("a.csv", "label,prediction\n1,1.0\n0,0.0\n10,1.0\n");
  const { classNames, report } = examine(table, guessRoles(table));
  expect(classNames).toEqual(["0", "1", "10"]);
  expect(report.accuracy).toBeCloseTo(2 / 3, 12);
});

test("records with a list of probabilities give a column a class", () => {
  const records = [
    { label: "no", probabilities: [0.7, 0.3] },
    { label: "yes", probabilities: [0.4, 0.6] },
  ];
  const table = readTable("a.json", JSON.stringify(records));
  expect(guessRoles(table).scores).toEqual(["probabilities_0", "probabilities_1"]);
  expect(examine(table, guessRoles(table)).report.accuracy).toBe(1);
});

test("the example is what it says it is: surer than right, and worse about one town", () => {
  const table = readTable("example.csv", exampleCsv());
  const { calibration, fairness } = examine(table, guessRoles(table));
  expect(calibration!.error).toBeGreaterThan(0.08);
  expect(fairness!.accuracy.isFlagged).toBe(true);
});

test.each([
  ["{", "x.csv: expected JSON, but it is damaged or cut off"],
  ["", "x.csv: expected a header and at least two rows, got 0."],
  ["label;prediction\n1;2\n3;4\n", "Is the separator a comma?"],
  ['{"label":[1,2,3],"prediction":[1,2]}', 'expected columns of one length, got 3 in "label" and 2 in "prediction"'],
  ["3", "expected a header and at least two rows"],
])("a file of %j is refused with what is wrong", (text, message) => {
  expect(() => readTable("x.csv", text)).toThrow(message);
});

test.each([
  ["label,prediction\na,a\nb,\n", "Some rows have no label or no prediction."],
  ["label,prediction\na,a\na,a\n", '"label" has only the value "a": there is nothing to tell apart.'],
])("a table of %j is refused when it is examined", (text, message) => {
  const table = readTable("x.csv", text);
  expect(() => examine(table, { label: "label", prediction: "prediction", scores: [], group: undefined })).toThrow(message);
});
