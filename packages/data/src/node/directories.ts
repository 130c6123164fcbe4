/** Where data sets are kept on this machine. XDG Base Directory Specification; Apple and Microsoft's folder guidelines. */

import { homedir } from "node:os";
import { join } from "node:path";

export interface DataDirectories {
  /** Where downloads are kept. Default: `DL_CACHE_DIR`, or `dl` in the user's cache folder. */
  cacheDirectory?: string | undefined;
  /** Where files already at hand are looked for first, and never written. Default: `DL_DATA_DIR`, or nowhere. */
  dataDirectory?: string | undefined;
}

/** The folder everything @dl downloads is kept in; `DL_CACHE_DIR` overrides it. */
export function defaultCacheDirectory(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  const { DL_CACHE_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = environment;
  if (DL_CACHE_DIR) return DL_CACHE_DIR;
  if (platform === "win32") return join(LOCALAPPDATA || join(homedir(), "AppData", "Local"), "dl");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "dl");
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "dl");
}

/** The folder of files at hand, if `DL_DATA_DIR` names one. */
export function defaultDataDirectory(environment: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  return environment.DL_DATA_DIR || undefined;
}
