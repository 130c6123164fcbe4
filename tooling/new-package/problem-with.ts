/** Why a package cannot be made as asked. */

export interface Request {
  readonly name: string;
  readonly description: string;
  /** Whether `packages/<name>` is there already. */
  readonly exists: boolean;
}

/** What is wrong with the request and what to do; undefined when nothing is. */
export function problemWith({ name, description, exists }: Request): string | undefined {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    return `expected a name of lower-case words joined by dashes, such as diffusion, got ${JSON.stringify(name)}.`;
  }
  if (exists) return `expected a new name, got ${name}: packages/${name} is there already. Take another name, or remove the folder.`;
  if (!/^[A-Z].{9,}\.$/.test(description)) {
    return `expected a description of one sentence, such as "Diffusion models for @dl.", got ${JSON.stringify(description)}.`;
  }
  return undefined;
}
