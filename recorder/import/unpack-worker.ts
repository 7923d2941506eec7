/**
 * The code of the decompression thread, as text, so that it runs from the sources, from compiled
 * files and from the bundle.
 *
 * It requests bytes (`want`), passes on the result (`piece`), and ends with `end`, `missing` or
 * `failed`. It continues only after the piece before was consumed, so that a small input that
 * becomes a large one does not fill the memory.
 */
export const UNPACK_WORKER = `
const { workerData } = require('node:worker_threads');
const { spawn } = require('node:child_process');
const { createGunzip } = require('node:zlib');
const { program, args, port, posted } = workerData;

const waiting = new Map();
port.on('message', ({ to, chunk }) => waiting.get(to)(chunk));
function say(message) {
  port.postMessage(message);
  Atomics.add(posted, 0, 1);
  Atomics.notify(posted, 0);
}
const ask = (to, message) => new Promise((resolve) => {
  waiting.set(to, resolve);
  say(message);
});
const want = () => ask('want', { is: 'want' });
const deliver = (piece) => ask('piece', { is: 'piece', piece });

// Output before damage is delivered only at the end of a piece of input.
const PIECE = 4096;
async function gunzip() {
  const stream = createGunzip({ chunkSize: 1 << 16 });
  const pieces = [];
  let failure = null;
  stream.on('data', (piece) => pieces.push(piece));
  // The callback of a write is never called when the stream breaks.
  const broken = new Promise((done) => stream.on('error', (error) => done((failure = error))));
  const flush = async () => {
    for (const piece of pieces.splice(0)) await deliver(piece);
    if (failure !== null) say({ is: 'failed', why: failure.message });
    return failure === null;
  };
  for (let chunk = await want(); chunk !== null; chunk = await want()) {
    for (let at = 0; at < chunk.byteLength; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      await Promise.race([broken, new Promise((done) => stream.write(piece, done))]);
      if (!(await flush())) return;
    }
  }
  await Promise.race([broken, new Promise((done) => stream.once('end', done).end())]);
  if (await flush()) say({ is: 'end' });
}

process.on('uncaughtException', (error) => say({ is: 'failed', why: String(error) }));
async function run() {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let [missing, why] = [false, ''];
  child.on('error', (error) => { missing = error.code === 'ENOENT'; why = error.message; });
  child.stderr.on('data', (text) => { why = (why + text).slice(0, 500); });
  child.stdin.on('error', () => {});
  const closed = new Promise((done) => child.on('close', done));
  const fed = (async () => {
    for (let chunk = await want(); chunk !== null && !missing; chunk = await want()) {
      if (child.stdin.destroyed) break;
      await Promise.race([closed, new Promise((done) => child.stdin.write(chunk, done))]);
    }
    child.stdin.end();
  })();
  for await (const piece of child.stdout) await deliver(piece);
  const code = await closed;
  if (missing) say({ is: 'missing' });
  else if (code === 0) say({ is: 'end' });
  else say({ is: 'failed', why: why.trim().split('\\n')[0] || 'it ended with status ' + code });
}

(program === 'gzip' ? gunzip() : run()).catch((error) => say({ is: 'failed', why: String(error) }));
`;
