/**
 * Convolutions with fewer multiplications, where that pays: by tiles at five points a side (assembly/winograd-transforms.ts).
 * Winograd 1980; Lavin and Gray 2015, arXiv:1509.09308.
 */

import type { ConvGeometry, Epilogue } from "@dl/core";
import type { Engine } from "../engine.ts";
import { aligned } from "../heap.ts";

/** Points of a tile, and bytes between two of them, of a list of addresses and of the working space: as in assembly/winograd-transforms.ts. */
const points = 25;
const gap = 64;
const listBytes = 256;
const workspaceBytes = 800;
/** First words of the two grids among the arguments, as in assembly/winograd.ts. */
const sourceWord = 32;
const targetWord = 40;
/** Bytes that the tiles of one block may take at the points, before and after the product: a share of a third-level cache. */
const blockBytes = 4 * 2 ** 20;
/** Bytes that both sides of a filter gradient may take at the points at a time. */
const sidesBytes = 32 * 2 ** 20;
/** Nanoseconds of one thread: a multiply-add of the micro-kernel; a number of a tile there and back; a tap to the points. */
const multiplyTime = 1 / 12;
const transformTime = 6;
const tapTime = 2;
/** Share of the direct way's time that must be enough: its sums are rounded less. */
const worthwhile = 0.8;

/** Which taps and tiles: a convolution of stride s is s² of stride 1, over the image's rows and columns of one parity. */
export interface Tiling {
  /** Taps of a phase along one side. */
  readonly taps: number;
  /** Phases along one side: the stride. */
  readonly phases: number;
  /** Side of a tile of results. */
  readonly side: number;
}

/** One side of a convolution: image rows `step · i + phase + top`. */
interface Grid {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly phases: number;
  readonly step: number;
  readonly top: number;
  readonly left: number;
}

/** Where the tiles of an image lie. */
interface Tiles {
  readonly down: number;
  readonly across: number;
  readonly firstRow: number;
  readonly firstColumn: number;
}

/** The tiling of a geometry whose kernel is square, of 2 or 3 taps a phase, and whose channels are whole panels; else undefined. */
function tilingOf(g: ConvGeometry): Tiling | undefined {
  const { strideHeight: phases, kernelHeight } = g;
  const taps = kernelHeight / phases;
  const isSquare = kernelHeight === g.kernelWidth && phases === g.strideWidth && g.dilationHeight === 1 && g.dilationWidth === 1;
  const isWhole = g.groups === 1 && g.inChannels % 8 === 0 && g.outChannels % 8 === 0;
  if (!isSquare || !isWhole || phases > 2 || (taps !== 2 && taps !== 3)) return undefined;
  return { taps, phases, side: 6 - taps };
}

/** Tiles over the results of the convolution. */
function tilesOfResult(g: ConvGeometry, { side }: Tiling): Tiles {
  return { down: Math.ceil(g.outHeight / side), across: Math.ceil(g.outWidth / side), firstRow: 0, firstColumn: 0 };
}

/** Tiles over the image's phases. */
function tilesOfImage(g: ConvGeometry, { side, phases }: Tiling): Tiles {
  const [firstRow, firstColumn] = [Math.floor(g.padTop / phases), Math.floor(g.padLeft / phases)];
  const rows = Math.ceil((g.height + g.padTop) / phases) - firstRow;
  const columns = Math.ceil((g.width + g.padLeft) / phases) - firstColumn;
  return { down: Math.ceil(rows / side), across: Math.ceil(columns / side), firstRow, firstColumn };
}

/** Numbers a tile has on either side of the product. */
const depthsOf = (g: ConvGeometry, { phases }: Tiling) => ({ image: phases * phases * g.inChannels, result: g.outChannels });

/** The tiling, if it pays for so many tiles. */
function worthwhileTiling(g: ConvGeometry, tilesOf: (g: ConvGeometry, tiling: Tiling) => Tiles): Tiling | undefined {
  const tiling = tilingOf(g);
  if (tiling === undefined) return undefined;
  const { down, across } = tilesOf(g, tiling);
  const { image, result } = depthsOf(g, tiling);
  const tiles = g.batch * down * across;
  const product = points * image * result;
  const direct = g.batch * g.outHeight * g.outWidth * tiling.taps ** 2 * image * result * multiplyTime;
  const here = tiles * (product * multiplyTime + (image + result) * transformTime) + product * tapTime;
  return here < worthwhile * direct ? tiling : undefined;
}

