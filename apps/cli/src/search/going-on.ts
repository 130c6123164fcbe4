/** Trials that go on from others: where their weights are kept, and which searches cannot do without. */

import { join } from "node:path";
import { UsageError } from "../command.ts";
import { presetNamed, recipeNamed } from "../recipes/index.ts";
import { searchOf } from "../recipes/search.ts";
import type { SearchFile } from "./search-file.ts";

/** Takes over the weights of another candidate: what begins anew there is another search. Others go on with the weights of the same one. */
export const mustGoOn = (strategy: string): boolean => strategy === "population";

/** Halve by the budget: their trials go on where they can. */
const goesOn = (strategy: string): boolean => ["halving", "hyperband", "asha"].includes(strategy);

/** Where the trials of a search keep their weights: its own folder, or what `--shared` names for those in a queue; null for nowhere. */
export function statesFolder({ settings, run }: SearchFile, folder: string): string | null {
  if (settings.queue === null) return folder;
  return settings.shared === null ? null : join(settings.shared, run);
}

/** What to tell before a search whose trials begin anew where they could go on; undefined where there is nothing to tell. */
export function noteOnGoingOn({ target, settings }: SearchFile): string | undefined {
  if ("module" in target || settings.queue === null || settings.shared !== null || !goesOn(settings.strategy)) return undefined;
  return "no --shared folder: trials that go on from others begin anew, and cost their whole budget";
}

/** Throws a UsageError for a search whose trials could not go on from others, but must. */
export function checkGoingOn({ target, settings }: SearchFile): void {
  const { strategy, queue, shared } = settings;
  if (shared !== null && queue === null) {
    throw new UsageError(
      "--shared: expected --queue beside it, got none: trials in threads keep their weights in the search's own folder.",
    );
  }
  if (!mustGoOn(strategy) || "module" in target) return;
  const recipe = recipeNamed(target.recipe);
  if (searchOf(recipe, presetNamed(recipe, target.preset)).differentNetworks) {
    throw new UsageError(
      `--strategy ${strategy}: expected a recipe whose candidates share one network, such as gpt-shakespeare or lenet-mnist, got ${recipe.name}: no network takes over another's weights.`,
    );
  }
  if (queue !== null && shared === null) {
    throw new UsageError(
      `--strategy ${strategy}: expected --shared with a folder that every worker reaches, got none: members go on from each other's weights. Or leave --queue out.`,
    );
  }
}
