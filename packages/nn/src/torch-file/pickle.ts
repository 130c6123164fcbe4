/**
 * Python pickles as plain values. Nothing in a pickle is run: classes and functions stay names, and a call of one is kept as a record of it.
 * Python, `Lib/pickletools.py`, protocols 0 to 5; only what `torch.save` writes is read.
 */

/** What a class or a function of Python became: its name, as `torch FloatStorage`. */
export class PickledName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** An object that Python would have made by a call: the callee, and what it was given. */
export class PickledCall {
  readonly callee: PickledValue;
  readonly parameters: PickledValue;
  constructor(callee: PickledValue, parameters: PickledValue) {
    this.callee = callee;
    this.parameters = parameters;
  }
}

/** A reference to something outside the pickle. */
export class PickledReference {
  readonly id: PickledValue;
  constructor(id: PickledValue) {
    this.id = id;
  }
}

/** A pickled value: dicts are maps, lists and tuples are arrays, large integers are bigints. */
export type PickledValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickledValue[]
  | Map<PickledValue, PickledValue>
  | PickledName
  | PickledCall
  | PickledReference;

/** Reads the one value of a pickle. Throws a RangeError that says what is wrong and where. */
export function parsePickle(bytes: Uint8Array): PickledValue {
  return firstPickle(bytes).value;
}

/** The pickle that a file begins with, the references in it, and where it ends. */
export interface FirstPickle {
  readonly value: PickledValue;
  readonly references: readonly PickledReference[];
  readonly end: number;
}

/** The same of a file that goes on after it. */
export function firstPickle(bytes: Uint8Array): FirstPickle {
  return new Unpickler(bytes).run();
}

