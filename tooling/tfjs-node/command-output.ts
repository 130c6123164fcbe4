/** Runs a program of the machine and says what it printed, or why it did not run. */
import { spawnSync } from "node:child_process";

export interface CommandResult {
  readonly ok: boolean;
  /** Standard output, trimmed. */
  readonly output: string;
  /** Why it failed: the end of what it wrote to standard error, or that it is not there. */
  readonly reason: string;
}

export function commandOutput(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; minutes?: number } = {},
): CommandResult {
  const { cwd, env = process.env, minutes = 1 } = options;
  const { error, status, signal, stdout, stderr } = spawnSync(file, args, { cwd, env, encoding: "utf8", timeout: minutes * 60_000 });
  const missing = (error as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
  const said = (stderr ?? "").trim().split("\n").slice(-12).join("\n");
  const ended = signal ? `ended by ${signal} (it had ${minutes} min)` : `exit code ${status}`;
  return {
    ok: status === 0,
    output: (stdout ?? "").trim(),
    reason: missing ? `${file} is not there` : `${ended}${said === "" ? "" : `:\n${said}`}`,
  };
}
