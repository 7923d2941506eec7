/** What traces written by this program say of their writer. */
export const VERSION = '0.1.0';
export const WRITER = `vfr ${VERSION}`;
