/** What a policy's distribution can tell about actions, on the device and with gradients. */

import type { Tensor } from "@dl/core";

/** One distribution a row; B rows. */
export interface Distribution {
  /** Log-probability, or log-density, of one action a row, `[B]`. */
  logProb(actions: Tensor): Tensor;
  /** In nats, `[B]`; `[]` when it is the same for all rows. */
  entropy(): Tensor;
  /** KL(this ‖ other), `[B]`; `other` is of the same kind. */
  divergence(other: this): Tensor;
}
