/** What every contestant does with questions: keeps prepared workloads, runs them, counts their kernels. In Node and in browsers. */

import type { Workload } from "../workload.ts";
import type { Answers, Question } from "./protocol.ts";

export type PrepareQuestion = Extract<Question, { ask: "prepare" }>;
export type Prepare = (question: PrepareQuestion) => Promise<Workload>;

/** Questions of memory are for whoever knows the process. */
export type WorkQuestion = Exclude<Question, { ask: "memory" }>;

export function answering(prepare: Prepare): (question: WorkQuestion) => Promise<Answers[WorkQuestion["ask"]]> {
  const workloads = new Map<string, Workload>();
  return async (question) => {
    if (question.ask === "prepare") {
      const workload = await prepare(question);
      workloads.set(question.id, workload);
      return { check: workload.check };
    }
    const workload = workloads.get(question.id);
    if (!workload) throw new Error(`${question.ask}: expected one of ${[...workloads.keys()].join(", ")}, got ${question.id}.`);
    if (question.ask === "kernels") return { kernels: (await workload.kernels?.()) ?? null };
    // What earlier rounds left behind is not this round's to collect.
    (globalThis as { gc?: () => void }).gc?.();
    const before = workload.launches?.() ?? 0;
    const milliseconds = await workload.run(question.repetitions);
    return workload.launches ? { milliseconds, launches: (workload.launches() - before) / question.repetitions } : { milliseconds };
  };
}
