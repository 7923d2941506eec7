import { isAscii, isUtf8 } from 'node:buffer';
import { BytesView } from '../traces/index.js';

/**
 * The view when each of its texts is valid UTF-8, which DuckDB relies on, else a view of the same
 * texts with U+FFFD in place of what is not.
 */
export function validText(view: BytesView): BytesView {
  return isValid(view) ? view : repaired(view);
}

/** All bytes together are valid and no text begins in the middle of a character. */
function isValid({ bytes, offsets }: BytesView): boolean {
  if (isAscii(bytes)) return true;
  if (!isUtf8(bytes)) return false;
  // The bytes 10xxxxxx continue a character.
  return offsets.every((at) => at >= bytes.byteLength || (bytes[at] & 0xc0) !== 0x80);
}

function repaired(view: BytesView): BytesView {
  const texts = Array.from({ length: view.offsets.length - 1 }, (_, row) =>
    Buffer.from(view.text(row) ?? ''),
  );
  const offsets = new Int32Array(view.offsets.length);
  texts.forEach((text, row) => {
    offsets[row + 1] = offsets[row] + text.byteLength;
  });
  return new BytesView(view.bits, offsets, Buffer.concat(texts));
}
