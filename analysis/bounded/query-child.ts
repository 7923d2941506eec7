/**
 * The process in which the SQL of users runs. It opens the traces itself, answers one question at a
 * time, and ends when its parent has ended. It does not enforce its limits of memory and time
 * itself: the operating system and `bounded-process.ts` do.
 */
import { writeSync } from 'node:fs';
import { serialize } from 'node:v8';
import { FileSource, MemorySource, readOn, TraceReader, VfrError } from '../../traces/index.js';
import { SqlSession } from '../sql-session.js';
import {
  decode,
  encode,
  type OpenRequest,
  type Reply,
  type Request,
  ROWS_BYTES_MAX,
  type SentError,
  type SentTrace,
} from './child-protocol.js';

const STDOUT = 1;

/** The pipe of a child process is blocking, so that a slow reader slows us down. */
function send(reply: Reply): void {
  const frame = encode(reply);
  for (let done = 0; done < frame.byteLength; ) done += writeSync(STDOUT, frame, done);
}

async function openTraces(
  open: OpenRequest,
  requests: AsyncIterator<Request>,
): Promise<SqlSession> {
  const named: { name: string; reader: TraceReader }[] = [];
  for (const trace of open.traces) {
    const source =
      trace.fd === null
        ? new MemorySource(await receive(trace, requests), trace.source)
        : new FileSource(trace.source, trace.fd, trace.size);
    named.push({ name: trace.name, reader: new TraceReader(readOn(source)) });
  }
  const { memory, errors } = open;
  return SqlSession.open(named, { memory, errors, threads: THREADS_MAX });
}

/** Each thread needs a stack and an arena, which is too much memory on machines with many cores. */
const THREADS_MAX = 8;

async function receive({ size }: SentTrace, requests: AsyncIterator<Request>): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  for (let done = 0; done < size; ) {
    const next = await requests.next();
    if (next.done === true || next.value.type !== 'bytes') throw new Error('bytes are missing');
    bytes.set(next.value.bytes, done);
    done += next.value.bytes.byteLength;
  }
  return bytes;
}

async function answer(session: SqlSession, request: Request): Promise<void> {
  if (request.type === 'condition') await session.requireCondition(request.sql);
  if (request.type !== 'query') return;
  await session.requireQuery(request.sql);
  const { columns, chunks } = await session.query(request.sql);
  send({ type: 'columns', columns });
  for await (const rows of chunks()) sendRows(rows);
}

/** Sends rows in as few frames as hold them. */
function sendRows(rows: readonly (readonly unknown[])[]): void {
  const size = serialize(rows).byteLength;
  if (size <= ROWS_BYTES_MAX) {
    send({ type: 'rows', rows });
    return;
  }
  if (rows.length === 1) throw tooLarge();
  const half = rows.length >> 1;
  sendRows(rows.slice(0, half));
  sendRows(rows.slice(half));
}

const tooLarge = () =>
  new VfrError(
    'SQL_MEMORY',
    `a row of the result takes more than ${ROWS_BYTES_MAX / 2 ** 20} MB`,
    'Ask for several rows instead, or for a part of the value.',
  );

function sentError(error: unknown): SentError {
  if (error instanceof VfrError) {
    const { code, what, next, place } = error;
    return { code, what, next, place };
  }
  const what = error instanceof Error ? error.message : String(error);
  const memory = error instanceof RangeError || /alloc/.test(what);
  const code = memory ? 'SQL_MEMORY' : 'SQL_CRASH';
  const next = memory ? 'Ask for less, or allow more with --memory.' : 'Ask in another way.';
  return { code, what, next, place: {} };
}

async function serve(): Promise<void> {
  const requests = decode<Request>(process.stdin);
  let session: SqlSession | null = null;
  for (;;) {
    const next = await requests.next();
    if (next.done === true) return;
    try {
      if (next.value.type === 'open') session = await openTraces(next.value, requests);
      else if (session !== null) await answer(session, next.value);
      send({ type: 'end' });
    } catch (error) {
      send({ type: 'error', error: sentError(error) });
    }
  }
}

// The parent has ended. An orderly exit would wait for the running query.
process.stdin.on('end', () => process.kill(process.pid, 'SIGKILL'));
await serve();