class Unpickler {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #memo = new Map<number, PickledValue>();
  readonly #marks: number[] = [];
  readonly #references: PickledReference[] = [];
  #stack: PickledValue[] = [];
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): FirstPickle {
    for (;;) {
      const code = this.#take(1)[0]!;
      if (code === 0x2e) return { value: this.#pop(), references: this.#references, end: this.#at };
      const operation = operations[code];
      if (operation === undefined) throw this.#wrong(`operation 0x${code.toString(16).padStart(2, "0")}`);
      operation(this.#machine);
    }
  }

  #wrong(what: string): RangeError {
    return new RangeError(`${what} at byte ${this.#at} of the pickle`);
  }

  #take(count: number): Uint8Array {
    if (!(count <= this.#bytes.length - this.#at)) throw this.#wrong("an end too early");
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #pop(): PickledValue {
    const least = this.#marks.at(-1) ?? 0;
    if (this.#stack.length <= least) throw this.#wrong("an empty stack");
    return this.#stack.pop()!;
  }

  /** What an operation may do. */
  readonly #machine: Machine = {
    push: (value) => {
      if (value instanceof PickledReference) this.#references.push(value);
      this.#stack.push(value);
    },
    pop: () => this.#pop(),
    top: () => {
      const value = this.#pop();
      this.#stack.push(value);
      return value;
    },
    mark: () => {
      this.#marks.push(this.#stack.length);
    },
    popToMark: () => {
      const mark = this.#marks.pop();
      if (mark === undefined) throw this.#wrong("no mark");
      return this.#stack.splice(mark);
    },
    store: (key) => {
      this.#memo.set(key ?? this.#memo.size, this.#machine.top());
    },
    recall: (key) => {
      const value = this.#memo.get(key);
      if (value === undefined) throw this.#wrong(`no value ${key}`);
      this.#stack.push(value);
    },
    byte: () => this.#take(1)[0]!,
    number: (bytes, read) => {
      this.#take(bytes);
      return read(this.#view, this.#at - bytes);
    },
    text: (length) => new TextDecoder().decode(this.#take(length)),
    bytes: (length) => this.#take(length),
    line: () => {
      const end = this.#bytes.indexOf(0x0a, this.#at);
      if (end < 0) throw this.#wrong("an end too early");
      const line = new TextDecoder().decode(this.#take(end - this.#at));
      this.#take(1);
      return line;
    },
    wrong: (what) => this.#wrong(what),
  };
}

interface Machine {
  push(value: PickledValue): void;
  pop(): PickledValue;
  top(): PickledValue;
  mark(): void;
  popToMark(): PickledValue[];
  store(key?: number): void;
  recall(key: number): void;
  byte(): number;
  number<N>(bytes: number, read: (view: DataView, at: number) => N): N;
  text(length: number): string;
  bytes(length: number): Uint8Array;
  line(): string;
  wrong(what: string): RangeError;
}

const uint16 = (view: DataView, at: number): number => view.getUint16(at, true);
const uint32 = (view: DataView, at: number): number => view.getUint32(at, true);
const uint64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** Little-endian two's complement of any length; a number where it is exact. */
function integer(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (const [i, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * i);
  const signed = BigInt.asIntN(8 * bytes.length, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

function setItems(machine: Machine, pairs: readonly PickledValue[]): void {
  const target = machine.top();
  // Items that an object of a class outside the known ones is given are of no use here.
  if (target instanceof PickledCall) return;
  if (!(target instanceof Map) || pairs.length % 2 !== 0) throw machine.wrong("items of something that is no dict");
  for (let i = 0; i < pairs.length; i += 2) target.set(pairs[i]!, pairs[i + 1]!);
}

function append(machine: Machine, values: readonly PickledValue[]): void {
  const target = machine.top();
  if (target instanceof PickledCall) return;
  if (!Array.isArray(target)) throw machine.wrong("elements of something that is no list");
  for (const value of values) target.push(value);
}

function call(machine: Machine): void {
  const parameters = machine.pop();
  const callee = machine.pop();
  // An ordered dict is a dict here; its items follow.
  const ordered = callee instanceof PickledName && callee.name === "collections OrderedDict";
  machine.push(ordered ? new Map() : new PickledCall(callee, parameters));
}

const tuple = (length: number) => (machine: Machine) => {
  const values = Array.from({ length }, () => machine.pop());
  machine.push(values.reverse());
};

/** By code; the names are those of pickletools. */
const operations: Readonly<Record<number, (machine: Machine) => void>> = {
  128: (m) => void m.byte(), // PROTO
  149: (m) => void m.bytes(8), // FRAME
  40: (m) => m.mark(), // MARK
  48: (m) => void m.pop(), // POP
  49: (m) => void m.popToMark(), // POP_MARK
  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  75: (m) => m.push(m.byte()), // BININT1
  77: (m) => m.push(m.number(2, uint16)), // BININT2
  74: (m) => m.push(m.number(4, (view, at) => view.getInt32(at, true))), // BININT
  138: (m) => m.push(integer(m.bytes(m.byte()))), // LONG1
  71: (m) => m.push(m.number(8, (view, at) => view.getFloat64(at))), // BINFLOAT
  88: (m) => m.push(m.text(m.number(4, uint32))), // BINUNICODE
  140: (m) => m.push(m.text(m.byte())), // SHORT_BINUNICODE
  141: (m) => m.push(m.text(m.number(8, uint64))), // BINUNICODE8
  85: (m) => m.push(m.text(m.byte())), // SHORT_BINSTRING
  84: (m) => m.push(m.text(m.number(4, uint32))), // BINSTRING
  93: (m) => m.push([]), // EMPTY_LIST
  97: (m) => append(m, [m.pop()]), // APPEND
  101: (m) => append(m, m.popToMark()), // APPENDS
  41: (m) => m.push([]), // EMPTY_TUPLE
  116: (m) => m.push(m.popToMark()), // TUPLE
  133: tuple(1), // TUPLE1
  134: tuple(2), // TUPLE2
  135: tuple(3), // TUPLE3
  125: (m) => m.push(new Map()), // EMPTY_DICT
  115: (m) => {
    const value = m.pop();
    setItems(m, [m.pop(), value]);
  }, // SETITEM
  117: (m) => setItems(m, m.popToMark()), // SETITEMS
  113: (m) => m.store(m.byte()), // BINPUT
  114: (m) => m.store(m.number(4, uint32)), // LONG_BINPUT
  148: (m) => m.store(), // MEMOIZE
  104: (m) => m.recall(m.byte()), // BINGET
  106: (m) => m.recall(m.number(4, uint32)), // LONG_BINGET
  99: (m) => m.push(new PickledName(`${m.line()} ${m.line()}`)), // GLOBAL
  147: (m) => {
    const name = m.pop();
    m.push(new PickledName(`${m.pop()} ${name}`));
  }, // STACK_GLOBAL
  82: call, // REDUCE
  129: call, // NEWOBJ
  98: (m) => void m.pop(), // BUILD: attributes, of no use here
  81: (m) => m.push(new PickledReference(m.pop())), // BINPERSID
};
