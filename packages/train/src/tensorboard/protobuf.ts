/** Writes protocol-buffer messages, field by field. protobuf.dev/programming-guides/encoding. */

const encoder = new TextEncoder();

/** A message under construction; methods append fields and return the message. Zero and empty values are left out, as proto3 wants. */
export class ProtobufMessage {
  readonly #bytes: number[] = [];

  /** `int32`, `int64`, `bool` and enums that are not negative. */
  integer(field: number, value: number): this {
    if (value === 0) return this;
    this.#varint(field * 8);
    this.#varint(value);
    return this;
  }

  double(field: number, value: number): this {
    if (Object.is(value, 0)) return this;
    this.#varint(field * 8 + 1);
    return this.#append(new Uint8Array(littleEndianDoubles([value])));
  }

  /** Written even when it is zero: for members of a `oneof`, whose presence has a meaning. */
  float(field: number, value: number): this {
    this.#varint(field * 8 + 5);
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, value, true);
    return this.#append(new Uint8Array(view.buffer));
  }

  /** Packed `repeated double`. */
  doubles(field: number, values: readonly number[]): this {
    return values.length === 0 ? this : this.bytes(field, new Uint8Array(littleEndianDoubles(values)));
  }

  text(field: number, value: string): this {
    return value === "" ? this : this.bytes(field, encoder.encode(value));
  }

  /** Length-delimited bytes, written even when empty. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + 2);
    this.#varint(value.length);
    return this.#append(value);
  }

  message(field: number, value: ProtobufMessage): this {
    return this.bytes(field, value.finish());
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #append(bytes: Uint8Array): this {
    // Not `push(...bytes)`: an image has more bytes than a call may have arguments.
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  /** Seven bits a byte, lowest first; whole numbers up to 2⁵³, so division and not shifts. */
  #varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.#bytes.push(rest);
  }
}

function littleEndianDoubles(values: readonly number[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, i) => {
    view.setFloat64(i * 8, value, true);
  });
  return view.buffer;
}
