/**
 * Scaled dot-product attention and its gradient in tiles of the matrix of scores, which never exists as a whole.
 * Dao et al. 2022, arXiv:2205.14135; Dao 2023, arXiv:2307.08691.
 *
 * Keys (and values, on the way back) come packed as right sides `[panel][size][8 keys]`.
 */

import { float, int, pointer } from "./control";
import { columns, rows } from "./generated/micro-kernels";
import * as mathematics from "./mathematics";
import { ACCUMULATE, COLUMNS, ROWS, setResult, setRun, setSteps, setWidth } from "./micro-kernel-state";
import { keepLanes, maxLanes, storeSome, sumLanes } from "./vectors";

/** A tile: rows of queries by columns of keys, and the bytes of one of its rows. */
const TILE_ROWS: i32 = 32;
const TILE_COLUMNS: i32 = 64;
const PITCH: usize = 256;
const TILE_BYTES: usize = 8192;

// Arguments, shared by both directions. T time, S key time, D size.
@inline function queries(): usize { return pointer(0); }
@inline function keys(): usize { return pointer(1); }
@inline function values(): usize { return pointer(2); }
@inline function results(): usize { return pointer(3); }
@inline function logSums(): usize { return pointer(4); }
@inline function packedKeys(): usize { return pointer(5); }
@inline function headCount(): i32 { return int(6); }
@inline function keyHeadCount(): i32 { return int(7); }
@inline function timeCount(): i32 { return int(8); }
@inline function keyTimeCount(): i32 { return int(9); }
@inline function sizeOf(): i32 { return int(10); }
@inline function isCausal(): i32 { return int(12); }

/** Keys that row `t` sees: those before this one. */
@inline function visible(t: i32): i32 {
  return isCausal() ? max(0, min(keyTimeCount(), t + 1 + keyTimeCount() - timeCount())) : keyTimeCount();
}

/** `to [rows, 8 · panels] = left [rows, D] · panels`. */
function scoreTile(left: usize, count: i32, right: usize, panels: i32, to: usize): void {
  const size = sizeOf(), pitch = <usize>size << 2, panelBytes = <usize>size << 5;
  setRun(size);
  setSteps(4, 32);
  setResult(PITCH, 0);
  setWidth(COLUMNS);
  for (let p = 0; p < panels; p++) for (let i = 0; i < count; i += ROWS) {
    rows(min(ROWS, count - i), left + <usize>i * pitch, pitch, right + <usize>p * panelBytes, to + <usize>i * PITCH + (<usize>p << 5), 0);
  }
}

/** `to [rows, D] += tile [rows, steps] · right [steps, D]`. */
function addTile(tile: usize, count: i32, steps: i32, right: usize, to: usize): void {
  const size = sizeOf(), pitch = <usize>size << 2;
  setRun(steps);
  setSteps(4, pitch);
  setResult(pitch, ACCUMULATE);
  for (let column = 0; column < size; column += COLUMNS) {
    const at = <usize>column << 2;
    setWidth(min(COLUMNS, size - column));
    for (let i = 0; i < count; i += ROWS) rows(min(ROWS, count - i), tile + <usize>i * PITCH, PITCH, right + at, to + <usize>i * pitch + at, 0);
  }
}

/** `to [count, D] += tile [steps, count]ᵀ · right [steps, D]`. */
function addTransposedTile(tile: usize, count: i32, steps: i32, right: usize, to: usize): void {
  const size = sizeOf(), pitch = <usize>size << 2;
  setRun(steps);
  setSteps(PITCH, pitch);
  setResult(pitch, ACCUMULATE);
  for (let column = 0; column < size; column += COLUMNS) {
    const at = <usize>column << 2;
    setWidth(min(COLUMNS, size - column));
    for (let i = 0; i < count; i += ROWS) columns(min(ROWS, count - i), tile + (<usize>i << 2), right + at, to + <usize>i * pitch + at, 0);
  }
}

/** Multiplies `count` elements, and writes nothing past them. */
function scaleRow(row: usize, count: i32, factor: f32): void {
  const f = f32x4.splat(factor);
  for (; count >= 4; count -= 4) {
    v128.store(row, f32x4.mul(v128.load(row), f));
    row += 16;
  }
  if (count > 0) storeSome(row, f32x4.mul(v128.load(row), f), count);
}

/** The largest of the first `count` scores of a row. */
function largest(row: usize, count: i32): f32 {
  const lowest = f32x4.splat(-Infinity);
  let m = lowest;
  for (; count >= 4; count -= 4) {
    m = f32x4.max(m, v128.load(row));
    row += 16;
  }
  if (count > 0) m = f32x4.max(m, v128.bitselect(v128.load(row), lowest, i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3))));
  return maxLanes(m);
}

