/** What happens when nobody reads on, as in `dl generate … | head`. */

/** Calls `onClosed` when something is written to a pipe whose other end is closed. Gives what takes the listener away. */
export function onClosedPipe(stream: NodeJS.WriteStream, onClosed: () => void): () => void {
  const listener = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE") throw error;
    onClosed();
  };
  stream.on("error", listener);
  return () => void stream.off("error", listener);
}

/** Work goes on to its end where its progress is not read: without a listener, Node would end the process with a stack. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) onClosedPipe(stream, () => {});
}
