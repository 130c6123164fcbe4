/** A tensor seen along one axis: element (i, j, l) lies at `(i · length + j) · inner + l`. */

export interface AxisView {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}
