import { readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodeImage } from "./decode-image.ts";
import { isRgbJpeg } from "./jpeg-colours.ts";

const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../fixtures/images/dog/${name}`, import.meta.url)));

/** APP14 as Adobe writes it: version 100, two words of flags, the transform. */
const adobe = (transform: number): number[] => [
  0xff,
  0xee,
  0,
  14,
  ...Array.from("Adobe", (c) => c.charCodeAt(0)),
  0,
  100,
  0,
  0,
  0,
  0,
  transform,
];

/** `jpeg` with `segment` in the place of its JFIF segment, which ends at byte 20. */
const withSegment = (jpeg: Uint8Array, segment: readonly number[]): Uint8Array =>
  Uint8Array.from([0xff, 0xd8, ...segment, ...jpeg.subarray(20)]);

/** `jpeg` with other names for its three components, in the frame's header and in the scan's. */
function renamed(jpeg: Uint8Array, names: string): Uint8Array {
  const bytes = jpeg.slice();
  for (let at = 2; at < bytes.length; at += 2 + 256 * bytes[at + 2]! + bytes[at + 3]!) {
    const first = bytes[at + 1] === 0xc0 ? at + 10 : bytes[at + 1] === 0xda ? at + 5 : undefined;
    const step = bytes[at + 1] === 0xc0 ? 3 : 2;
    if (first !== undefined) for (let i = 0; i < 3; i++) bytes[first + i * step] = names.charCodeAt(i);
    if (bytes[at + 1] === 0xda) break;
  }
  return bytes;
}

/** ITU-T T.871, clause 7, cut off as bytes are. */
function fromYcc(data: Uint8Array): number[] {
  const byte = (value: number): number => Math.floor(Math.min(255, Math.max(0, value)));
  const colours: number[] = [];
  for (let i = 0; i < data.length; i += 3) {
    const [y, blue, red] = [data[i]!, data[i + 1]! - 128, data[i + 2]! - 128];
    colours.push(byte(y + 1.402 * red), byte(y - 0.3441363 * blue - 0.71413636 * red), byte(y + 1.772 * blue));
  }
  return colours;
}

describe("the colours of a JPEG", () => {
  test.each([
    ["Adobe's transform 0", withSegment(fixture("rgb_q90.jpg"), adobe(0)), "rgb_q90.jpg"],
    ["Adobe's transform 0, chroma halved", withSegment(fixture("rgb_420.jpg"), adobe(0)), "rgb_420.jpg"],
    ["names R, G and B", renamed(withSegment(fixture("rgb_q90.jpg"), []), "RGB"), "rgb_q90.jpg"],
  ])("are as stored with %s: converted by hand they are those that were luma and chroma", (_, file, original) => {
    expect(isRgbJpeg(file)).toBe(true);
    expect(fromYcc(decodeImage(file).data)).toEqual(Array.from(decodeImage(fixture(original)).data));
  });

  test.each([
    ["JFIF", fixture("rgb_q90.jpg")],
    [
      "JFIF, whatever Adobe's segment and the names say",
      Uint8Array.from([
        ...renamed(fixture("rgb_q90.jpg"), "RGB").subarray(0, 20),
        ...adobe(0),
        ...renamed(fixture("rgb_q90.jpg"), "RGB").subarray(20),
      ]),
    ],
    ["Adobe's transform 1, whatever the names", withSegment(renamed(fixture("rgb_q90.jpg"), "RGB"), adobe(1))],
    ["no segment", withSegment(fixture("rgb_q90.jpg"), [])],
  ])("are luma and chroma with %s", (_, file) => {
    expect(isRgbJpeg(file)).toBe(false);
    expect(decodeImage(file).data).toEqual(decodeImage(fixture("rgb_q90.jpg")).data);
  });

  test("are those that libjpeg reads", async () => {
    const stored = fixture("rgb_q90.jpg");
    const files = [
      withSegment(stored, adobe(0)),
      withSegment(stored, adobe(1)),
      renamed(withSegment(stored, []), "RGB"),
      withSegment(stored, []),
      stored,
    ];
    for (const file of files) {
      const reference = await sharp(file).raw().toBuffer();
      const off = decodeImage(file).data.map((value, i) => Math.abs(value - reference[i]!));
      // Another inverse transform, and truncation where libjpeg rounds.
      expect(Math.max(...off)).toBeLessThanOrEqual(4);
    }
  });

  test("of four components are not asked for, nor of one", () => {
    expect(isRgbJpeg(fixture("gray.jpg"))).toBe(false);
    expect(isRgbJpeg(withSegment(fixture("gray.jpg"), adobe(0)))).toBe(false);
  });
});