/** Scores become exp(scale · score − shift), zero from `count` up to `width`. Returns their sum. */
function weigh(row: usize, count: i32, width: i32, scale: f32, shift: f32): f32 {
  const s = f32x4.splat(scale), minus = f32x4.splat(shift);
  let sum = f32x4.splat(0);
  for (let left = count; left > 0; left -= 4) {
    let e = mathematics.expFlushed(f32x4.sub(f32x4.mul(v128.load(row), s), minus));
    if (left < 4) e = keepLanes(e, left);
    v128.store(row, e);
    sum = f32x4.add(sum, e);
    row += 16;
  }
  for (let left = width - max(0, (count + 3) & ~3); left > 0; left -= 4) {
    v128.store(row, f32x4.splat(0));
    row += 16;
  }
  return sumLanes(sum);
}

/**
 * An item is (batch, head, tile of rows). Arguments: 0 query, 1 key, 2 value, 3 y, 4 log of the sum of exponentials, 5 packed keys,
 * 6 heads, 7 key heads, 8 time, 9 key time, 10 size, 11 scale, 12 causal, 13 scratch a thread, 14 its bytes.
 */
export function attention(begin: i32, end: i32, thread: i32): void {
  const time = timeCount(), keyTime = keyTimeCount(), size = sizeOf(), heads = headCount(), scale = float(11);
  const tile = pointer(13) + <usize>thread * pointer(14), tops = tile + TILE_BYTES, sums = tops + (TILE_ROWS << 2);
  const pitch = <usize>size << 2, panelBytes = <usize>size << 5, tilesDown = (time + TILE_ROWS - 1) / TILE_ROWS;
  const headPanels = <usize>((keyTime + 7) >> 3) * panelBytes;
  for (let item = begin; item < end; item++) {
    const head = item / tilesDown, first = (item % tilesDown) * TILE_ROWS, count = min(TILE_ROWS, time - first);
    const keyHead = <usize>(head / heads * keyHeadCount() + (head % heads) * keyHeadCount() / heads);
    const row0 = <usize>head * <usize>time + <usize>first, q = queries() + row0 * pitch, y = results() + row0 * pitch;
    memory.fill(y, 0, <usize>count * pitch);
    for (let i = 0; i < count; i++) {
      store<f32>(tops + (<usize>i << 2), -Infinity);
      store<f32>(sums + (<usize>i << 2), 0);
    }
    const limit = visible(first + count - 1);
    for (let column = 0; column < limit; column += TILE_COLUMNS) {
      const width = min(TILE_COLUMNS, limit - column), panels = (width + 7) >> 3;
      scoreTile(q, count, packedKeys() + keyHead * headPanels + <usize>(column >> 3) * panelBytes, panels, tile);
      for (let i = 0; i < count; i++) {
        const row = tile + <usize>i * PITCH, seen = min(width, visible(first + i) - column), topAt = tops + (<usize>i << 2);
        if (seen <= 0) {
          memory.fill(row, 0, <usize>panels << 5);
          continue;
        }
        const before = load<f32>(topAt);
        // Scaled after the maximum was found among scores of the scale's sign.
        let top = scale < 0 ? smallestScaled(row, seen, scale) : largest(row, seen) * scale;
        top = max<f32>(before, top);
        // Where all that was seen is −∞, subtracting it would give NaN: the weights are 0 then.
        const shift: f32 = top == -Infinity ? 0 : top;
        const sum = weigh(row, seen, panels << 3, scale, shift);
        const sumAt = sums + (<usize>i << 2);
        if (before != top && before != -Infinity) {
          const keep = f32x4.extract_lane(mathematics.expFlushed(f32x4.splat(before - shift)), 0);
          scaleRow(y + <usize>i * pitch, size, keep);
          store<f32>(sumAt, load<f32>(sumAt) * keep + sum);
        } else store<f32>(sumAt, load<f32>(sumAt) + sum);
        store<f32>(topAt, top);
      }
      addTile(tile, count, width, values() + (keyHead * <usize>keyTime + <usize>column) * pitch, y);
    }
    for (let i = 0; i < count; i++) {
      const sum = load<f32>(sums + (<usize>i << 2)), top = load<f32>(tops + (<usize>i << 2));
      // A row that sees nothing gives zeros.
      if (sum != 0) scaleRow(y + <usize>i * pitch, size, 1 / sum);
      store<f32>(logSums() + (row0 + <usize>i << 2), sum == 0 ? -Infinity : top + f32x4.extract_lane(mathematics.log(f32x4.splat(sum)), 0));
    }
  }
}