export const tilingForResult = (g: ConvGeometry): Tiling | undefined => worthwhileTiling(g, tilesOfResult);
export const tilingForImage = (g: ConvGeometry): Tiling | undefined => worthwhileTiling(g, tilesOfImage);

const imageGrid = (g: ConvGeometry, { phases }: Tiling): Grid => ({
  ...{ height: g.height, width: g.width, channels: g.inChannels, phases, step: phases, top: -g.padTop, left: -g.padLeft },
});
const resultGrid = (g: ConvGeometry, offset: number): Grid => ({
  ...{ height: g.outHeight, width: g.outWidth, channels: g.outChannels, phases: 1, step: 1, top: offset, left: offset },
});

function writeGrid(engine: Engine, word: number, { height, width, channels, phases, step, top, left }: Grid): void {
  [height, width, channels, phases, step, top, left].forEach((value, i) => {
    engine.setAt(word + i, value);
  });
}

function writeTiles(engine: Engine, { down, across, firstRow, firstColumn }: Tiles, zeros: number): void {
  [down, across, firstRow, firstColumn, zeros].forEach((value, i) => {
    engine.setAt(10 + i, value);
  });
}

/** What stands for a pixel outside of the image. */
function takeZeros(engine: Engine, channels: number): { readonly zeros: number; readonly zeroBytes: number } {
  const zeroBytes = channels * 4;
  const zeros = engine.heap.take(zeroBytes, "conv2d");
  new Float32Array(engine.buffer, zeros, channels).fill(0);
  return { zeros, zeroBytes };
}

/** A convolution and how it is cut. */
export interface Cut {
  readonly g: ConvGeometry;
  readonly tiling: Tiling;
}

interface Product extends Cut {
  readonly source: number;
  readonly weight: number;
  readonly target: number;
  readonly epilogue: Epilogue<number>;
  readonly tiles: Tiles;
  readonly sourceGrid: Grid;
  readonly targetGrid: Grid;
  /** Taps from the last to the first, from result to image. */
  readonly isTurned: boolean;
}

/** Tiles of the source, times the weights, to tiles of the target. */
function product(engine: Engine, { g, tiling, source, weight, target, ...options }: Product): void {
  const { epilogue, tiles, sourceGrid, targetGrid, isTurned } = options;
  const { heap, threads } = engine;
  const { image, result } = depthsOf(g, tiling);
  const depth = isTurned ? result : image;
  const panels = (isTurned ? image : result) / 8;
  const weightBytes = points * (panels * depth * 32 + gap);
  const packed = heap.take(weightBytes, "conv2d");
  const tapBytes = aligned(listBytes + workspaceBytes + 13 * 128);
  const tapScratch = heap.take(tapBytes * threads, "conv2d");
  const sizes = [tiling.taps, tiling.phases, g.inChannels, g.outChannels];
  engine.set(weight, packed, ...sizes, tapScratch, tapBytes, isTurned ? 1 : 0);
  engine.run("winogradWeights", { total: panels, cost: image * result * points * tapTime });
  heap.give(tapScratch, tapBytes * threads);

  const count = g.batch * tiles.down * tiles.across;
  // Whole rows of the micro-kernel; enough blocks for all threads.
  const some = Math.min(blockBytes / (points * (image + result) * 4), count / (threads * 2));
  const block = Math.max(4, Math.floor(some / 4) * 4);
  const phases = targetGrid.phases ** 2;
  const scratchBytes = aligned(listBytes + workspaceBytes + phases * block * 100 + points * (block * (image + result) * 4 + 2 * gap));
  const scratch = heap.take(scratchBytes * threads, "conv2d");
  const { zeros, zeroBytes } = takeZeros(engine, sourceGrid.channels);
  const relu = epilogue.activation === "relu" ? 1 : 0;
  engine.set(source, packed, target, epilogue.bias?.buffer ?? 0, relu, tiling.side, scratch, scratchBytes, count, block);
  writeTiles(engine, tiles, zeros);
  writeGrid(engine, sourceWord, sourceGrid);
  writeGrid(engine, targetWord, targetGrid);
  engine.run("winograd", { total: Math.ceil(count / block), cost: count * points * image * result * multiplyTime });
  heap.give(zeros, zeroBytes);
  heap.give(scratch, scratchBytes * threads);
  heap.give(packed, weightBytes);
}

