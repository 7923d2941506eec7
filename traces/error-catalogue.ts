/**
 * All errors that vfr reports. docs/errors.md is printed from this list, and the exit code of the
 * program follows from the kind. Codes are never renamed or reused, because scripts test for them.
 */

/**
 * What went wrong, with its exit code: `usage` 2; `input` 3 (damaged or unreadable, or incomplete
 * when a complete one was required); `unsupported` 4.
 */
export type ErrorKind = 'usage' | 'input' | 'unsupported';

export interface ErrorFacts {
  readonly kind: ErrorKind;
  /** The section of docs/errors.md that lists it. */
  readonly about: 'files' | 'traces' | 'replay' | 'import' | 'record' | 'questions';
  /** At most one sentence, in Markdown. */
  readonly means: string;
  /** Message and next step of a failed system call; only system calls have it. */
  readonly message?: { readonly what: string; readonly next: string };
}

const ofKind =
  (kind: ErrorKind) =>
  (about: ErrorFacts['about'], means: string, message?: ErrorFacts['message']): ErrorFacts => ({
    kind,
    about,
    means,
    ...(message && { message }),
  });
const [usage, input, unsupported] = [ofKind('usage'), ofKind('input'), ofKind('unsupported')];

export const ERRORS = {
  FILE_ENOENT: input('files', 'there is no such file or folder', {
    what: 'no such file or directory',
    next: 'Check the path.',
  }),
  FILE_EACCES: input('files', 'permission denied', {
    what: 'permission denied',
    next: 'Change the permissions or run as another user.',
  }),
  FILE_EPERM: input('files', 'the system does not permit it', {
    what: 'operation not permitted',
    next: 'Change the permissions or run as root.',
  }),
  FILE_EISDIR: input('files', 'a folder has the name of the file', {
    what: 'is a directory',
    next: 'Name a file instead.',
  }),
  FILE_ENOTDIR: input('files', 'a part of the path is not a folder', {
    what: 'a part of the path is not a directory',
    next: 'Check the path.',
  }),
  FILE_ENOSPC: input(
    'files',
    'the disk is full; no half-written file is left under the final name, and a recording ' +
      'stays in `FILE.partial`',
    { what: 'no space left on the device', next: 'Free some space and try again.' },
  ),
  FILE_EROFS: input('files', 'the file system is read-only', {
    what: 'the file system is read-only',
    next: 'Choose another place.',
  }),
  FILE_EBADF: input(
    'files',
    'a stream is closed, such as standard output by `>&-`, or is not open for writing',
    { what: 'it is closed, or not open for this', next: 'Open it, or name a file.' },
  ),
  FILE_ENAMETOOLONG: input('files', 'a name is longer than the file system takes', {
    what: 'the name is too long',
    next: 'Choose a shorter one.',
  }),
  FILE_ELOOP: input('files', 'symbolic links lead in a circle', {
    what: 'the links lead in a circle',
    next: 'Check where they lead with `ls -l`.',
  }),
  FILE_EMFILE: unsupported(
    'files',
    '`ulimit -n` allows too few open files, perhaps so few that the program cannot be loaded',
    { what: 'too many open files', next: 'Allow more: `ulimit -n 1024`.' },
  ),
  FILE_ENFILE: unsupported('files', 'the machine allows no more open files', {
    what: 'too many open files on this machine',
    next: 'End other programs.',
  }),
  FILE_ENOMEM: unsupported('files', 'the system has no memory left', {
    what: 'out of memory',
    next: 'End other programs, or take a part of the input.',
  }),
  DEVICE_UNKNOWN: usage(
    'files',
    'the trace has no event of the device; the message says which it has',
  ),
  OUTPUT_IS_DIRECTORY: usage('files', 'the output is a folder'),
  OUTPUT_IS_INPUT: usage(
    'files',
    'the output, standard output or standard error is one of the inputs, which would be lost',
  ),
  OUTPUT_IS_TERMINAL: usage(
    'files',
    'a trace is binary and would go to the terminal: use `-o` or a pipe',
  ),
  OUTPUT_TAKEN: input(
    'files',
    'another command has written a file of that name in the meantime, and it stays; what this ' +
      'one wrote is gone',
  ),
  FORMAT_MISSING: usage('files', 'no format was named'),
  OUTPUT_MISSING: usage('files', 'no output was named'),
  NOT_A_TRACE: input(
    'traces',
    'the file is empty, was not written by vfr, or holds no batch that belongs to the ' +
      'trace that it begins with',
  ),
  TRACE_TOO_NEW: input('traces', 'a newer vfr wrote it'),
  BINDING_NOT_RECORDED: input(
    'traces',
    '`--strict` was given, and the recording has no events of drivers ' +
      'being tried, or of writes to binding attributes',
  ),
  TRACE_INCOMPLETE: input(
    'traces',
    'it is cut, damaged or has lost events, and `--strict` was given',
  ),
  COLUMN_DAMAGED: input(
    'traces',
    'bytes of a column are not those that were written; `vfr repair` saves the rest',
  ),
  ZSTD_DAMAGED: input('traces', 'a compressed file is damaged or cut'),
  PIPE_TOO_LARGE: unsupported(
    'traces',
    'more than 1 GiB comes by a pipe, which is held in memory: write it to a file first',
  ),
  SNAPSHOT_MISSING: input(
    'traces',
    'an export needs the snapshot of a machine, and the trace has no PCI function in one',
  ),
  CLOCKS_DIFFER: usage('traces', 'traces of different clocks cannot be merged by time'),
  OFFSETS_MISSING: usage('traces', '`--offset` was given for some traces only'),
  KIND_UNKNOWN: usage('traces', 'there is no kind of event of that name'),
  EVENT_UNKNOWN: usage(
    'replay',
    'there is no event of that number, or none that satisfies the condition',
  ),
  STATE_PATH_UNKNOWN: usage(
    'replay',
    'the state has no such part at that event; `vfr replay --state` prints all of it',
  ),
  JSON_INVALID: input('replay', 'a scenario is no JSON; the message has the line'),
  SCENARIO_INVALID: input(
    'replay',
    'the document is not a scenario; the message has the line of the first mistake, ' +
      '`vfr scenarios check` lists all',
  ),
  SCENARIO_UNKNOWN: usage('replay', 'no scenario has that name'),
  MODEL_UNKNOWN: usage('replay', 'no model has that name'),
  SCENARIO_DRIVER: usage('replay', '`--driver` or `--vmm` does not fit the scenario'),
  SCENARIO_KERNEL: usage('replay', 'the kernel is older than the procedures of the model'),
  EXPLORE_OPTION: usage('replay', 'an option of `vfr explore` or `vfr explain` makes no sense'),
  REPLAY_INPUT: usage(
    'replay',
    '`vfr replay` needs a trace or `--schedule`, and not both; a state is of one trace',
  ),
  SCHEDULE_INVALID: input('replay', 'the file is not a schedule, is cut, or was edited'),
  SCHEDULE_VERSION: unsupported(
    'replay',
    'the schedule was made by a model of the kernel that did other steps',
  ),
  BUNDLE_INVALID: input('replay', 'the file is not a bundle, or its verdict cannot be read'),
  BUNDLE_DAMAGED: input('replay', 'the trace of a bundle, or for one, is cut or damaged'),
  BUNDLE_REDACTION: input(
    'replay',
    'redaction would change the verdict, or the schedule, so that the bundle would not repeat it',
  ),
  EXPRESSION_INVALID: usage(
    'replay',
    'an expression is wrong at the column that is shown; docs/expressions.md has the grammar',
  ),
  INPUT_MISSING: usage('import', 'no input was named'),
  INPUT_EMPTY: input('import', 'the input holds nothing'),
  INPUT_COMPRESSED: unsupported(
    'import',
    'the input is compressed by a program that is not installed here: install it, or ' +
      'decompress the input elsewhere',
  ),
  COMPRESSED_DAMAGED: input(
    'import',
    'an input that gzip, xz, bzip2 or lz4 compressed is damaged or cut: what came before is ' +
      'imported, fetch the file again',
  ),
  INPUT_INCOMPLETE: input(
    'import',
    '`--strict`, and the input is cut, damaged, or says that events were lost',
  ),
  INPUT_UTF16: input('import', 'the input is UTF-16 text: convert it to UTF-8'),
  FORMAT_UNKNOWN: usage('import', 'there is no format of that name; `vfr import --list` has all'),
  FORMAT_NOT_RECOGNISED: input('import', 'the content is of no format that vfr knows'),
  SNAPSHOT_MALFORMED: input('import', 'the folder does not hold the state of a machine'),
  ALIGN_NOTHING: usage('import', 'two recordings have no access in common to align them by'),
  ALIGN_TOO_LARGE: unsupported(
    'import',
    'a trace has, or says that it has, more events or accesses than can be aligned in memory',
  ),
  ALIGN_TWO: usage('import', 'only two traces can be aligned at once'),
  CONFIG_NAMELESS: usage(
    'import',
    'a dump of configuration space does not say which function it belongs to',
  ),
  SIMPLETRACE_HEADER: input('import', 'a QEMU simpletrace has no proper header'),
  SIMPLETRACE_VERSION: unsupported('import', 'a version of simpletrace that vfr does not read'),
  TRACEDAT_COMPRESSION: unsupported(
    'import',
    'a trace.dat is compressed in a way that vfr does not read',
  ),
  TRACEDAT_DAMAGED: input(
    'import',
    'a trace.dat is damaged where nothing of it can be read without',
  ),
  TRACEDAT_EMPTY: input('import', 'a trace.dat was cut before its first event'),
  TRACEDAT_LATENCY: unsupported(
    'import',
    'a trace.dat holds the text of a latency tracer: import what `trace-cmd report` ' +
      'prints of it',
  ),
  TRACEDAT_VERSION: unsupported('import', 'a version of trace.dat that vfr does not read'),
  EVENT_FORMAT: input('import', "the description of an event's fields is damaged"),
  HEADER_PAGE: input('import', "the description of a ring buffer's pages is damaged"),
  INPUT_PIPE: unsupported(
    'import',
    'a trace.dat or perf.data of more than a GiB is compressed or comes through a pipe, but ' +
      'is read at several places: decompress it into a file',
  ),
  PERFDATA_DAMAGED: input(
    'import',
    'a perf.data is damaged where nothing of it can be read without',
  ),
  NOT_ROOT: unsupported('record', 'recording needs root'),
  NO_TRACEFS: unsupported('record', 'there is no tracefs'),
  TRACEFS_INSTANCE: unsupported('record', 'the kernel gives no tracing instance'),
  TRACEFS_SETTING: unsupported(
    'record',
    'the kernel refuses a setting of its ring buffers, such as a size for which it has no ' +
      'memory',
  ),
  PROBE: unsupported('record', 'a probe cannot be placed in this kernel'),
  KALLSYMS: unsupported('record', 'the symbols of the kernel cannot be read'),
  BTF_DAMAGED: input('record', "the kernel's type information cannot be read"),
  BTF_UNRESOLVED: unsupported(
    'record',
    "this kernel's structures are laid out in a way that a probe does not know",
  ),
  NO_PROCESS: usage('record', 'there is no process of that number'),
  RECORD_OPTION: usage('record', 'an option of `vfr record` makes no sense'),
  TRIGGER: usage('record', 'a trigger is not of a form that vfr knows'),
  SQL_FAILED: usage('questions', 'DuckDB refuses the SQL; its own words are in the message'),
  SQL_FORBIDDEN: usage(
    'questions',
    'the SQL is more than one SELECT, or a condition more than a condition, or it calls ' +
      'what a query may not',
  ),
  SQL_MEMORY: usage(
    'questions',
    'the query needs more memory than it may use, or a row of its result is larger than 32 MB',
  ),
  SQL_TIME: usage('questions', 'the query took longer than it may'),
  SQL_CRASH: usage('questions', 'the query made DuckDB end or break; vfr itself goes on'),
  SQL_CANCELLED: usage('questions', 'the query was cancelled before it had an answer'),
  SQL_NO_PROCESS: unsupported(
    'questions',
    'the process in which SQL runs cannot be started: too few open files or processes are ' +
      'allowed',
  ),
  RULES_INVALID: usage('questions', 'a file of rules for `vfr check` is not one'),
  CHECK_INPUT: usage('questions', '`vfr check` was given no trace'),
  SEQ_UNKNOWN: usage('questions', 'the trace has no readable event of that number'),
  WHY_WHICH: usage('questions', '`vfr why` was given no event, or an event and also an option'),
  SQL_MISSING: usage('questions', 'no query was given, or a condition is empty'),
  SQL_TOO_LONG: usage('questions', 'the file of a query is larger than 1 MiB'),
  NO_TERMINAL: unsupported('questions', '`vfr browse` needs a terminal'),
  SERVE_PORT: unsupported('questions', 'the port of `vfr serve --port` cannot be listened on'),
  SERVE_STREAM: usage('questions', '`vfr serve` reads traces from files alone'),
} satisfies Record<string, ErrorFacts>;

/** A stable code of the list, or `FILE_` with the errno of another failed system call. */
export type ErrorCode = keyof typeof ERRORS | `FILE_E${string}`;

/** The facts of an error; undefined for system calls that are not in the list. */
export function errorFacts(code: ErrorCode): ErrorFacts | undefined {
  return code in ERRORS ? ERRORS[code as keyof typeof ERRORS] : undefined;
}
