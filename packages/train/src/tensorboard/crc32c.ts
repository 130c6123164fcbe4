/** CRC-32C (Castagnoli), and the masked form TFRecord files store. RFC 3720 appendix B.4; tensorflow/core/lib/hash/crc32c.h. */

// Bit-reversed 0x1EDC6F41.
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
  return remainder;
});

/** The checksum as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) remainder = (remainder >>> 8) ^ table[(remainder ^ bytes[i]!) & 0xff]!;
  return (remainder ^ 0xffffffff) >>> 0;
}

/** The checksum rotated by 15 bits plus a constant: a CRC of data that holds CRCs loses its strength, so stored ones are masked. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
