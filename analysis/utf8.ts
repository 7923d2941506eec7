import { isAscii, isUtf8 } from 'node:buffer';
import { BytesView } from '../traces/index.js';

/**
 * The view, if all its texts are valid UTF-8, as DuckDB requires; else a copy with U+FFFD in place
 * of invalid bytes.
 */
export function validText(view: BytesView): BytesView {
  return isValid(view) ? view : repaired(view);
}

/** Whether all bytes together are valid, and each text begins at the start of a character. */
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
