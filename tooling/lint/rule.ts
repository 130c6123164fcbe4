/** What a rule of the house is: a name, and a check that reads the whole workspace and says what is wrong where. */
import type { Workspace } from "../workspace/workspace.ts";

/** One thing to change. `message` reads `expected …, got …. What to do.` */
export interface Finding {
  /** Path from the root of the repository. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
  /** A warning is printed and does not fail. Default `"error"`. */
  readonly severity?: "error" | "warning";
}

export interface Rule {
  /** The rule's file name, shown with each finding. */
  readonly name: string;
  check(workspace: Workspace): Iterable<Finding>;
}
