/** Written by assembly/generate-gemm.ts; run `pnpm --filter @dl/backend-wasm kernels`. */

import { madd, storeColumns } from "../vectors";
import { ACCUMULATE, BIAS, RELU, width, leftStep, length, mode, outer, outerSkip, resultPitch, rightStep, segments, segmentSkip } from "../micro-kernel-state";

export function columns1(a: usize, b: usize, c: usize, bias: usize): void {
  let c00 = f32x4.splat(0); let c01 = f32x4.splat(0); 
  let l: v128, r0: v128, r1: v128;
  const step = rightStep, steps = length; const across = leftStep;
  for (let o = outer; o > 0; --o) {
    for (let s = segments; s > 0; --s) {
      for (let k = steps; k > 0; --k) {
        r0 = v128.load(b); r1 = v128.load(b, 16);
        l = v128.load32_splat(a, 0); c00 = madd(l, r0, c00); c01 = madd(l, r1, c01); 
        
        b += step; a += across;
      }
      a += segmentSkip;
    }
    a += outerSkip;
  }
  const pitch = resultPitch, how = mode;
  if (how & ACCUMULATE) {
    let p = c;
    c00 = f32x4.add(c00, v128.load(p, 0)); c01 = f32x4.add(c01, v128.load(p, 16)); p += pitch;
    
  }
  if (how & BIAS) {
    r0 = v128.load(bias); r1 = v128.load(bias, 16);
    c00 = f32x4.add(c00, r0); c01 = f32x4.add(c01, r1); 
  }
  if (how & RELU) {
    // pmax(x, 0) is x < 0 ? 0 : x, which keeps a NaN.
    l = f32x4.splat(0);
    c00 = f32x4.pmax(c00, l); c01 = f32x4.pmax(c01, l); 
  }
  if (width < 8) {
    storeColumns(c, c00, c01, width); c += pitch; 
  } else {
    v128.store(c, c00, 0); v128.store(c, c01, 16); c += pitch; 
  }
}

export function columns2(a: usize, b: usize, c: usize, bias: usize): void {
  let c00 = f32x4.splat(0); let c01 = f32x4.splat(0); let c10 = f32x4.splat(0); let c11 = f32x4.splat(0); 
  let l: v128, r0: v128, r1: v128;
  const step = rightStep, steps = length; const across = leftStep;
  for (let o = outer; o > 0; --o) {
    for (let s = segments; s > 0; --s) {
      for (let k = steps; k > 0; --k) {
        r0 = v128.load(b); r1 = v128.load(b, 16);
        l = v128.load32_splat(a, 0); c00 = madd(l, r0, c00); c01 = madd(l, r1, c01); 
        l = v128.load32_splat(a, 4); c10 = madd(l, r0, c10); c11 = madd(l, r1, c11); 
        
        b += step; a += across;
      }
      a += segmentSkip;
    }
    a += outerSkip;
  }
  const pitch = resultPitch, how = mode;
  if (how & ACCUMULATE) {
    let p = c;
    c00 = f32x4.add(c00, v128.load(p, 0)); c01 = f32x4.add(c01, v128.load(p, 16)); p += pitch;
    c10 = f32x4.add(c10, v128.load(p, 0)); c11 = f32x4.add(c11, v128.load(p, 16)); p += pitch;
    
  }
  if (how & BIAS) {
    r0 = v128.load(bias); r1 = v128.load(bias, 16);
    c00 = f32x4.add(c00, r0); c01 = f32x4.add(c01, r1); c10 = f32x4.add(c10, r0); c11 = f32x4.add(c11, r1); 
  }
  if (how & RELU) {
    // pmax(x, 0) is x < 0 ? 0 : x, which keeps a NaN.
    l = f32x4.splat(0);
    c00 = f32x4.pmax(c00, l); c01 = f32x4.pmax(c01, l); c10 = f32x4.pmax(c10, l); c11 = f32x4.pmax(c11, l); 
  }
  if (width < 8) {
    storeColumns(c, c00, c01, width); c += pitch; storeColumns(c, c10, c11, width); c += pitch; 
  } else {
    v128.store(c, c00, 0); v128.store(c, c01, 16); c += pitch; v128.store(c, c10, 0); v128.store(c, c11, 16); c += pitch; 
  }
}

