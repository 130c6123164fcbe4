/**
 * Convolutions of stride 1 and 2, and their gradients by the input, at the points of winograd-transforms.ts. A kernel of stride 2 and 4 × 4 taps is four of
 * 2 × 2, one for each parity of row and column ("phases"), over the same tiles: of the image for the convolution, of the result for its gradient.
 *
 * One side of a convolution is a grid: image rows `step·i + phase + offset`, for i along a tile. Outside of the image is zero.
 */

import { int, pointer } from "./control";
import { rows } from "./generated/micro-kernels";
import { COLUMNS, ROWS, setResult, setRun, setSteps, setWidth } from "./micro-kernel-state";
import { transpose4 } from "./vectors";
import * as transform from "./winograd-transforms";

/** First words of the two grids among the arguments. */
export const SOURCE: i32 = 32;
export const TARGET: i32 = 40;

@inline function height(grid: i32): i32 { return int(grid); }
@inline function width(grid: i32): i32 { return int(grid + 1); }
@inline export function channels(grid: i32): i32 { return int(grid + 2); }
/** Rows and columns of phases. */
@inline export function phases(grid: i32): i32 { return int(grid + 3); }
@inline function step(grid: i32): i32 { return int(grid + 4); }
@inline function top(grid: i32): i32 { return int(grid + 5); }
@inline function left(grid: i32): i32 { return int(grid + 6); }

/**
 * Addresses of the `count` × `count` pixels of a tile, five a row; `outside` for those that are not in the image.
 * The n-th tile of all images, in tiles of `stride`; arguments 10 and 11: tiles down and across, 12 and 13: the first tile's place.
 */
export function aim(grid: i32, image: usize, n: i32, phase: i32, count: i32, stride: i32, outside: usize, list: usize): void {
  const h = height(grid), w = width(grid), pixel = <usize>channels(grid) << 2, by = step(grid);
  const down = int(10), across = int(11), ofImage = n / (down * across), rest = n % (down * across);
  const row = by * (int(12) + rest / across * stride) + phase / phases(grid) + top(grid);
  const column = by * (int(13) + rest % across * stride) + phase % phases(grid) + left(grid);
  image += <usize>ofImage * <usize>h * <usize>w * pixel;
  for (let i = 0; i < count; i++) {
    const y = row + i * by;
    for (let j = 0; j < count; j++) {
      const x = column + j * by;
      const inside = y >= 0 && y < h && x >= 0 && x < w;
      store<usize>(list + (<usize>j << 2), inside ? image + <usize>(y * w + x) * pixel : outside);
    }
    list += 20;
  }
}

/**
 * Taps at the points, packed in panels for the micro-kernel: [point][panel][k][8]. An item is a panel.
 * Arguments: 0 weight [kh, kw, in, out], 1 to, 2 taps of a phase along one side, 3 phases along one side, 4 in, 5 out, 6 scratch a thread,
 * 7 its bytes, 8 not 0: transposed and turned, for the gradient by the input: k runs over out, panels over phases and in.
 */
export function winogradWeights(begin: i32, end: i32, thread: i32): void {
  const taps = int(2), phaseSide = int(3), inChannels = int(4), outChannels = int(5), turned = int(8) != 0, side = taps * phaseSide;
  const matrix = <usize>(inChannels * outChannels) << 2, list = pointer(6) + <usize>thread * pointer(7), workspace = list + transform.LIST, block = workspace + transform.WORKSPACE;
  const all = phaseSide * phaseSide, perPhase = inChannels / COLUMNS;
  const k = turned ? outChannels : all * inChannels, panels = turned ? all * perPhase : outChannels / COLUMNS;
  const pointStep = (<usize>panels * <usize>k << 5) + transform.GAP;
  for (let panel = begin; panel < end; panel++) {
    let to = pointer(1) + (<usize>panel * <usize>k << 5);
    const lastPhase = turned ? panel / perPhase + 1 : all;
    for (let phase = turned ? panel / perPhase : 0; phase < lastPhase; phase++) {
      for (let u = 0; u < taps; u++) for (let v = 0; v < taps; v++) {
        const row = phaseSide * (turned ? taps - 1 - u : u) + phase / phaseSide, column = phaseSide * (turned ? taps - 1 - v : v) + phase % phaseSide;
        const tap = pointer(0) + <usize>(row * side + column) * matrix;
        store<usize>(list + (<usize>(u * 5 + v) << 2), turned ? block + <usize>(u * 5 + v) * 128 : tap + <usize>panel * 32);
        if (turned) store<usize>(list + (<usize>(u * 5 + v) << 2) + 104, tap + <usize>(panel % perPhase) * <usize>outChannels * 32);
      }
      if (!turned) for (let c = 0; c < inChannels; c++) {
        const at = <usize>c * <usize>outChannels << 2;
        transform.evaluateTaps(taps, list, at, workspace, to, pointStep);
        transform.evaluateTaps(taps, list, at + 16, workspace, to + 16, pointStep);
        to += 32;
      }
    }
    if (turned) for (let c = 0; c < outChannels; c += 4) {
      // Four output channels of eight input channels, turned round tap by tap.
      const pitch = <usize>outChannels << 2;
      for (let u = 0; u < taps; u++) for (let v = 0; v < taps; v++) {
        const n = u * 5 + v, from = load<usize>(list + (<usize>n << 2) + 104) + (<usize>c << 2), place = block + <usize>n * 128;
        transpose4(v128.load(from), v128.load(from + pitch), v128.load(from + 2 * pitch), v128.load(from + 3 * pitch), place, 32);
        transpose4(v128.load(from + 4 * pitch), v128.load(from + 5 * pitch), v128.load(from + 6 * pitch), v128.load(from + 7 * pitch), place + 16, 32);
      }
      for (let i: usize = 0; i < 4; i++) {
        transform.evaluateTaps(taps, list, i * 32, workspace, to, pointStep);
        transform.evaluateTaps(taps, list, i * 32 + 16, workspace, to + 16, pointStep);
        to += 32;
      }
    }
  }
}

