/** dl: train, evaluate and use models from the command line. */

import { runCli } from "./cli.ts";
import { outliveReaders } from "./closed-pipes.ts";

outliveReaders();
process.exitCode = await runCli(process.argv.slice(2));