export function columns3(a: usize, b: usize, c: usize, bias: usize): void {
  let c00 = f32x4.splat(0); let c01 = f32x4.splat(0); let c10 = f32x4.splat(0); let c11 = f32x4.splat(0); let c20 = f32x4.splat(0); let c21 = f32x4.splat(0); 
  let l: v128, r0: v128, r1: v128;
  const step = rightStep, steps = length; const across = leftStep;
  for (let o = outer; o > 0; --o) {
    for (let s = segments; s > 0; --s) {
      for (let k = steps; k > 0; --k) {
        r0 = v128.load(b); r1 = v128.load(b, 16);
        l = v128.load32_splat(a, 0); c00 = madd(l, r0, c00); c01 = madd(l, r1, c01); 
        l = v128.load32_splat(a, 4); c10 = madd(l, r0, c10); c11 = madd(l, r1, c11); 
        l = v128.load32_splat(a, 8); c20 = madd(l, r0, c20); c21 = madd(l, r1, c21); 
        
        b += step; a += across;
      }
      a += segmentSkip;
    }
    a += outerSkip;
  }
  const pitch = resultPitch, how = mode;
  if (how & ACCUMULATE) {
    let p = c;
    c00 = f32x4.add(c00, v128.load(p, 0)); c01 = f32x4.add(c01, v128.load(p, 16)); p += pitch;
    c10 = f32x4.add(c10, v128.load(p, 0)); c11 = f32x4.add(c11, v128.load(p, 16)); p += pitch;
    c20 = f32x4.add(c20, v128.load(p, 0)); c21 = f32x4.add(c21, v128.load(p, 16)); p += pitch;
    
  }
  if (how & BIAS) {
    r0 = v128.load(bias); r1 = v128.load(bias, 16);
    c00 = f32x4.add(c00, r0); c01 = f32x4.add(c01, r1); c10 = f32x4.add(c10, r0); c11 = f32x4.add(c11, r1); c20 = f32x4.add(c20, r0); c21 = f32x4.add(c21, r1); 
  }
  if (how & RELU) {
    // pmax(x, 0) is x < 0 ? 0 : x, which keeps a NaN.
    l = f32x4.splat(0);
    c00 = f32x4.pmax(c00, l); c01 = f32x4.pmax(c01, l); c10 = f32x4.pmax(c10, l); c11 = f32x4.pmax(c11, l); c20 = f32x4.pmax(c20, l); c21 = f32x4.pmax(c21, l); 
  }
  if (width < 8) {
    storeColumns(c, c00, c01, width); c += pitch; storeColumns(c, c10, c11, width); c += pitch; storeColumns(c, c20, c21, width); c += pitch; 
  } else {
    v128.store(c, c00, 0); v128.store(c, c01, 16); c += pitch; v128.store(c, c10, 0); v128.store(c, c11, 16); c += pitch; v128.store(c, c20, 0); v128.store(c, c21, 16); c += pitch; 
  }
}

export function columns4(a: usize, b: usize, c: usize, bias: usize): void {
  let c00 = f32x4.splat(0); let c01 = f32x4.splat(0); let c10 = f32x4.splat(0); let c11 = f32x4.splat(0); let c20 = f32x4.splat(0); let c21 = f32x4.splat(0); let c30 = f32x4.splat(0); let c31 = f32x4.splat(0); 
  let l: v128, r0: v128, r1: v128;
  const step = rightStep, steps = length; const across = leftStep;
  for (let o = outer; o > 0; --o) {
    for (let s = segments; s > 0; --s) {
      for (let k = steps; k > 0; --k) {
        r0 = v128.load(b); r1 = v128.load(b, 16);
        l = v128.load32_splat(a, 0); c00 = madd(l, r0, c00); c01 = madd(l, r1, c01); 
        l = v128.load32_splat(a, 4); c10 = madd(l, r0, c10); c11 = madd(l, r1, c11); 
        l = v128.load32_splat(a, 8); c20 = madd(l, r0, c20); c21 = madd(l, r1, c21); 
        l = v128.load32_splat(a, 12); c30 = madd(l, r0, c30); c31 = madd(l, r1, c31); 
        
        b += step; a += across;
      }
      a += segmentSkip;
    }
    a += outerSkip;
  }
  const pitch = resultPitch, how = mode;
  if (how & ACCUMULATE) {
    let p = c;
    c00 = f32x4.add(c00, v128.load(p, 0)); c01 = f32x4.add(c01, v128.load(p, 16)); p += pitch;
    c10 = f32x4.add(c10, v128.load(p, 0)); c11 = f32x4.add(c11, v128.load(p, 16)); p += pitch;
    c20 = f32x4.add(c20, v128.load(p, 0)); c21 = f32x4.add(c21, v128.load(p, 16)); p += pitch;
    c30 = f32x4.add(c30, v128.load(p, 0)); c31 = f32x4.add(c31, v128.load(p, 16)); p += pitch;
    
  }
  if (how & BIAS) {
    r0 = v128.load(bias); r1 = v128.load(bias, 16);
    c00 = f32x4.add(c00, r0); c01 = f32x4.add(c01, r1); c10 = f32x4.add(c10, r0); c11 = f32x4.add(c11, r1); c20 = f32x4.add(c20, r0); c21 = f32x4.add(c21, r1); c30 = f32x4.add(c30, r0); c31 = f32x4.add(c31, r1); 
  }
  if (how & RELU) {
    // pmax(x, 0) is x < 0 ? 0 : x, which keeps a NaN.
    l = f32x4.splat(0);
    c00 = f32x4.pmax(c00, l); c01 = f32x4.pmax(c01, l); c10 = f32x4.pmax(c10, l); c11 = f32x4.pmax(c11, l); c20 = f32x4.pmax(c20, l); c21 = f32x4.pmax(c21, l); c30 = f32x4.pmax(c30, l); c31 = f32x4.pmax(c31, l); 
  }
  if (width < 8) {
    storeColumns(c, c00, c01, width); c += pitch; storeColumns(c, c10, c11, width); c += pitch; storeColumns(c, c20, c21, width); c += pitch; storeColumns(c, c30, c31, width); c += pitch; 
  } else {
    v128.store(c, c00, 0); v128.store(c, c01, 16); c += pitch; v128.store(c, c10, 0); v128.store(c, c11, 16); c += pitch; v128.store(c, c20, 0); v128.store(c, c21, 16); c += pitch; v128.store(c, c30, 0); v128.store(c, c31, 16); c += pitch; 
  }
}

