/** Conversion between dtypes. */

import { deviceDType } from "../cell.ts";
import { checkDType, type DType, isFloat } from "../dtype.ts";
import { differentiable } from "../recording.ts";
import { currentDevice } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { apply, requireTensor } from "./apply.ts";

/** `x` as another dtype. Floats truncate to int32; to bool is `≠ 0`; from bool gives 0 or 1. */
export function cast(x: Tensor, dtype: DType): Tensor {
  requireTensor("cast", x);
  checkDType("cast", dtype);
  const type = deviceDType(dtype, currentDevice("cast"));
  if (x.dtype === type) return x;
  const y = apply("cast", { shape: x.shape, dtype: type }, (kernels) => kernels.cast(x, type));
  return isFloat(x.dtype) && isFloat(type) ? differentiable(y, [x], [(g) => cast(g, x.dtype)]) : y;
}
