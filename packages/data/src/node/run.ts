/** Runs another program and waits for it. */

import { spawn } from "node:child_process";
import { DataError, UnsupportedError } from "@dl/core";

export interface RunOptions {
  /** Where it runs. */
  cwd: string;
  signal?: AbortSignal | undefined;
}

/** Runs `command` with `args`; rejects with the end of its error output when it fails. */
export async function run(command: string, args: readonly string[], { cwd, signal }: RunOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    // On Windows npm is a script, which only a shell starts. Every argument is a constant of ours without spaces or quotes.
    const shell = process.platform === "win32";
    const child = spawn(command, [...args], {
      cwd,
      shell,
      stdio: ["ignore", "ignore", "pipe"],
      ...(signal === undefined ? {} : { signal }),
    });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? new UnsupportedError(`run: expected the program ${command}, got none on this machine.`) : error),
    );
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new DataError(`run: expected ${command} ${args.join(" ")} to succeed, got exit code ${code}. ${errors.trim()}`));
    });
  });
}
