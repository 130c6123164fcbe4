/** Examines predictions off the page: resampling a large file takes seconds. */

import { type Examination, examine } from "./examine.ts";
import type { Roles, Table } from "./table.ts";

export interface ExamineRequest {
  readonly table: Table;
  readonly roles: Roles;
}

export type ExamineReply = { readonly examination: Examination } | { readonly problem: string };

const reply = globalThis.postMessage as unknown as (message: ExamineReply) => void;

globalThis.onmessage = ({ data: { table, roles } }: MessageEvent<ExamineRequest>) => {
  try {
    reply({ examination: examine(table, roles) });
  } catch (error) {
    reply({ problem: error instanceof Error ? error.message : String(error) });
  }
};
