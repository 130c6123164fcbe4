/** @dl/train/node: the parts of @dl/train that write files. This file is the table of contents. */

export { Checkpoints, type CheckpointsOptions, checkpointName, resumeFrom } from "./checkpoints.ts";
export { CsvLog } from "./csv-log.ts";
export { FileError } from "./file-error.ts";
export { MetricsCsv, type MetricsCsvOptions, type MetricsRow } from "./metrics-csv.ts";
export { RunFolder, type RunFolderOptions } from "./run-folder.ts";
export { type StderrTerminalOptions, stderrTerminal, type TerminalStream } from "./stderr-terminal.ts";
export { TensorBoardLog, type TensorBoardLogOptions } from "./tensorboard-log.ts";
export { type AtStep, TensorBoardWriter, type TensorBoardWriterOptions } from "./tensorboard-writer.ts";
export { writeFileAtomic } from "./write-file-atomic.ts";