/** The kernel for `rows` rows. */
export function columns(rows: i32, a: usize, b: usize, c: usize, bias: usize): void {
  switch (rows) {
    case 4: columns4(a, b, c, bias); break;
    case 3: columns3(a, b, c, bias); break;
    case 2: columns2(a, b, c, bias); break;
    case 1: columns1(a, b, c, bias); break;
  }
}

export function rows1(a0: usize, b: usize, c: usize, bias: usize): void {
  let c00 = f32x4.splat(0); let c01 = f32x4.splat(0); 
  let l: v128, r0: v128, r1: v128;
  const step = rightStep, steps = length;
  for (let o = outer; o > 0; --o) {
    for (let s = segments; s > 0; --s) {
      for (let k = steps; k > 0; --k) {
        r0 = v128.load(b); r1 = v128.load(b, 16);
        l = v128.load32_splat(a0, 0); c00 = madd(l, r0, c00); c01 = madd(l, r1, c01); 
        
        b += step; a0 += 4; 
      }
      a0 += segmentSkip; 
    }
    a0 += outerSkip; 
  }
  const pitch = resultPitch, how = mode;
  if (how & ACCUMULATE) {
    let p = c;
    c00 = f32x4.add(c00, v128.load(p, 0)); c01 = f32x4.add(c01, v128.load(p, 16)); p += pitch;
    
  }
  if (how & BIAS) {
    r0 = v128.load(bias); r1 = v128.load(bias, 16);
    c00 = f32x4.add(c00, r0); c01 = f32x4.add(c01, r1); 
  }
  if (how & RELU) {
    // pmax(x, 0) is x < 0 ? 0 : x, which keeps a NaN.
    l = f32x4.splat(0);
    c00 = f32x4.pmax(c00, l); c01 = f32x4.pmax(c01, l); 
  }
  if (width < 8) {
    storeColumns(c, c00, c01, width); c += pitch; 
  } else {
    v128.store(c, c00, 0); v128.store(c, c01, 16); c += pitch; 
  }
}

