/** 64-bit integers as two words of 32 bits, so that hot paths need no bigint. */

const LOW_WORD = 0xffff_ffffn;

/** Bits 31..0 of a 64-bit value; negative values are in two's complement. */
export const lowWord = (value: bigint): number => Number(value & LOW_WORD);

/** Bits 63..32 of a 64-bit value; negative values are in two's complement. */
export const highWord = (value: bigint): number => Number((value >> 32n) & LOW_WORD);

/** The unsigned 64-bit integer of two words, each 0 to 2^32 - 1. */
export const fromWords = (low: number, high: number): bigint => (BigInt(high) << 32n) | BigInt(low);
