import { expect, test } from "vitest";
import { choice, fromQuery, initialValues, real, text, toQuery, whole } from "./schema.ts";

const schema = {
  set: choice("Set", {
    options: [
      { value: "mnist", label: "Digits" },
      { value: "fashion", label: "Clothes" },
    ],
    initial: "mnist",
  }),
  epochs: whole("Epochs", { initial: 5, minimum: 1, maximum: 100 }),
  rate: real("Rate", { initial: 0.002, minimum: 0, maximum: 1 }),
  layers: text("Layers", { initial: "conv8", longest: 20 }),
};

test("a link holds what differs from the beginning, and gives it back", () => {
  const values = { ...initialValues(schema), set: "fashion", rate: 0.05, layers: "conv8 pool dense4" } as const;
  const query = toQuery(schema, values);
  expect(query).toBe("set=fashion&rate=0.05&layers=conv8+pool+dense4");
  expect(fromQuery(schema, query)).toEqual({ values, refused: [] });
  expect(toQuery(schema, initialValues(schema))).toBe("");
});

test.each([
  ["epochs=2.5", 'Epochs: expected a whole number from 1 to 100, got "2.5".'],
  ["epochs=1e9", 'Epochs: expected a whole number from 1 to 100, got "1e9".'],
  ["rate=NaN", 'Rate: expected a number from 0 to 1, got "NaN".'],
  ["rate=", 'Rate: expected a number from 0 to 1, got "".'],
  ["set=%3Cscript%3E", 'Set: expected one of mnist, fashion, got "<script>".'],
  ["epoch=9", '"epoch" is no setting here, where there are set, epochs, rate, layers.'],
  ["__proto__=9", '"__proto__" is no setting here, where there are set, epochs, rate, layers.'],
  ["layers=conv8+conv8+conv8+conv8", 'Layers: expected at most 20 characters, got "conv8 conv8 conv8 conv8".'],
])("a link with %s keeps the beginning's value and says why", (query, message) => {
  const { values, refused } = fromQuery(schema, query);
  expect(values).toEqual(initialValues(schema));
  expect(refused).toEqual([message]);
});