/** The largest of scale · score for a negative scale. */
function smallestScaled(row: usize, count: i32, scale: f32): f32 {
  let result: f32 = -Infinity;
  for (let i = 0; i < count; i++) result = max<f32>(result, load<f32>(row + (<usize>i << 2)) * scale);
  return result;
}

/** Σ a·b over `count` elements. */
function dot(a: usize, b: usize, count: i32): f32 {
  let sum = f32x4.splat(0);
  for (; count >= 4; count -= 4) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
  }
  if (count > 0) sum = f32x4.add(sum, keepLanes(f32x4.mul(v128.load(a), v128.load(b)), count));
  return sumLanes(sum);
}

/** Weights p and their gradients dp become scale · p · (dp − mean), in place of dp. */
function scoreGradient(p: usize, dp: usize, width: i32, mean: f32, scale: f32): void {
  const m = f32x4.splat(mean), s = f32x4.splat(scale);
  for (; width > 0; width -= 4) {
    v128.store(dp, f32x4.mul(f32x4.mul(v128.load(p), f32x4.sub(v128.load(dp), m)), s));
    p += 16;
    dp += 16;
  }
}

/**
 * An item is (batch, key head), with every head that reads it: nobody else adds to its gradients, and the order of additions is fixed.
 * Arguments as `attention`, and 15 g, 16 packed values, 17 dquery, 18 dkey, 19 dvalue.
 */
export function attentionGradient(begin: i32, end: i32, thread: i32): void {
  const time = timeCount(), keyTime = keyTimeCount(), size = sizeOf(), heads = headCount(), keyHeads = keyHeadCount(), scale = float(11);
  const weights = pointer(13) + <usize>thread * pointer(14), slopes = weights + TILE_BYTES, means = slopes + TILE_BYTES;
  const pitch = <usize>size << 2, panelBytes = <usize>size << 5, shared = heads / keyHeads;
  const headPanels = <usize>((keyTime + 7) >> 3) * panelBytes, keyBytes = <usize>keyTime * pitch;
  for (let item = begin; item < end; item++) {
    const keyHead = <usize>item, key = keys() + keyHead * keyBytes, dkey = pointer(18) + keyHead * keyBytes, dvalue = pointer(19) + keyHead * keyBytes;
    memory.fill(dkey, 0, keyBytes);
    memory.fill(dvalue, 0, keyBytes);
    const firstHead = item / keyHeads * heads + (item % keyHeads) * shared;
    for (let head = firstHead; head < firstHead + shared; head++) for (let first = 0; first < time; first += TILE_ROWS) {
      const count = min(TILE_ROWS, time - first), row0 = <usize>head * <usize>time + <usize>first;
      const q = queries() + row0 * pitch, g = pointer(15) + row0 * pitch, dq = pointer(17) + row0 * pitch;
      memory.fill(dq, 0, <usize>count * pitch);
      for (let i = 0; i < count; i++) {
        const at = <usize>i * pitch;
        store<f32>(means + (<usize>i << 2), dot(g + at, results() + row0 * pitch + at, size));
      }
      const limit = visible(first + count - 1);
      for (let column = 0; column < limit; column += TILE_COLUMNS) {
        const width = min(TILE_COLUMNS, limit - column), panels = (width + 7) >> 3, from = keyHead * headPanels + <usize>(column >> 3) * panelBytes;
        const at = <usize>column * pitch;
        scoreTile(q, count, packedKeys() + from, panels, weights);
        for (let i = 0; i < count; i++) {
          const seen = min(width, visible(first + i) - column), logSum = load<f32>(logSums() + (row0 + <usize>i << 2));
          // A row that sees nothing has no weights.
          weigh(weights + <usize>i * PITCH, logSum == -Infinity ? 0 : max(0, seen), panels << 3, scale, logSum);
        }
        addTransposedTile(weights, width, count, g, dvalue + at);
        scoreTile(g, count, pointer(16) + from, panels, slopes);
        for (let i = 0; i < count; i++) {
          const row = <usize>i * PITCH;
          scoreGradient(weights + row, slopes + row, panels << 3, load<f32>(means + (<usize>i << 2)), scale);
        }
        addTransposedTile(slopes, width, count, q, dkey + at);
        addTile(slopes, count, width, key + at, dq);
      }
    }
  }
}
