/**
 * Writes small Parquet files for tests: groups of rows of one column of int32, plain and uncompressed.
 * github.com/apache/parquet-format, README.md and parquet.thrift; Thrift's compact protocol, thrift-compact-protocol.md.
 */

/** A field of a Thrift structure: its number, its type and its bytes. */
type Field = readonly [id: number, type: number, bytes: readonly number[]];

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
const text = (value: string): number[] => [...varint(value.length), ...Buffer.from(value)];

// Types of Thrift: 5 is i32, 6 is i64, 8 text, 9 a list, 12 a structure. Whole numbers are zigzag: doubled, where none is below 0.
const i32 = (id: number, value: number): Field => [id, 5, varint(2 * value)];
const i64 = (id: number, value: number): Field => [id, 6, varint(2 * value)];
const name = (id: number, value: string): Field => [id, 8, text(value)];
const list = (id: number, type: number, items: readonly (readonly number[])[]): Field => [
  id,
  9,
  [16 * items.length + type, ...items.flat()],
];
const within = (id: number, fields: readonly Field[]): Field => [id, 12, struct(fields)];

/** Fields in the order of their numbers: each says how far it is from the one before. */
function struct(fields: readonly Field[]): number[] {
  const bytes = fields.flatMap(([id, type, value], i) => [16 * (id - (fields[i - 1]?.[0] ?? 0)) + type, ...value]);
  return [...bytes, 0];
}

/** A file whose column `x` has `groups`, at most 14 of them. */
export function parquetFileOf(groups: readonly (readonly number[])[]): Uint8Array {
  const file = [...Buffer.from("PAR1")];
  const rowGroups = groups.map((values) => {
    const data = [...new Uint8Array(Int32Array.from(values).buffer)];
    // A data page of plain values; levels, of which there are none, would be run lengths (3).
    const page = within(5, [i32(1, values.length), i32(2, 0), i32(3, 3), i32(4, 3)]);
    const bytes = [...struct([i32(1, 0), i32(2, data.length), i32(3, data.length), page]), ...data];
    const start = file.length;
    file.push(...bytes);
    const column = [
      ...[i32(1, 1), list(2, 5, [varint(0)]), list(3, 8, [text("x")]), i32(4, 0), i64(5, values.length)],
      ...[i64(6, bytes.length), i64(7, bytes.length), i64(9, start)],
    ];
    return struct([list(1, 12, [struct([i64(2, start), within(3, column)])]), i64(2, bytes.length), i64(3, values.length)]);
  });
  // A root with one child, and the child: a required int32.
  const schema = [struct([name(4, "root"), i32(5, 1)]), struct([i32(1, 1), i32(3, 0), name(4, "x")])];
  const metadata = struct([i32(1, 1), list(2, 12, schema), i64(3, groups.flat().length), list(4, 12, rowGroups)]);
  return Uint8Array.from([...file, ...metadata, ...new Uint8Array(Int32Array.of(metadata.length).buffer), ...Buffer.from("PAR1")]);
}
