/** The gradient of a convolution by its weights at the points of winograd-transforms.ts: both sides at the points, one product a point, and back to taps. */

import { int, pointer } from "./control";
import { columns } from "./generated/micro-kernels";
import { ACCUMULATE, COLUMNS, ROWS, setResult, setRun, setSteps, setWidth } from "./micro-kernel-state";
import { aim, channels, phases, SOURCE, TARGET } from "./winograd";
import * as transform from "./winograd-transforms";

/** Bytes of four rows of the left side, and of a panel of the right, over all tiles. */
@inline function leftRow(tiles: i32): usize { return (<usize>tiles << 4) + transform.GAP; }
@inline function rightPanel(tiles: i32): usize { return (<usize>tiles << 5) + transform.GAP; }

/** Tiles summed over in one call. Long sums are sums of such: they are rounded less, and a panel of so many gradients is 4 KiB. */
const RUN: i32 = 128;

/**
 * Tiles of x and of dy at the points, packed for the micro-kernel: [point][k / 4][tile][4] and [point][out / 8][tile][8]. An item is a tile.
 * Arguments: 0 x, 1 dy, 2 and 3 where the two go, 4 first tile, 5 side of a tile of dy, 6 scratch a thread, 7 its bytes, 8 tiles in all,
 * 10 to 13 as `aim` has them, 14 zeros of a pixel of either; the grids.
 */
export function winogradSides(begin: i32, end: i32, thread: i32): void {
  const side = int(5), sourceChannels = channels(SOURCE), all = phases(SOURCE) * phases(SOURCE), outChannels = channels(TARGET);
  const list = pointer(6) + <usize>thread * pointer(7), workspace = list + transform.LIST;
  const row = leftRow(int(8)), panel = rightPanel(int(8));
  const leftStep = <usize>(all * sourceChannels >> 2) * row + transform.GAP, rightStep = <usize>(outChannels >> 3) * panel + transform.GAP;
  for (let tile = begin; tile < end; tile++) {
    for (let phase = 0; phase < all; phase++) {
      aim(SOURCE, pointer(0), int(4) + tile, phase, transform.SIDE, side, pointer(14), list);
      let to = pointer(2) + <usize>(phase * sourceChannels >> 2) * row + (<usize>tile << 4);
      for (let at: usize = 0; at < <usize>sourceChannels << 2; at += 16) {
        transform.spreadTile(list, at, workspace, to, leftStep);
        to += row;
      }
    }
    aim(TARGET, pointer(1), int(4) + tile, 0, side, side, pointer(14), list);
    let to = pointer(3) + (<usize>tile << 5);
    for (let at: usize = 0; at < <usize>outChannels << 2; at += 32) {
      transform.evaluateTile(side, list, at, workspace, to, rightStep);
      transform.evaluateTile(side, list, at + 16, workspace, to + 16, rightStep);
      to += panel;
    }
  }
}

/** An item is a panel of 8 output channels at one point. Arguments: 0 and 1 what `winogradSides` left, 2 to [point][k][out], 3 k, 4 out, 5 tiles, 6 not 0: add to it. */
export function winogradSums(begin: i32, end: i32, thread: i32): void {
  const k = int(3), outChannels = int(4), tiles = int(5), panels = outChannels / COLUMNS, result = <usize>outChannels << 2;
  const row = leftRow(tiles), panelBytes = rightPanel(tiles);
  const leftStep = <usize>(k >> 2) * row + transform.GAP, rightStep = <usize>panels * panelBytes + transform.GAP, sumStep = <usize>k * result + transform.GAP;
  setSteps(16, 32);
  setWidth(COLUMNS);
  for (let item = begin; item < end; item++) {
    const point = item / panels, panel = item % panels;
    const a = pointer(0) + <usize>point * leftStep, b = pointer(1) + <usize>point * rightStep + <usize>panel * panelBytes;
    const c = pointer(2) + <usize>point * sumStep + (<usize>panel << 5);
    for (let tile = 0; tile < tiles; tile += RUN) {
      setRun(min(RUN, tiles - tile));
      setResult(result, tile > 0 || int(6) ? ACCUMULATE : 0);
      for (let i = 0; i < k; i += ROWS) columns(ROWS, a + <usize>(i >> 2) * row + (<usize>tile << 4), b + (<usize>tile << 5), c + <usize>i * result, 0);
    }
  }
}

/** Sums at the points to taps; an item is a row of them, one phase's input channel. Arguments: 0 sums [point][k][out], 1 dw, 2 taps of a phase along one side, 3 phases along one side, 4 in, 5 out, 6 scratch a thread, 7 its bytes. */
export function winogradTaps(begin: i32, end: i32, thread: i32): void {
  const taps = int(2), phaseSide = int(3), inChannels = int(4), outChannels = int(5), workspace = pointer(6) + <usize>thread * pointer(7);
  const row = <usize>outChannels << 2, step = <usize>(phaseSide * phaseSide * inChannels) * row + transform.GAP, side = taps * phaseSide;
  for (let item = begin; item < end; item++) {
    const phase = item / inChannels, from = pointer(0) + <usize>item * row;
    for (let at: usize = 0; at < row; at += 16) {
      transform.collectTaps(taps, from + at, step, workspace);
      for (let u = 0; u < taps; u++) for (let v = 0; v < taps; v++) {
        const tap = (phaseSide * u + phase / phaseSide) * side + phaseSide * v + phase % phaseSide;
        const value = v128.load(workspace + transform.COLLECTED + <usize>u * transform.COLLECTED_ROW + (<usize>v << 4));
        v128.store(pointer(1) + <usize>(tap * inChannels + item % inChannels) * row + at, value);
      }
    }
  }
}