export function rows2(a0: usize, a1: usize, b: usize, c: usize, bias: usize): void {
  let c00 = f32x4.splat(0); let c01 = f32x4.splat(0); let c10 = f32x4.splat(0); let c11 = f32x4.splat(0); 
  let l: v128, r0: v128, r1: v128;
  const step = rightStep, steps = length;
  for (let o = outer; o > 0; --o) {
    for (let s = segments; s > 0; --s) {
      for (let k = steps; k > 0; --k) {
        r0 = v128.load(b); r1 = v128.load(b, 16);
        l = v128.load32_splat(a0, 0); c00 = madd(l, r0, c00); c01 = madd(l, r1, c01); 
        l = v128.load32_splat(a1, 0); c10 = madd(l, r0, c10); c11 = madd(l, r1, c11); 
        
        b += step; a0 += 4; a1 += 4; 
      }
      a0 += segmentSkip; a1 += segmentSkip; 
    }
    a0 += outerSkip; a1 += outerSkip; 
  }
  const pitch = resultPitch, how = mode;
  if (how & ACCUMULATE) {
    let p = c;
    c00 = f32x4.add(c00, v128.load(p, 0)); c01 = f32x4.add(c01, v128.load(p, 16)); p += pitch;
    c10 = f32x4.add(c10, v128.load(p, 0)); c11 = f32x4.add(c11, v128.load(p, 16)); p += pitch;
    
  }
  if (how & BIAS) {
    r0 = v128.load(bias); r1 = v128.load(bias, 16);
    c00 = f32x4.add(c00, r0); c01 = f32x4.add(c01, r1); c10 = f32x4.add(c10, r0); c11 = f32x4.add(c11, r1); 
  }
  if (how & RELU) {
    // pmax(x, 0) is x < 0 ? 0 : x, which keeps a NaN.
    l = f32x4.splat(0);
    c00 = f32x4.pmax(c00, l); c01 = f32x4.pmax(c01, l); c10 = f32x4.pmax(c10, l); c11 = f32x4.pmax(c11, l); 
  }
  if (width < 8) {
    storeColumns(c, c00, c01, width); c += pitch; storeColumns(c, c10, c11, width); c += pitch; 
  } else {
    v128.store(c, c00, 0); v128.store(c, c01, 16); c += pitch; v128.store(c, c10, 0); v128.store(c, c11, 16); c += pitch; 
  }
}

export function rows3(a0: usize, a1: usize, a2: usize, b: usize, c: usize, bias: usize): void {
  let c00 = f32x4.splat(0); let c01 = f32x4.splat(0); let c10 = f32x4.splat(0); let c11 = f32x4.splat(0); let c20 = f32x4.splat(0); let c21 = f32x4.splat(0); 
  let l: v128, r0: v128, r1: v128;
  const step = rightStep, steps = length;
  for (let o = outer; o > 0; --o) {
    for (let s = segments; s > 0; --s) {
      for (let k = steps; k > 0; --k) {
        r0 = v128.load(b); r1 = v128.load(b, 16);
        l = v128.load32_splat(a0, 0); c00 = madd(l, r0, c00); c01 = madd(l, r1, c01); 
        l = v128.load32_splat(a1, 0); c10 = madd(l, r0, c10); c11 = madd(l, r1, c11); 
        l = v128.load32_splat(a2, 0); c20 = madd(l, r0, c20); c21 = madd(l, r1, c21); 
        
        b += step; a0 += 4; a1 += 4; a2 += 4; 
      }
      a0 += segmentSkip; a1 += segmentSkip; a2 += segmentSkip; 
    }
    a0 += outerSkip; a1 += outerSkip; a2 += outerSkip; 
  }
  const pitch = resultPitch, how = mode;
  if (how & ACCUMULATE) {
    let p = c;
    c00 = f32x4.add(c00, v128.load(p, 0)); c01 = f32x4.add(c01, v128.load(p, 16)); p += pitch;
    c10 = f32x4.add(c10, v128.load(p, 0)); c11 = f32x4.add(c11, v128.load(p, 16)); p += pitch;
    c20 = f32x4.add(c20, v128.load(p, 0)); c21 = f32x4.add(c21, v128.load(p, 16)); p += pitch;
    
  }
  if (how & BIAS) {
    r0 = v128.load(bias); r1 = v128.load(bias, 16);
    c00 = f32x4.add(c00, r0); c01 = f32x4.add(c01, r1); c10 = f32x4.add(c10, r0); c11 = f32x4.add(c11, r1); c20 = f32x4.add(c20, r0); c21 = f32x4.add(c21, r1); 
  }
  if (how & RELU) {
    // pmax(x, 0) is x < 0 ? 0 : x, which keeps a NaN.
    l = f32x4.splat(0);
    c00 = f32x4.pmax(c00, l); c01 = f32x4.pmax(c01, l); c10 = f32x4.pmax(c10, l); c11 = f32x4.pmax(c11, l); c20 = f32x4.pmax(c20, l); c21 = f32x4.pmax(c21, l); 
  }
  if (width < 8) {
    storeColumns(c, c00, c01, width); c += pitch; storeColumns(c, c10, c11, width); c += pitch; storeColumns(c, c20, c21, width); c += pitch; 
  } else {
    v128.store(c, c00, 0); v128.store(c, c01, 16); c += pitch; v128.store(c, c10, 0); v128.store(c, c11, 16); c += pitch; v128.store(c, c20, 0); v128.store(c, c21, 16); c += pitch; 
  }
}

