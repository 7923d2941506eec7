/** HTML from text of traces, which may contain anything. */
import { visible } from '../shown-text.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The text as HTML. */
export const escapeHtml = (text: string): string =>
  visible(text).replace(/[&<>"']/g, (c) => ENTITIES[c]);
