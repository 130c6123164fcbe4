/** The wire format of Protocol Buffers, as far as ONNX's messages need it. https://protobuf.dev/programming-guides/encoding */

const encoder = new TextEncoder();

/** One message: fields in the order they are written. Large payloads are kept by reference until `bytes`. */
export class Message {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** A whole number, also negative: two's complement in 64 bits. */
  integer(field: number, value: number | bigint): this {
    this.#tag(field, 0);
    return this.#push(varint(BigInt.asUintN(64, BigInt(value))));
  }

  float(field: number, value: number): this {
    this.#tag(field, 5);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#push(bytes);
  }

  text(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  /** Not copied: leave them as they are. */
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, 2);
    this.#push(varint(BigInt(value.length)));
    return this.#push(value);
  }

  message(field: number, value: Message): this {
    this.#tag(field, 2);
    this.#push(varint(BigInt(value.length)));
    for (const chunk of value.#chunks) this.#push(chunk);
    return this;
  }

  /** Repeated whole numbers, packed. */
  integers(field: number, values: readonly (number | bigint)[]): this {
    const packed = new Message();
    for (const value of values) packed.#push(varint(BigInt.asUintN(64, BigInt(value))));
    return this.message(field, packed);
  }

  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }

  #tag(field: number, wireType: number): void {
    this.#push(varint(BigInt((field << 3) | wireType)));
  }

  #push(chunk: Uint8Array): this {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this;
  }
}

/** Seven bits a byte, lowest first; the highest bit says that more follow. */
function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 0x80);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}
