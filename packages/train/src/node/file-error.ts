/** Errors of files and folders, in words. */

import { DlError } from "@dl/core";

/** A file or folder that cannot be made, written or used. `code` is the system's, such as `ENOSPC`. */
export class FileError extends DlError {
  override readonly name: string = "FileError";
  readonly code: string | undefined;

  constructor(message: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
  }
}

/** The system's code of an error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full (ENOSPC). Free some space and resume",
  EDQUOT: "your disk quota is used up (EDQUOT). Free some space and resume",
  EFBIG: "the file may not grow that large (EFBIG). Raise the file size limit (ulimit -f) and resume",
  EACCES: "permission was denied (EACCES). Choose a folder you may write to",
  EPERM: "the operation is not permitted (EPERM). Choose a folder you may write to",
  EROFS: "the file system is read-only (EROFS). Choose another folder",
  ENOENT: "the folder is not there (ENOENT). Was it removed during the run?",
  ENOTDIR: "a part of the path is a file, not a folder (ENOTDIR). Choose another folder",
  EMFILE: "too many files are open (EMFILE). Close some, or raise the limit (ulimit -n)",
};

/** A system error as a `FileError`: where, what was expected, what came, what to do. */
export function fileError(where: string, expected: string, error: unknown): FileError {
  const code = errorCode(error);
  const reason = (code === undefined ? undefined : remedies[code]) ?? (error instanceof Error ? error.message : String(error));
  return new FileError(`${where}: expected ${expected}, but ${reason}.`, { ...(code === undefined ? {} : { code }), cause: error });
}
