/** @dl/nas/node: journals on disk, and trials in threads. */

export { journalFile } from "./journal-file.ts";
export { openTrialWorkers, type TrialFactory, TrialWorkers, type TrialWorkersOptions } from "./trial-workers.ts";
