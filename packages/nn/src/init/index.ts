/** Initialisers of parameters: the contents of `init`. */

export { constant, ones, zeros } from "./constant.ts";
export { type Fans, fansOf, gains, type Initializer, leakyReluGain } from "./initializer.ts";
export { orthogonal } from "./orthogonal.ts";
export { normal, truncatedNormal, uniform } from "./random.ts";
export {
  fanInUniform,
  type GlorotOptions,
  glorotNormal,
  glorotUniform,
  type HeOptions,
  heNormal,
  heUniform,
  lecunNormal,
  lecunUniform,
} from "./variance-scaling.ts";
