/**
 * Limits of a trace. The reader checks them before it allocates anything, so that a small hostile
 * file can cost neither much memory nor much time. The writer respects them.
 */

/** Rows of one batch. */
export const ROWS_MAX = 1 << 18;
/** Bytes of one variable column (`data`, `text`) of one batch. */
export const VARIABLE_BYTES_MAX = 1 << 25;
/** A batch is closed when its variable columns hold this much; one more value may follow. */
export const BATCH_BYTES_MAX = 1 << 24;
/** Bytes of one value of `data` or `text`. Appending a longer one is a programming error. */
export const VALUE_BYTES_MAX = VARIABLE_BYTES_MAX - BATCH_BYTES_MAX;
/** Strings of one dictionary. */
export const DICTIONARY_ROWS_MAX = 1 << 16;
/** UTF-8 bytes of all strings of one dictionary. */
export const DICTIONARY_BYTES_MAX = 1 << 22;
/** Metadata of one message: about 2 KiB for a batch, more for a schema with long notes. */
export const METADATA_BYTES_MAX = 1 << 20;
/** Events of a trace that are placed among those of another one, 16 bytes each. */
export const METADATA_ITEMS_MAX = 1 << 14;
/** Events of a trace whose places among those of another one are held, 16 bytes each. */
export const PLACED_EVENTS_MAX = 1 << 26;
