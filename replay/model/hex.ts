/** `0x100`, for a set of bits or an address. */
export const hex = (n: number | bigint): string => `0x${n.toString(16)}`;
