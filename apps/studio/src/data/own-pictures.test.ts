import { expect, test } from "vitest";
import { imageSetOfPictures, type OwnPictures, ownImageSize, withPicture } from "./own-pictures.ts";

/** A picture of one grey. */
const grey = (value: number) => new Uint8Array(3 * ownImageSize ** 2).fill(value);
const pictures: OwnPictures = new Map([
  ["dog", [grey(10), grey(20)]],
  ["cat", Array.from({ length: 10 }, (_, i) => grey(100 + i))],
]);

test("classes are in order of their names, and a fifth of each, one at least, is held back", () => {
  const { classNames, train, test } = imageSetOfPictures(pictures);
  expect(classNames).toEqual(["cat", "dog"]);
  expect([...train.labels]).toEqual([...Array(8).fill(0), 1]);
  expect([...test.labels]).toEqual([0, 0, 1]);
  const tones = ({ images }: typeof train) => Array.from({ length: images.length / 3072 }, (_, i) => images[3072 * i]);
  // Every picture is in one of the two, with its label.
  expect([...tones(train), ...tones(test)].sort((a, b) => a! - b!)).toEqual([10, 20, ...Array.from({ length: 10 }, (_, i) => 100 + i)]);
});

test("the statistics are those of the pictures to learn from", () => {
  const { statistics } = imageSetOfPictures(
    new Map([
      ["a", [grey(0), grey(0)]],
      ["b", [grey(255), grey(255)]],
    ]),
  );
  expect(statistics).toEqual({ mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5] });
});

test("one class, or a class of one picture, is no set; a picture more makes it one", () => {
  expect(() => imageSetOfPictures(new Map())).toThrow("Got no pictures.");
  expect(() => imageSetOfPictures(new Map([["dog", [grey(1), grey(2)]]]))).toThrow('Got only "dog".');
  const one = withPicture(pictures, { name: "bird", pixels: grey(1) });
  expect(() => imageSetOfPictures(one)).toThrow('Each class needs at least 2 pictures, "bird" has 1.');
  expect(imageSetOfPictures(withPicture(one, { name: "bird", pixels: grey(2) })).classNames).toEqual(["bird", "cat", "dog"]);
  expect(pictures.has("bird")).toBe(false);
});

test("more classes than a label can name are refused", () => {
  const of = (count: number): OwnPictures => new Map(Array.from({ length: count }, (_, i) => [`class ${i}`, [grey(1), grey(2)]]));
  expect(Math.max(...imageSetOfPictures(of(256)).train.labels)).toBe(255);
  expect(() => imageSetOfPictures(of(257))).toThrow("Expected at most 256 classes, got 257.");
});