export function rows4(a0: usize, a1: usize, a2: usize, a3: usize, b: usize, c: usize, bias: usize): void {
  let c00 = f32x4.splat(0); let c01 = f32x4.splat(0); let c10 = f32x4.splat(0); let c11 = f32x4.splat(0); let c20 = f32x4.splat(0); let c21 = f32x4.splat(0); let c30 = f32x4.splat(0); let c31 = f32x4.splat(0); 
  let l: v128, r0: v128, r1: v128;
  const step = rightStep, steps = length;
  for (let o = outer; o > 0; --o) {
    for (let s = segments; s > 0; --s) {
      for (let k = steps; k > 0; --k) {
        r0 = v128.load(b); r1 = v128.load(b, 16);
        l = v128.load32_splat(a0, 0); c00 = madd(l, r0, c00); c01 = madd(l, r1, c01); 
        l = v128.load32_splat(a1, 0); c10 = madd(l, r0, c10); c11 = madd(l, r1, c11); 
        l = v128.load32_splat(a2, 0); c20 = madd(l, r0, c20); c21 = madd(l, r1, c21); 
        l = v128.load32_splat(a3, 0); c30 = madd(l, r0, c30); c31 = madd(l, r1, c31); 
        
        b += step; a0 += 4; a1 += 4; a2 += 4; a3 += 4; 
      }
      a0 += segmentSkip; a1 += segmentSkip; a2 += segmentSkip; a3 += segmentSkip; 
    }
    a0 += outerSkip; a1 += outerSkip; a2 += outerSkip; a3 += outerSkip; 
  }
  const pitch = resultPitch, how = mode;
  if (how & ACCUMULATE) {
    let p = c;
    c00 = f32x4.add(c00, v128.load(p, 0)); c01 = f32x4.add(c01, v128.load(p, 16)); p += pitch;
    c10 = f32x4.add(c10, v128.load(p, 0)); c11 = f32x4.add(c11, v128.load(p, 16)); p += pitch;
    c20 = f32x4.add(c20, v128.load(p, 0)); c21 = f32x4.add(c21, v128.load(p, 16)); p += pitch;
    c30 = f32x4.add(c30, v128.load(p, 0)); c31 = f32x4.add(c31, v128.load(p, 16)); p += pitch;
    
  }
  if (how & BIAS) {
    r0 = v128.load(bias); r1 = v128.load(bias, 16);
    c00 = f32x4.add(c00, r0); c01 = f32x4.add(c01, r1); c10 = f32x4.add(c10, r0); c11 = f32x4.add(c11, r1); c20 = f32x4.add(c20, r0); c21 = f32x4.add(c21, r1); c30 = f32x4.add(c30, r0); c31 = f32x4.add(c31, r1); 
  }
  if (how & RELU) {
    // pmax(x, 0) is x < 0 ? 0 : x, which keeps a NaN.
    l = f32x4.splat(0);
    c00 = f32x4.pmax(c00, l); c01 = f32x4.pmax(c01, l); c10 = f32x4.pmax(c10, l); c11 = f32x4.pmax(c11, l); c20 = f32x4.pmax(c20, l); c21 = f32x4.pmax(c21, l); c30 = f32x4.pmax(c30, l); c31 = f32x4.pmax(c31, l); 
  }
  if (width < 8) {
    storeColumns(c, c00, c01, width); c += pitch; storeColumns(c, c10, c11, width); c += pitch; storeColumns(c, c20, c21, width); c += pitch; storeColumns(c, c30, c31, width); c += pitch; 
  } else {
    v128.store(c, c00, 0); v128.store(c, c01, 16); c += pitch; v128.store(c, c10, 0); v128.store(c, c11, 16); c += pitch; v128.store(c, c20, 0); v128.store(c, c21, 16); c += pitch; v128.store(c, c30, 0); v128.store(c, c31, 16); c += pitch; 
  }
}

/** The kernel for `rows` rows, `rowPitch` bytes apart. */
export function rows(rows: i32, a: usize, rowPitch: usize, b: usize, c: usize, bias: usize): void {
  switch (rows) {
    case 4: rows4(a, a + 1 * rowPitch, a + 2 * rowPitch, a + 3 * rowPitch, b, c, bias); break;
    case 3: rows3(a, a + 1 * rowPitch, a + 2 * rowPitch, b, c, bias); break;
    case 2: rows2(a, a + 1 * rowPitch, b, c, bias); break;
    case 1: rows1(a, b, c, bias); break;
  }
}
