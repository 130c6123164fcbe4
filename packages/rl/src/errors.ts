/** What an environment did wrong, or was asked to do wrong. */

import { DlError } from "@dl/core";

/** An environment broke its own promise (NaN, a value outside its space, an exception, no answer), or got an action it does not have. */
export class EnvironmentError extends DlError {
  override readonly name: string = "EnvironmentError";
}
