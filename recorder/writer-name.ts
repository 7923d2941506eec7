/** The writer that traces of this program name. */
export const VERSION = '0.1.0';
export const WRITER = `vfr ${VERSION}`;
