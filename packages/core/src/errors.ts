/** Errors that say where, what was expected, what came, and what to do. */

/** Every error @dl throws on purpose. `path` is the module it happened in, when one was running. */
export class DlError extends Error {
  override readonly name: string = "DlError";
  /** Path of the module whose `forward` was running, such as `ResNet.stem.conv`. */
  path: string | undefined;
}

/** Shapes that do not fit together. */
export class ShapeError extends DlError {
  override readonly name: string = "ShapeError";
}

/** A dtype an operation does not take. */
export class DtypeError extends DlError {
  override readonly name: string = "DtypeError";
}

/** An option outside its range. */
export class OptionError extends DlError {
  override readonly name: string = "OptionError";
}

/** A tensor used outside the scope that owns it, or work that is not synchronous. */
export class ScopeError extends DlError {
  override readonly name: string = "ScopeError";
}

/** Something this device, or this machine, cannot do. */
export class UnsupportedError extends DlError {
  override readonly name: string = "UnsupportedError";
}

/** The device ran out of memory. */
export class OutOfMemoryError extends DlError {
  override readonly name: string = "OutOfMemoryError";
}

/** A checkpoint file that cannot be read, or does not fit the model. */
export class CheckpointError extends DlError {
  override readonly name: string = "CheckpointError";
}

/** Data that is missing, damaged, or not of the promised form. */
export class DataError extends DlError {
  override readonly name: string = "DataError";
}
