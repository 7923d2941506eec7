import { closeSync, openSync, readSync } from 'node:fs';

const HEADER = 64;
const SEGMENT = 56;
const LOADED = 1;
/** No function that is probed is longer. */
const LENGTH_LIMIT = 1 << 16;

/**
 * Reads the running kernel's memory through /proc/kcore, an ELF file whose segments are the mapped
 * parts of it. Lockdown and some configurations forbid it.
 *
 * @returns the bytes, or undefined when they cannot be read
 */
export function readKernelMemory(address: bigint, length: number): Buffer | undefined {
  if (length <= 0 || length > LENGTH_LIMIT) return undefined;
  try {
    const handle = openSync('/proc/kcore', 'r');
    try {
      return readAt(handle, address, length);
    } finally {
      closeSync(handle);
    }
  } catch {
    return undefined;
  }
}

function readAt(handle: number, address: bigint, length: number): Buffer | undefined {
  const header = Buffer.alloc(HEADER);
  readSync(handle, header, 0, HEADER, 0);
  // A 64-bit little-endian file: other machines have no decoder of their code anyway.
  if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return undefined;
  const segments = Buffer.alloc(SEGMENT * header.readUInt16LE(56));
  readSync(handle, segments, 0, segments.length, Number(header.readBigUInt64LE(32)));
  for (let at = 0; at < segments.length; at += SEGMENT) {
    const start = segments.readBigUInt64LE(at + 16);
    const within = address - start;
    const size = segments.readBigUInt64LE(at + 40);
    if (segments.readUInt32LE(at) !== LOADED || within < 0n) continue;
    if (within + BigInt(length) > size) continue;
    const bytes = Buffer.alloc(length);
    const offset = segments.readBigUInt64LE(at + 8) + within;
    return readSync(handle, bytes, 0, length, offset) === length ? bytes : undefined;
  }
  return undefined;
}
