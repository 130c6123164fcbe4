/** CRC-32, the checksum in zip archives and PNG files. ISO/IEC 15948 (PNG), annex D; PKWARE, APPNOTE 6.3, section 4.4.7. */

// Bit-reversed 0x04C11DB7.
const polynomial = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
  return remainder;
});

/** The checksum as an unsigned 32-bit number. */
export function crc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) remainder = (remainder >>> 8) ^ table[(remainder ^ bytes[i]!) & 0xff]!;
  return (remainder ^ 0xffffffff) >>> 0;
}
