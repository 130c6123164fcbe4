/** dl: train, evaluate and use models from the command line. */

import { runCli } from "./cli.ts";

process.exitCode = await runCli(process.argv.slice(2));