export interface ForwardOperands extends Cut {
  readonly x: number;
  readonly weight: number;
  readonly y: number;
  readonly epilogue: Epilogue<number>;
}

/** The convolution. */
export function winogradForward(engine: Engine, { g, tiling, x, weight, y, epilogue }: ForwardOperands): void {
  product(engine, {
    ...{ g, tiling, source: x, weight, target: y, epilogue, tiles: tilesOfResult(g, tiling), isTurned: false },
    ...{ sourceGrid: imageGrid(g, tiling), targetGrid: resultGrid(g, 0) },
  });
}

export interface InputGradientOperands extends Cut {
  readonly dy: number;
  readonly weight: number;
  readonly dx: number;
}

/** Its gradient by the input. */
export function winogradInputGradient(engine: Engine, { g, tiling, dy, weight, dx }: InputGradientOperands): void {
  product(engine, {
    ...{ g, tiling, source: dy, weight, target: dx, epilogue: {}, tiles: tilesOfImage(g, tiling), isTurned: true },
    ...{ sourceGrid: resultGrid(g, 1 - tiling.taps), targetGrid: imageGrid(g, tiling) },
  });
}

export interface FilterGradientOperands extends Cut {
  readonly x: number;
  readonly dy: number;
  readonly dw: number;
}

/** Its gradient by the weights: the images in groups, whose sums are added up at the points. */
export function winogradFilterGradient(engine: Engine, { g, tiling, x, dy, dw }: FilterGradientOperands): void {
  const { heap, threads } = engine;
  const use = "conv2dFilterGradient";
  const { image, result } = depthsOf(g, tiling);
  const tiles = tilesOfResult(g, tiling);
  const count = g.batch * tiles.down * tiles.across;
  const group = Math.min(count, Math.max(1, Math.floor(sidesBytes / (points * (image + result) * 4))));
  const sumBytes = points * (image * result * 4 + gap);
  const sums = heap.take(sumBytes, use);
  const leftBytes = points * ((image / 4) * (group * 16 + gap) + gap);
  const rightBytes = points * ((result / 8) * (group * 32 + gap) + gap);
  const left = heap.take(leftBytes, use);
  const right = heap.take(rightBytes, use);
  const scratchBytes = aligned(listBytes + workspaceBytes);
  const scratch = heap.take(scratchBytes * threads, use);
  const { zeros, zeroBytes } = takeZeros(engine, Math.max(g.inChannels, g.outChannels));
  for (let first = 0; first < count; first += group) {
    const some = Math.min(group, count - first);
    engine.set(x, dy, left, right, first, tiling.side, scratch, scratchBytes, some);
    writeTiles(engine, tiles, zeros);
    writeGrid(engine, sourceWord, imageGrid(g, tiling));
    writeGrid(engine, targetWord, resultGrid(g, 0));
    engine.run("winogradSides", { total: some, cost: some * (image + result) * transformTime });
    engine.set(left, right, sums, image, result, some, first > 0 ? 1 : 0);
    engine.run("winogradSums", { total: (points * result) / 8, cost: some * points * image * result * multiplyTime });
  }
  engine.set(sums, dw, tiling.taps, tiling.phases, g.inChannels, g.outChannels, scratch, scratchBytes);
  engine.run("winogradTaps", { total: image, cost: image * result * points * 0.5 });
  heap.give(zeros, zeroBytes);
  heap.give(scratch, scratchBytes * threads);
  heap.give(right, rightBytes);
  heap.give(left, leftBytes);
  heap.give(sums, sumBytes);
}
