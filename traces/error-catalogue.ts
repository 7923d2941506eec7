/**
 * Every error that vfr reports, in one list. docs/errors.md is printed from it, and the exit code
 * of the program follows from the kind. A code is never renamed or reused: scripts test it.
 */

/**
 * What went wrong, by the exit code that it stands for: `usage` 2, `input` 3 (damaged,
 * unreadable, or incomplete where all of it was asked for), `unsupported` 4.
 */
export type ErrorKind = 'usage' | 'input' | 'unsupported';

export interface ErrorFacts {
  readonly kind: ErrorKind;
  /** The part of docs/errors.md that has it. */
  readonly about: 'files' | 'traces' | 'replay' | 'import' | 'record' | 'questions';
  /** One sentence or less, in Markdown. */
  readonly means: string;
}

export const ERRORS = {
  FILE_ENOENT: {
    kind: 'input',
    about: 'files',
    means: 'there is no such file or folder',
  },
  FILE_EACCES: {
    kind: 'input',
    about: 'files',
    means: 'permission denied',
  },
  FILE_EPERM: {
    kind: 'input',
    about: 'files',
    means: 'the system does not permit it',
  },
  FILE_EISDIR: {
    kind: 'input',
    about: 'files',
    means: 'a folder stands where a file is wanted',
  },
  FILE_ENOTDIR: {
    kind: 'input',
    about: 'files',
    means: 'a part of the path is not a folder',
  },
  FILE_ENOSPC: {
    kind: 'input',
    about: 'files',
    means:
      'the disk is full; no half-written file is left under the final name, and a recording ' +
      'stays in `FILE.partial`',
  },
  FILE_EROFS: {
    kind: 'input',
    about: 'files',
    means: 'the file system is read-only',
  },
  DEVICE_UNKNOWN: {
    kind: 'usage',
    about: 'files',
    means: 'the trace has no event of the device; the message says which it has',
  },
  OUTPUT_IS_DIRECTORY: {
    kind: 'usage',
    about: 'files',
    means: 'the output is a folder',
  },
  OUTPUT_IS_INPUT: {
    kind: 'usage',
    about: 'files',
    means:
      'the output, standard output or standard error is one of the inputs, which would be lost',
  },
  OUTPUT_IS_TERMINAL: {
    kind: 'usage',
    about: 'files',
    means: 'a trace is binary and would go to the terminal: use `-o` or a pipe',
  },
  OUTPUT_TAKEN: {
    kind: 'input',
    about: 'files',
    means:
      'another command has written a file of that name meanwhile, which stays; what this ' +
      'one wrote is gone',
  },
  OUTPUT_MISSING: {
    kind: 'usage',
    about: 'files',
    means: 'no output was named',
  },
  FILE_EBADF: {
    kind: 'input',
    about: 'files',
    means: 'a stream is closed, such as standard output by `>&-`, or is not open for writing',
  },
  FILE_ENAMETOOLONG: {
    kind: 'input',
    about: 'files',
    means: 'a name is longer than the file system takes',
  },
  FILE_ELOOP: {
    kind: 'input',
    about: 'files',
    means: 'symbolic links lead in a circle',
  },
  FILE_EMFILE: {
    kind: 'unsupported',
    about: 'files',
    means:
      '`ulimit -n` allows too few open files, perhaps so few that the program cannot be loaded',
  },
  FILE_ENFILE: {
    kind: 'unsupported',
    about: 'files',
    means: 'the machine allows no more open files',
  },
  FILE_ENOMEM: {
    kind: 'unsupported',
    about: 'files',
    means: 'the system has no memory left',
  },
  NOT_A_TRACE: {
    kind: 'input',
    about: 'traces',
    means:
      'the file is empty, was not written by vfr, or holds no batch that belongs to the ' +
      'trace that it begins with',
  },
  TRACE_TOO_NEW: {
    kind: 'input',
    about: 'traces',
    means: 'a newer vfr wrote it',
  },
  BINDING_NOT_RECORDED: {
    kind: 'input',
    about: 'traces',
    means:
      'races were asked for with `--strict`, and the recording has no events of drivers ' +
      'being tried, or of writes to binding attributes',
  },
  TRACE_INCOMPLETE: {
    kind: 'input',
    about: 'traces',
    means: 'it is cut, damaged or has lost events, and `--strict` was given',
  },
  COLUMN_DAMAGED: {
    kind: 'input',
    about: 'traces',
    means: 'bytes of a column are not those that were written; `vfr repair` saves the rest',
  },
  ZSTD_DAMAGED: {
    kind: 'input',
    about: 'traces',
    means: 'a compressed file is damaged or cut',
  },
  PIPE_TOO_LARGE: {
    kind: 'unsupported',
    about: 'traces',
    means: 'more than 1 GiB comes by a pipe, which is held in memory: write it to a file first',
  },
  CLOCKS_DIFFER: {
    kind: 'usage',
    about: 'traces',
    means: 'traces of different clocks cannot be merged by time',
  },
  OFFSETS_MISSING: {
    kind: 'usage',
    about: 'traces',
    means: '`--offset` was given for some traces only',
  },
  KIND_UNKNOWN: {
    kind: 'usage',
    about: 'traces',
    means: 'there is no kind of event of that name',
  },
  COMPRESSED_DAMAGED: {
    kind: 'input',
    about: 'traces',
    means:
      'an input that gzip, xz, bzip2 or lz4 compressed is damaged or cut: what came before is imported, fetch the file again',
  },
  EVENT_UNKNOWN: {
    kind: 'usage',
    about: 'replay',
    means: 'there is no event of that number, or none that satisfies the condition',
  },
  STATE_PATH_UNKNOWN: {
    kind: 'usage',
    about: 'replay',
    means: 'the state has no such part at that event; `vfr replay --state` prints all of it',
  },
  INPUT_MISSING: {
    kind: 'usage',
    about: 'import',
    means: 'no input was named',
  },
  INPUT_EMPTY: {
    kind: 'input',
    about: 'import',
    means: 'the input holds nothing',
  },
  INPUT_COMPRESSED: {
    kind: 'unsupported',
    about: 'import',
    means:
      'the input is compressed by a program that is not installed here: install it, or ' +
      'decompress the input elsewhere',
  },
  INPUT_INCOMPLETE: {
    kind: 'input',
    about: 'import',
    means: '`--strict`, and the input is cut, damaged, or says that events were lost',
  },
  INPUT_UTF16: {
    kind: 'input',
    about: 'import',
    means: 'the input is UTF-16 text: convert it to UTF-8',
  },
  FORMAT_UNKNOWN: {
    kind: 'usage',
    about: 'import',
    means: 'there is no format of that name; `vfr import --list` has all',
  },
  FORMAT_NOT_RECOGNISED: {
    kind: 'input',
    about: 'import',
    means: 'the content is of no format that vfr knows',
  },
  SNAPSHOT_MALFORMED: {
    kind: 'input',
    about: 'import',
    means: 'the folder does not hold the state of a machine',
  },
  ALIGN_NOTHING: {
    kind: 'usage',
    about: 'import',
    means: 'two recordings have no access in common to align them by',
  },
  ALIGN_TOO_LARGE: {
    kind: 'unsupported',
    about: 'import',
    means:
      'a trace has, or says that it has, more events or accesses than can be aligned in ' +
      'memory',
  },
  ALIGN_TWO: {
    kind: 'usage',
    about: 'import',
    means: 'only two traces can be aligned at once',
  },
  CONFIG_NAMELESS: {
    kind: 'usage',
    about: 'import',
    means: 'a dump of configuration space does not say of which function it is',
  },
  SIMPLETRACE_HEADER: {
    kind: 'input',
    about: 'import',
    means: 'a QEMU simpletrace has no proper header',
  },
  SIMPLETRACE_VERSION: {
    kind: 'unsupported',
    about: 'import',
    means: 'a version of simpletrace that vfr does not read',
  },
  TRACEDAT_COMPRESSION: {
    kind: 'unsupported',
    about: 'import',
    means: 'a trace.dat is compressed in a way that vfr does not read',
  },
  TRACEDAT_DAMAGED: {
    kind: 'input',
    about: 'import',
    means: 'a trace.dat is damaged where nothing of it can be read without',
  },
  TRACEDAT_EMPTY: {
    kind: 'input',
    about: 'import',
    means: 'a trace.dat was cut before its first event',
  },
  TRACEDAT_LATENCY: {
    kind: 'unsupported',
    about: 'import',
    means:
      'a trace.dat holds the text of a latency tracer: import what `trace-cmd report` ' +
      'prints of it',
  },
  TRACEDAT_VERSION: {
    kind: 'unsupported',
    about: 'import',
    means: 'a version of trace.dat that vfr does not read',
  },
  EVENT_FORMAT: {
    kind: 'input',
    about: 'import',
    means: "the description of an event's fields is damaged",
  },
  HEADER_PAGE: {
    kind: 'input',
    about: 'import',
    means: "the description of a ring buffer's pages is damaged",
  },
  INPUT_PIPE: {
    kind: 'unsupported',
    about: 'import',
    means:
      'a trace.dat or perf.data of more than a GiB is compressed or comes through a pipe, but is read at several places: decompress it into a file',
  },
  PERFDATA_DAMAGED: {
    kind: 'input',
    about: 'import',
    means: 'a perf.data is damaged where nothing of it can be read without',
  },
  NOT_ROOT: {
    kind: 'unsupported',
    about: 'record',
    means: 'recording needs root',
  },
  NO_TRACEFS: {
    kind: 'unsupported',
    about: 'record',
    means: 'there is no tracefs',
  },
  TRACEFS_INSTANCE: {
    kind: 'unsupported',
    about: 'record',
    means: 'the kernel gives no tracing instance',
  },
  TRACEFS_SETTING: {
    kind: 'unsupported',
    about: 'record',
    means:
      'the kernel refuses a setting of its ring buffers, such as a size for which it has no ' +
      'memory',
  },
  PROBE: {
    kind: 'unsupported',
    about: 'record',
    means: 'a probe cannot be placed in this kernel',
  },
  KALLSYMS: {
    kind: 'unsupported',
    about: 'record',
    means: 'the symbols of the kernel cannot be read',
  },
  BTF_DAMAGED: {
    kind: 'input',
    about: 'record',
    means: "the kernel's type information cannot be read",
  },
  BTF_UNRESOLVED: {
    kind: 'unsupported',
    about: 'record',
    means: "this kernel's structures are laid out in a way that a probe does not know",
  },
  NO_PROCESS: {
    kind: 'usage',
    about: 'record',
    means: 'there is no process of that number',
  },
  RECORD_OPTION: {
    kind: 'usage',
    about: 'record',
    means: 'an option of `vfr record` makes no sense',
  },
  TRIGGER: {
    kind: 'usage',
    about: 'record',
    means: 'a trigger is not of a form that vfr knows',
  },
  SQL_FAILED: {
    kind: 'usage',
    about: 'questions',
    means: 'DuckDB refuses the SQL; its own words are in the message',
  },
  SQL_FORBIDDEN: {
    kind: 'usage',
    about: 'questions',
    means:
      'the SQL is more than one SELECT, or a condition more than a condition, or it calls ' +
      'what a query may not',
  },
  SQL_MEMORY: {
    kind: 'usage',
    about: 'questions',
    means:
      'the query needs more memory than it may use, or a row of its result is larger than ' +
      '32 MB',
  },
  SQL_TIME: {
    kind: 'usage',
    about: 'questions',
    means: 'the query took longer than it may',
  },
  SQL_CRASH: {
    kind: 'usage',
    about: 'questions',
    means: 'the query made DuckDB end or break; vfr itself goes on',
  },
  SQL_CANCELLED: {
    kind: 'usage',
    about: 'questions',
    means: 'somebody ended the query before its answer was there',
  },
  SQL_NO_PROCESS: {
    kind: 'unsupported',
    about: 'questions',
    means:
      'the process in which SQL runs cannot be started: too few open files or processes are ' +
      'allowed',
  },
  SQL_TOO_LONG: {
    kind: 'usage',
    about: 'questions',
    means: 'the file of a query is larger than 1 MiB',
  },
  SQL_MISSING: {
    kind: 'usage',
    about: 'questions',
    means: 'no query was given, or a condition is empty',
  },
  NO_TERMINAL: {
    kind: 'unsupported',
    about: 'questions',
    means: '`vfr browse` needs a terminal',
  },
} as const satisfies Record<string, ErrorFacts>;

/** A stable code of the list, or `FILE_` and the errno of any other failed system call. */
export type ErrorCode = keyof typeof ERRORS | `FILE_E${string}`;

/** The facts of an error; system calls that are not in the list fail because of the input. */
export function errorKind(code: ErrorCode): ErrorKind {
  return code in ERRORS ? ERRORS[code as keyof typeof ERRORS].kind : 'input';
}
