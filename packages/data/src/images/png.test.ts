import { readFileSync } from "node:fs";
import { crc32, DataError } from "@dl/core";
import fc from "fast-check";
import { zlibSync } from "fflate";
import { describe, expect, test } from "vitest";
import { openSharpDecoder } from "../node/sharp-decoder.ts";
import { decodeImage } from "./decode-image.ts";

const bytesOf = (value: number): number[] => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);

function chunk(type: string, data: ArrayLike<number>): number[] {
  const body = Uint8Array.from([...new TextEncoder().encode(type), ...Array.from(data)]);
  return [...bytesOf(data.length), ...body, ...bytesOf(crc32(body))];
}

const channelsOf = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

interface Picture {
  width: number;
  height: number;
  colourType: keyof typeof channelsOf;
  depth: 1 | 2 | 4 | 8 | 16;
  interlaced?: boolean;
  /** Of every pixel, row by row. */
  samples: readonly number[];
  palette?: readonly number[];
  /** The filter of row `y` of a pass. */
  filterOf?: (y: number) => number;
}

const header = ({ width, height, depth, colourType, interlaced = false }: Omit<Picture, "samples">): number[] =>
  chunk("IHDR", [...bytesOf(width), ...bytesOf(height), depth, colourType, 0, 0, Number(interlaced)]);

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A second reading of ISO/IEC 15948: clauses 7.2 (packing), 8.2 (passes, by its picture of 8 × 8), 9 (filters). */
function encode(picture: Picture): Uint8Array {
  const { width, height, colourType, depth, interlaced = false, samples, palette, filterOf = () => 0 } = picture;
  const channels = channelsOf[colourType];
  const picture8 = ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"];
  const raw: number[] = [];
  for (const pass of interlaced ? "1234567" : "1") {
    const reach = Math.max(1, (channels * depth) >> 3);
    let above: number[] = [];
    let rows = 0;
    for (let y = 0; y < height; y++) {
      const xs = Array.from({ length: width }, (_, x) => x).filter((x) => !interlaced || picture8[y % 8]![x % 8] === pass);
      if (xs.length === 0) continue;
      const bits = xs.flatMap((x) => samples.slice((y * width + x) * channels, (y * width + x + 1) * channels));
      const text = bits.map((sample) => sample.toString(2).padStart(depth, "0")).join("");
      const row = text.match(/.{1,8}/g)!.map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
      const filter = filterOf(rows++);
      raw.push(filter);
      row.forEach((byte, i) => {
        const [a, b, c] = [row[i - reach] ?? 0, above[i] ?? 0, above[i - reach] ?? 0];
        const nearest = [a, b, c].toSorted((p, q) => Math.abs(a + b - c - p) - Math.abs(a + b - c - q))[0]!;
        raw.push((byte - [0, a, b, (a + b) >> 1, nearest][filter]!) & 255);
      });
      above = row;
    }
  }
  return Uint8Array.from([
    ...signature,
    ...header(picture),
    ...(palette === undefined ? [] : chunk("PLTE", palette)),
    ...chunk("IDAT", zlibSync(Uint8Array.from(raw))),
    ...chunk("IEND", []),
  ]);
}

const kinds = [
  ...([1, 2, 4, 8, 16] as const).map((depth) => ({ colourType: 0, depth }) as const),
  ...([1, 2, 4, 8] as const).map((depth) => ({ colourType: 3, depth }) as const),
  ...([8, 16] as const).flatMap((depth) => ([2, 4, 6] as const).map((colourType) => ({ colourType, depth }) as const)),
];

/** TIFF with one tag: `Orientation`, in either byte order. */
const exifOf = (orientation: number, order: "II" | "MM" = "MM"): number[] => {
  const shorts = [42, 0, 8, 1, 0x112, 3, 0, 1, orientation, 0, 0, 0];
  if (order === "II") [shorts[1], shorts[2], shorts[6], shorts[7]] = [8, 0, 1, 0];
  const bytes = shorts.flatMap((short) => (order === "II" ? [short & 255, short >> 8] : [short >> 8, short & 255]));
  return [...order].map((letter) => letter.charCodeAt(0)).concat(bytes);
};

