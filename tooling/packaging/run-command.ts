/** Runs a command and keeps what it said, for the case that it fails. */
import { spawn } from "node:child_process";

export interface CommandOptions {
  readonly cwd: string;
  /** Default 300 seconds. */
  readonly timeoutSeconds?: number;
}

/** Resolves with what the command printed; rejects with that and the exit code. */
export function runCommand(command: readonly [string, ...string[]], { cwd, timeoutSeconds = 300 }: CommandOptions): Promise<string> {
  const [file, ...args] = command;
  return new Promise((resolve, reject) => {
    // npm is a .cmd file on Windows, which only a shell starts.
    const shell = process.platform === "win32" && file !== process.execPath;
    const child = spawn(file, args, { cwd, shell, stdio: ["ignore", "pipe", "pipe"], timeout: timeoutSeconds * 1000 });
    let output = "";
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString();
    });
    child.stderr.on("data", (data: Buffer) => {
      output += data.toString();
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command.join(" ")}: expected exit code 0, got ${code ?? signal}.\n${output.trim()}`));
    });
  });
}

/** How to start the pnpm that started this tool; without one, the version that package.json pins. */
export function pnpmCommand(pinned: string): readonly [string, ...string[]] {
  const running = process.env.npm_execpath;
  return running !== undefined && /pnpm[^/\\]*\.c?js$/.test(running) ? [process.execPath, running] : ["npx", "-y", pinned];
}