/**
 * Tiles of the source to tiles of the target; an item is a block of tiles.
 * Arguments: 0 source, 1 weights at the points, 2 target, 3 bias or 0, 4 relu, 5 side of a target tile, 6 scratch a thread, 7 its bytes,
 * 8 tiles in all, 9 tiles a block, 10 to 13 as `aim` has them, 14 zeros of a source pixel; the grids.
 */
export function winograd(begin: i32, end: i32, thread: i32): void {
  const side = int(5), tiles = int(9), sourceChannels = channels(SOURCE), targetChannels = channels(TARGET);
  const sourcePhases = phases(SOURCE) * phases(SOURCE), targetPhases = phases(TARGET) * phases(TARGET);
  const k = sourcePhases * sourceChannels, perPhase = targetChannels / COLUMNS, panels = targetPhases * perPhase;
  const list = pointer(6) + <usize>thread * pointer(7), workspace = list + transform.LIST, targets = workspace + transform.WORKSPACE;
  const pitch = <usize>k << 2, result = <usize>panels << 5, spread = targets + <usize>(targetPhases * tiles) * 100;
  const pointStep = <usize>tiles * pitch + transform.GAP, productStep = <usize>tiles * result + transform.GAP, products = spread + transform.POINTS * pointStep;
  const panelBytes = <usize>k << 5, weightStep = <usize>panels * panelBytes + transform.GAP, zero = f32x4.splat(0);
  setSteps(4, 32);
  setWidth(COLUMNS);
  setResult(result, 0);
  setRun(k);
  for (let block = begin; block < end; block++) {
    const first = block * tiles, count = min(tiles, int(8) - first);
    for (let t = 0; t < count; t++) {
      for (let phase = 0; phase < sourcePhases; phase++) {
        aim(SOURCE, pointer(0), first + t, phase, transform.SIDE, side, pointer(14), list);
        const to = spread + <usize>t * pitch + (<usize>(phase * sourceChannels) << 2);
        for (let at: usize = 0; at < <usize>sourceChannels << 2; at += 16) transform.spreadTile(list, at, workspace, to + at, pointStep);
      }
      for (let phase = 0; phase < targetPhases; phase++) aim(TARGET, pointer(2), first + t, phase, side, side, 0, targets + <usize>(t * targetPhases + phase) * 100);
    }
    // Point by point: what the tiles have there stays in the cache while the weights pass by.
    for (let point = 0; point < transform.POINTS; point++) {
      const a = spread + <usize>point * pointStep, c = products + <usize>point * productStep, weights = pointer(1) + <usize>point * weightStep;
      for (let panel = 0; panel < panels; panel++) {
        const b = weights + <usize>panel * panelBytes, to = c + (<usize>panel << 5);
        for (let t = 0; t < count; t += ROWS) rows(min(ROWS, count - t), a + <usize>t * pitch, pitch, b, to + <usize>t * result, 0);
      }
    }
    for (let t = 0; t < count; t++) for (let phase = 0; phase < targetPhases; phase++) {
      const places = targets + <usize>(t * targetPhases + phase) * 100, tile = products + <usize>t * result + (<usize>(phase * targetChannels) << 2);
      for (let at: usize = 0; at < <usize>targetChannels << 2; at += 16) {
        transform.collectTile(side, tile + at, productStep, workspace);
        const bias = pointer(3) ? v128.load(pointer(3) + at) : zero;
        let place = places, from = workspace + transform.COLLECTED;
        for (let i = 0; i < side; i++) {
          for (let j: usize = 0; j < <usize>side; j++) {
            const to = load<usize>(place + (j << 2));
            if (!to) continue;
            let v = f32x4.add(v128.load(from + (j << 4)), bias);
            if (int(4)) v = f32x4.pmax(v, zero);
            v128.store(to + at, v);
          }
          place += 20;
          from += transform.COLLECTED_ROW;
        }
      }
    }
  }
}