/** `png` with a chunk before its end, or right behind its header of 33 bytes. */
const withChunk = (png: Uint8Array, added: number[], { at }: { at: "end" | "start" }): Uint8Array => {
  const place = at === "end" ? png.length - 12 : 33;
  return Uint8Array.from([...png.subarray(0, place), ...added, ...png.subarray(place)]);
};

describe("PNG", () => {
  test("by hand, the eight orientations of eXIf, in either byte order, before or behind the rows; the sharp decoder turns the same way", async () => {
    const samples = Array.from({ length: 6 }, (_, i) => 40 * (i + 1));
    const stored = encode({ width: 3, height: 2, colourType: 0, depth: 8, samples });
    const decode = await openSharpDecoder();
    const turned = ["123456", "321654", "654321", "456123", "142536", "415263", "635241", "362514"];
    for (const [i, upright] of turned.entries()) {
      for (const order of ["II", "MM"] as const) {
        for (const at of ["start", "end"] as const) {
          const file = withChunk(stored, chunk("eXIf", exifOf(i + 1, order)), { at });
          const image = decodeImage(file, { channels: 1 });
          expect([image.width, image.height]).toEqual(i < 4 ? [3, 2] : [2, 3]);
          expect(Array.from(image.data, (value) => value / 40).join("")).toBe(upright);
          const { width, height } = image;
          const byVips = await decode(file, { width, height, channels: 1, fit: "stretch", name: "x" });
          expect(Array.from(byVips)).toEqual(Array.from(image.data));
        }
      }
    }
    for (const odd of [[], [1, 2, 3], exifOf(9), exifOf(6).slice(0, 12), [0x49, 0x49, 42, 0, 255, 255, 255, 255]]) {
      expect(decodeImage(withChunk(stored, chunk("eXIf", odd), { at: "start" }), { channels: 1 }).data).toEqual(Uint8Array.from(samples));
    }
  });

  test.each(kinds)(
    "$depth bits of colour type $colourType: what was written is read, in rows or in Adam7's passes, by any filter",
    (kind) => {
      const { colourType, depth } = kind;
      const channels = channelsOf[colourType];
      const size = fc.integer({ min: 1, max: 17 });
      const picture = fc.tuple(size, size).chain(([width, height]) =>
        fc.record({
          width: fc.constant(width),
          height: fc.constant(height),
          interlaced: fc.boolean(),
          filters: fc.array(fc.nat(4), { minLength: 1, maxLength: 7 }),
          samples: fc.array(fc.nat(2 ** depth - 1), { minLength: width * height * channels, maxLength: width * height * channels }),
        }),
      );
      const palette = Array.from({ length: 3 * 2 ** depth }, (_, i) => (i * 37) % 256);
      const indexed = colourType === 3;
      const kept = channels < 3 ? 1 : 3;
      fc.assert(
        fc.property(picture, ({ filters, ...rest }) => {
          const filterOf = (y: number): number => filters[y % filters.length]!;
          const file = encode({ ...kind, ...rest, filterOf, ...(indexed ? { palette } : {}) });
          const expected = rest.samples
            .filter((_, i) => i % channels < kept)
            .flatMap((sample) => (indexed ? palette.slice(3 * sample, 3 * sample + 3) : Math.round((sample * 255) / (2 ** depth - 1))));
          expect(Array.from(decodeImage(file, { channels: indexed ? 3 : kept }).data)).toEqual(expected);
        }),
        { numRuns: 25 },
      );
    },
  );

  test.each(["0g01", "0g02", "0g04", "3p01", "3p02", "3p04"])("PngSuite's ibasn%s, interlaced, shows what basn%s shows", (name) => {
    const read = (file: string) =>
      decodeImage(new Uint8Array(readFileSync(new URL(`../../fixtures/png-suite/${file}.png`, import.meta.url))));
    expect(read(`ibasn${name}`)).toEqual(read(`basn${name}`));
  });

  test.each([2, 6] as const)("a palette suggested for colour type %i changes nothing", (colourType) => {
    const samples = [255, 0, 0, 7, 1, 2, 3, 4].slice(0, 2 * channelsOf[colourType]);
    const file = encode({ width: 2, height: 1, depth: 8, colourType, samples, palette: [9, 9, 9, 8, 8, 8] });
    expect(Array.from(decodeImage(file).data)).toEqual(colourType === 6 ? [255, 0, 0, 1, 2, 3] : [255, 0, 0, 7, 1, 2]);
  });

  const grey = { width: 1, height: 1, depth: 8, colourType: 0 } as const;
  const file = (...chunks: number[][]): Uint8Array => Uint8Array.from([...signature, ...chunks.flat()]);
  const dot = chunk("IDAT", zlibSync(Uint8Array.of(0, 5)));

  test("data that inflates to more than the picture is refused", () => {
    // A thousand times as much as there is: 10 MB of such data stand for 10 GB.
    const zeros = zlibSync(new Uint8Array(1e6));
    const bomb = file(header(grey), chunk("IDAT", zeros), chunk("IEND", []));
    expect(() => decodeImage(bomb, { name: "bomb.png" })).toThrow(/bomb.png to be a whole PNG, got: more than the 2 bytes of its rows/);
    // What is not shown is not inflated: a profile of colours, here one that is none.
    const profile = chunk("iCCP", [65, 0, 0, ...zeros.subarray(0, -100)]);
    expect(Array.from(decodeImage(file(header(grey), profile, dot, chunk("IEND", [])), { channels: 1 }).data)).toEqual([5]);
  });

  test("a size that its few bytes cannot fill gets no memory", () => {
    const huge = { ...grey, width: 9999, height: 9999 };
    expect(() => decodeImage(file(header(huge), dot, chunk("IEND", [])))).toThrow(/got: \d+ compressed bytes for 99990000 bytes of rows/);
  });

  test("the header comes first, once: no chunk before it or after it hides a size", () => {
    const huge = header({ ...grey, width: 60000, height: 60000 });
    const note = chunk("tEXt", [...new TextEncoder().encode("Comment"), 0, ...new Uint8Array(20)]);
    expect(() => decodeImage(file(note, huge, dot, chunk("IEND", [])))).toThrow(/got: tEXt where its header IHDR belongs/);
    expect(() => decodeImage(file(header(grey), huge, dot, chunk("IEND", [])))).toThrow(/got: a second IHDR/);
    expect(() => decodeImage(file(huge, dot, chunk("IEND", [])))).toThrow(/between 1 and 100000000 pixels, got 60000 × 60000/);
  });

  test("what a PNG must have, and have right, is named", () => {
    const end = chunk("IEND", []);
    const reject = (bytes: Uint8Array, reason: RegExp): void => {
      expect(() => decodeImage(bytes)).toThrow(DataError);
      expect(() => decodeImage(bytes)).toThrow(reason);
    };
    reject(file(header(grey), end), /got: no image data/);
    reject(file(header(grey), dot), /got: its end before IEND/);
    reject(file(header(grey), dot).subarray(0, -3), /got: its end within IDAT/);
    reject(file(header({ ...grey, depth: 4, colourType: 2 }), dot, end), /got: 4 bits of colour type 2/);
    reject(file(header({ ...grey, colourType: 5 as 0 }), dot, end), /got: 8 bits of colour type 5/);
    reject(file(header({ ...grey, colourType: 3 }), dot, end), /got: colour 5 of a palette of 0/);
    reject(file(header({ ...grey, colourType: 3 }), chunk("PLTE", [1, 2]), dot, end), /got: a palette of 2 bytes/);
    reject(file(header(grey), chunk("ABCD", []), dot, end), /got: a chunk ABCD that cannot be passed over/);
    reject(file(header(grey), chunk("IDAT", zlibSync(Uint8Array.of(5, 0))), end), /got: filter 5/);
    reject(file(header(grey), chunk("IDAT", zlibSync(Uint8Array.of(0))), end), /got: 1 of the 2 bytes of its rows/);
    const bent = file(header(grey), dot, end);
    bent[bent.length - 20]! ^= 1;
    reject(bent, /got: IDAT that does not fit its checksum/);
  });
});
