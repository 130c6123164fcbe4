/** The framing of TFRecord files: length, its checksum, data, its checksum. tensorflow/core/lib/io/record_writer.h. */

import { maskedCrc32c } from "./crc32c.ts";

const headerLength = 12;

/** `data` as one record: uint64 length, uint32 masked CRC of the length, data, uint32 masked CRC of the data; little-endian. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerLength + data.length + 4);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, headerLength);
  view.setUint32(headerLength + data.length, maskedCrc32c(data), true);
  return record;
}
