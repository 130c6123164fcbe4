/** Paths of modules: `encoder.blocks.0.query.weight`. */

/** Whether a path is that of one of the modules, or below it. */
export function isWithin(path: string, modules: readonly string[]): boolean {
  return modules.some((module) => path === module || path.startsWith(`${module}.`));
}
