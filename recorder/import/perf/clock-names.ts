/** Clocks by their number (include/uapi/linux/time.h), as ftrace calls them. */
export const CLOCKS: Readonly<Record<string, string>> = {
  0: 'realtime',
  1: 'mono',
  4: 'mono_raw',
  7: 'boot',
  11: 'tai',
};
