import { readFileSync } from "node:fs";
import { DataError, OptionError } from "@dl/core";
import fc from "fast-check";
import { encode } from "fast-png";
import { describe, expect, test } from "vitest";
import { centerCrop, cropImage, cropToAspect, padImage } from "./crop.ts";
import { decodeImage } from "./decode-image.ts";
import { exifOrientation } from "./exif.ts";
import { type Image, withChannels } from "./image.ts";
import { flipImage, orient } from "./orientation.ts";
import { resizeImage, sizeByShorterSide } from "./resize.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url)));
const json = (name: string) => JSON.parse(new TextDecoder().decode(fixture(name)));
const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Array.from(a, (value, i) => Math.abs(value - b[i]!)).reduce((most, value) => Math.max(most, value), 0);
};

describe("decodeImage", () => {
  const { files, corrupt } = json("images.json");
  const readable = Object.keys(files).filter((name) => files[name].rgb_after_exif);

  test.each(readable)("%s equals Pillow's pixels, upright, in RGB", (name) => {
    const { rgb_after_exif: reference, tolerance } = files[name];
    const image = decodeImage(fixture(`images/${name}`));
    expect([image.height, image.width, image.channels]).toEqual(reference.shape);
    expect(largestDifference(image.data, reference.data)).toBeLessThanOrEqual(tolerance);
  });

  test("16 bits are rounded to 8", () => {
    const { native } = files["misc/gray16.png"];
    const image = decodeImage(fixture("images/misc/gray16.png"), { channels: 1 });
    expect(Array.from(image.data)).toEqual(native.data.map((value: number) => Math.round((value / 65535) * 255)));
  });

  test("grey asked for is the grey that was stored", () => {
    expect(Array.from(decodeImage(fixture("images/cat/gray.png"), { channels: 1 }).data)).toEqual(files["cat/gray.png"].native.data);
  });

  test.each(corrupt as string[])("%s is a DataError that names it", (name) => {
    expect(() => decodeImage(fixture(`images/${name}`), { name })).toThrow(DataError);
    expect(() => decodeImage(fixture(`images/${name}`), { name })).toThrow(name);
  });

  test.each(["cat/rgb.png", "dog/rgb_q90.jpg", "misc/rgb.bmp"])("%s: no cut and no flipped byte crashes it", (name) => {
    const whole = fixture(`images/${name}`);
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), fc.boolean(), (at, mask, cut) => {
        const bytes = cut ? whole.slice(0, at) : whole.slice();
        if (!cut) bytes[at]! ^= mask;
        try {
          decodeImage(bytes, { maximumPixels: 10_000 });
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("a header that promises a huge image is refused by its numbers", () => {
    const png = fixture("images/cat/rgb.png").slice();
    new DataView(png.buffer).setUint32(16, 0x7fffffff);
    expect(() => decodeImage(png)).toThrow(/between 1 and 100000000 pixels, got 2147483647 × 12/);
    expect(() => decodeImage(fixture("images/dog/rgb_q90.jpg"), { maximumPixels: 100 })).toThrow(DataError);
  });

  test.each([1, 2, 4] as const)("%i-bit grey whose rows do not fill whole bytes", (depth) => {
    // Width 3: each row ends within a byte. Row 0 is 0, 1, 0; row 1 is all ones.
    const bits = ["0", "1", "0"].map((digit) => digit.padStart(depth, "0")).join("");
    const row = (text: string): number[] =>
      text
        .padEnd(Math.ceil(text.length / 8) * 8, "0")
        .match(/.{8}/g)!
        .map((byte) => Number.parseInt(byte, 2));
    const data = Uint8Array.from([...row(bits), ...row("1".repeat(3 * depth))]);
    const image = decodeImage(encode({ width: 3, height: 2, depth, channels: 1, data }), { channels: 1 });
    expect(Array.from(image.data)).toEqual([0, 255 / (2 ** depth - 1), 0, 255, 255, 255]);
  });
});

describe("bitmaps, by hand", () => {
  /** A file of a header of 40 bytes, what follows it, and rows of words. */
  const bitmap = (
    fields: { width: number; height: number; bits: number; compression?: number; colours?: number },
    after: number[],
    rows: number[],
  ): Uint8Array => {
    const file = new Uint8Array(54 + after.length + rows.length);
    const view = new DataView(file.buffer);
    file.set([0x42, 0x4d]);
    view.setUint32(10, 54 + after.length, true);
    view.setUint32(14, 40, true);
    view.setInt32(18, fields.width, true);
    view.setInt32(22, fields.height, true);
    view.setUint16(28, fields.bits, true);
    view.setUint32(30, fields.compression ?? 0, true);
    view.setUint32(46, fields.colours ?? 0, true);
    file.set(after, 54);
    file.set(rows, 54 + after.length);
    return file;
  };
  const pixels = (file: Uint8Array): number[] => Array.from(decodeImage(file).data);

  test("a palette of two colours, the lowest row first", () => {
    const palette = [3, 2, 1, 0, 6, 5, 4, 0];
    const file = bitmap({ width: 2, height: 2, bits: 1, colours: 2 }, palette, [0b01000000, 0, 0, 0, 0b11000000, 0, 0, 0]);
    expect(pixels(file)).toEqual([4, 5, 6, 4, 5, 6, 1, 2, 3, 4, 5, 6]);
  });

  test("sixteen bits by masks of 5, 6 and 5, the upper row first", () => {
    const masks = [0x00, 0xf8, 0, 0, 0xe0, 0x07, 0, 0, 0x1f, 0x00, 0, 0];
    const file = bitmap({ width: 1, height: -2, bits: 16, compression: 3 }, masks, [0x00, 0xf8, 0, 0, 0xff, 0x07, 0, 0]);
    expect(pixels(file)).toEqual([255, 0, 0, 0, 255, 255]);
  });

  test("a fourth byte a pixel is dropped", () => {
    expect(pixels(bitmap({ width: 1, height: 1, bits: 32 }, [], [3, 2, 1, 77]))).toEqual([1, 2, 3]);
  });

  test("a colour beyond the palette, run lengths and rows cut off say so", () => {
    expect(() => decodeImage(bitmap({ width: 1, height: 1, bits: 8, colours: 1 }, [0, 0, 0, 0], [1, 0, 0, 0]))).toThrow(
      /colour 1 of a palette of 1/,
    );
    expect(() => decodeImage(bitmap({ width: 1, height: 1, bits: 8, compression: 1 }, [], [0]))).toThrow(
      /compression 1 .* save it uncompressed/,
    );
    expect(() => decodeImage(bitmap({ width: 4, height: 4, bits: 24 }, [], [0]))).toThrow(/55 bytes where 102 were promised/);
    expect(() => decodeImage(bitmap({ width: 1 << 20, height: 1 << 20, bits: 24 }, [], [0]))).toThrow(/between 1 and/);
  });
});

describe("orientation", () => {
  const image: Image = { width: 3, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };

  test("by hand, the eight of Exif", () => {
    const turned = [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => Array.from(orient(image, orientation).data).join(""));
    expect(turned).toEqual(["123456", "321654", "654321", "456123", "142536", "415263", "635241", "362514"]);
    expect(orient(image, 6)).toMatchObject({ width: 2, height: 3 });
  });

  test("is read from the file, and is 1 for a file without or with nonsense", () => {
    const photo = fixture("images/dog/exif6.jpg");
    expect(exifOrientation(photo)).toBe(6);
    expect(exifOrientation(fixture("images/dog/rgb_q90.jpg"))).toBe(1);
    fc.assert(
      fc.property(fc.nat({ max: 200 }), fc.nat({ max: 255 }), fc.nat({ max: photo.length }), (at, byte, end) => {
        const bytes = photo.slice(0, end);
        if (at < bytes.length) bytes[at] = byte;
        const orientation = exifOrientation(bytes);
        expect(orientation >= 1 && orientation <= 8).toBe(true);
      }),
    );
  });
});

describe("resizeImage, cropToAspect, withChannels", () => {
  const { image: source, resize, grayscale, center_crop, pad, hflip, vflip } = json("image_transforms.json");
  const image: Image = { height: source.shape[0], width: source.shape[1], channels: 3, data: Uint8Array.from(source.data) };

  const bilinear = (resize as { mode: string; size: [number, number]; pillow_antialias: { data: number[] } }[]).filter(
    ({ mode }) => mode === "bilinear",
  );
  test.each(bilinear)("equals Pillow to ±1 at $size", (reference) => {
    const [height, width] = reference.size;
    const resized = resizeImage(image, { width, height });
    expect(largestDifference(resized.data, reference.pillow_antialias.data)).toBeLessThanOrEqual(1);
  });

  test("a constant image stays constant at any size", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.nat({ max: 255 }), (width, height, value) => {
        const plain: Image = { width: 7, height: 5, channels: 1, data: new Uint8Array(35).fill(value) };
        expect(new Set(resizeImage(plain, { width, height }).data)).toEqual(new Set([value]));
      }),
    );
    expect(() => resizeImage(image, { width: 0, height: 3 })).toThrow(OptionError);
  });

  test("grey equals Pillow's", () => {
    expect(Array.from(withChannels(image, 1).data)).toEqual(grayscale.data);
  });

  test("the middle, a border and both mirrors equal torchvision's", () => {
    const [height, width] = center_crop.size;
    const [left, top, right, bottom] = pad.padding;
    expect(Array.from(centerCrop(image, { width, height }).data)).toEqual(center_crop.out.data);
    expect(Array.from(padImage(image, { left, top, right, bottom, fill: pad.fill }).data)).toEqual(pad.out.data);
    expect(Array.from(flipImage(image, "horizontal").data)).toEqual(hflip.data);
    expect(Array.from(flipImage(image, "vertical").data)).toEqual(vflip.data);
  });

  test("a crop may reach beyond the image on every side, and leave nothing of it", () => {
    const two: Image = { width: 2, height: 1, channels: 1, data: Uint8Array.of(1, 2) };
    expect(Array.from(cropImage(two, { left: -1, top: -1, width: 4, height: 3, fill: 9 }).data)).toEqual([
      9, 9, 9, 9, 9, 1, 2, 9, 9, 9, 9, 9,
    ]);
    expect(Array.from(cropImage(two, { left: 5, top: 0, width: 2, height: 1 }).data)).toEqual([0, 0]);
    expect(Array.from(centerCrop(two, { width: 5, height: 1 }).data)).toEqual([0, 1, 2, 0, 0]);
    expect(() => cropImage(two, { left: 0.5, top: 0, width: 1, height: 1 })).toThrow(/whole left, got 0.5/);
    expect(() => padImage(two, { left: -1 })).toThrow(OptionError);
  });

  test("a shorter side keeps the shape", () => {
    expect(sizeByShorterSide({ width: 500, height: 375 }, 256)).toEqual({ width: 341, height: 256 });
    expect(sizeByShorterSide({ width: 375, height: 500 }, 256)).toEqual({ width: 256, height: 341 });
  });

  test("crops around the middle, by hand", () => {
    const wide: Image = { width: 4, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    expect(cropToAspect(wide, { width: 10, height: 10 })).toEqual({ width: 2, height: 2, channels: 1, data: Uint8Array.of(2, 3, 6, 7) });
    expect(cropToAspect(wide, { width: 8, height: 1 })).toEqual({ width: 4, height: 1, channels: 1, data: Uint8Array.of(1, 2, 3, 4) });
  });
});
