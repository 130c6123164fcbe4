/** @dl/nas: searching for architectures and hyper-parameters. */

// Spaces
export { type BlockCell, type BlockCellOptions, type BlockInput, blockCell, unusedBlocks } from "./space/block-cell.ts";
export {
  type Candidate,
  crossover,
  encode,
  enumerate,
  express,
  type Genotype,
  mutate,
  neighbours,
  ofGenotype,
  sample,
} from "./space/candidate.ts";
export { type Constant, choice } from "./space/choice.ts";
export { type Decide, type Decision, type Domain, domainSize } from "./space/decision.ts";
export { type Edge, type EdgeCell, type EdgeCellOptions, edgeCell } from "./space/edge-cell.ts";
export { type OneOf, oneOf, optional } from "./space/one-of.ts";
export { float, integer, type RangeOptions } from "./space/range.ts";
export { record } from "./space/record.ts";
export { repeat } from "./space/repeat.ts";
export type { Space, ValueOf } from "./space/space.ts";
