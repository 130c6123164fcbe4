/** How many kernels a piece of work calls, on a device that does not count its launches itself. */

import type { BackendDevice } from "@dl/core";

type Kernel = (...inputs: unknown[]) => unknown;

export async function countKernels(backend: BackendDevice, work: () => Promise<unknown>): Promise<number> {
  let calls = 0;
  const tables = [backend.kernels, backend.fused] as unknown as Record<string, Kernel>[];
  const originals = tables.map((table) => ({ ...table }));
  for (const table of tables) {
    for (const [name, kernel] of Object.entries(table)) {
      table[name] = (...inputs) => {
        calls++;
        return kernel.apply(table, inputs);
      };
    }
  }
  try {
    await work();
  } finally {
    for (const [i, table] of tables.entries()) Object.assign(table, originals[i]);
  }
  return calls;
}
