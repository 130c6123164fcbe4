/** Addresses of the control block and the arguments, in 32-bit words: the same as in assembly/control.ts. */

export const generationWord: number = 1024 / 4;
export const enteredWord: number = 1152 / 4;
export const quitWord: number = 1344 / 4;
export const failedWord: number = 1408 / 4;
export const argumentsWord: number = 2048 / 4;
export const argumentWords = 512;
/** Where buffers begin: past the control block, the arguments and the module's constants. */
export const heapStart = 65536;
