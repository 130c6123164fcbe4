/** The gradient of a convolution by its weights: the sum over windows runs inside the micro-kernel, over images as they lie. */

import { int, pointer } from "./control";
import { columns } from "./generated/micro-kernels";
import { ACCUMULATE, COLUMNS, ROWS, setLoops, setResult, setSteps, setWidth } from "./micro-kernel-state";
import * as window from "./windows";

/** Panels of 8 columns of `dy` for one band of windows of several images. */
function packGradient(dy: usize, images: i32, imagePitch: usize, windows: i32, pitch: usize, count: i32, to: usize): void {
  for (let image = 0; image < images; image++) {
    let from = dy + <usize>image * imagePitch;
    if (count == COLUMNS) for (let p = 0; p < windows; p++) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      to += 32;
      from += pitch;
    } else for (let p = 0; p < windows; p++) {
      for (let j = 0; j < COLUMNS; j++) store<f32>(to + (<usize>j << 2), j < count ? load<f32>(from + (<usize>j << 2)) : 0);
      to += 32;
      from += pitch;
    }
  }
}

/**
 * An item is one part of the batch; each part has its own sum, added up by `sumParts`.
 * Arguments: 0 x, 1 dy, 2 partial sums, 3 parts, 4 images at once, 5 rows a band (all of them when images at once > 1),
 * 6 scratch a thread, 7 its bytes, 8 bytes of it for padded images.
 */
export function filterGradient(begin: i32, end: i32, thread: i32): void {
  const batch = window.batch(), height = window.height(), width = window.width(), outHeight = window.outHeight(), outWidth = window.outWidth();
  const inChannels = window.inChannels(), outChannels = window.outChannels(), groups = window.groups();
  const groupIn = inChannels / groups, groupOut = outChannels / groups, panels = (groupOut + 7) >> 3;
  const kernelHeight = window.kernelHeight(), kernelWidth = window.kernelWidth(), strideHeight = window.strideHeight();
  const pixel = <usize>inChannels << 2, result = <usize>outChannels << 2;
  const outside = window.reachesOutside(), padded = pointer(6) + <usize>thread * pointer(7), packed = padded + pointer(8);
  const pitch = <usize>(outside ? window.coveredWidth() : width) * pixel;
  const imageBytes = <usize>height * <usize>width * pixel, gradientBytes = <usize>outHeight * <usize>outWidth * result;
  const across = <usize>window.strideWidth() * pixel, tapDown = <usize>window.dilationHeight() * pitch;
  const joined = groups == 1 && window.dilationWidth() == 1;
  const taps = joined ? 1 : kernelWidth, run = joined ? kernelWidth * inChannels : groupIn, tapAcross = <usize>window.dilationWidth() * pixel;
  const partBytes = <usize>(kernelHeight * kernelWidth * groupIn) * result;
  for (let part = begin; part < end; part++) {
    const partial = pointer(2) + <usize>part * partBytes;
    const firstImage = <i32>(<i64>batch * part / int(3)), endImage = <i32>(<i64>batch * (part + 1) / int(3));
    let mode: i32 = 0;
    if (firstImage == endImage || outHeight * outWidth == 0) memory.fill(partial, 0, partBytes);
    for (let image = firstImage; image < endImage; image += int(4)) {
      const images = min(int(4), endImage - image);
      for (let top = 0; top < outHeight; top += int(5)) {
        const count = min(int(5), outHeight - top);
        const firstRow = top * strideHeight - window.padTop(), covered = window.coveredHeight(count);
        let source = pointer(0) + <usize>image * imageBytes, imageStep = imageBytes;
        if (outside) {
          imageStep = <usize>covered * pitch;
          for (let i = 0; i < images; i++) window.copyPadded(source + <usize>i * imageBytes, firstRow, covered, padded + <usize>i * imageStep);
          source = padded;
        } else source += <usize>firstRow * pitch - <usize>window.padLeft() * pixel;
        const rowStep = <usize>strideHeight * pitch;
        setLoops(images, imageStep - <usize>count * rowStep, count, rowStep - <usize>outWidth * across, outWidth);
        setSteps(across, 32);
        setResult(result, mode);
        for (let group = 0; group < groups; group++) {
          for (let panel = 0; panel < panels; panel++) {
            const column = <usize>(group * groupOut + panel * COLUMNS) << 2, some = min(COLUMNS, groupOut - panel * COLUMNS);
            const dy = pointer(1) + <usize>image * gradientBytes + <usize>(top * outWidth) * result + column;
            packGradient(dy, images, gradientBytes, count * outWidth, result, some, packed);
            setWidth(some);
            for (let kh = 0; kh < kernelHeight; kh++) for (let tap = 0; tap < taps; tap++) {
              const a = source + <usize>kh * tapDown + <usize>tap * tapAcross + (<usize>(group * groupIn) << 2);
              const c = partial + <usize>((kh * taps + tap) * run) * result + column;
              for (let i = 0; i < run; i += ROWS) columns(min(ROWS, run - i), a + (<usize>i << 2), packed, c + <usize>i * result, 0);
            }
          }
        }
        mode = ACCUMULATE;
      }
    }
  }
}

/** Adds partial sums up; an item is 16 elements. Arguments: 0 partial sums, 1 bytes of one, 2 parts, 3 to. */
export function sumParts(begin: i32, end: i32, thread: i32): void {
  for (let i = <usize>begin << 6; i < <usize>end << 6; i += 16) {
    let p = pointer(0) + i, sum = v128.load(p);
    for (let part = 1; part < int(2); part++) {
      p += pointer(1);
      sum = f32x4.add(sum, v128.load(p));
    }
    v128.store(pointer(3) + i, sum);
  }
}
