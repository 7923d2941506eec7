/**
 * Decompression in a thread of its own, for what Node and other programs only do asynchronously:
 * reading stays synchronous, chunk by chunk.
 */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
} from 'node:worker_threads';
import { VfrError } from '../../traces/index.js';
import { UNPACK_WORKER } from './unpack-worker.js';

/** A program that decompresses from its input to its output; gzip is Node's own. */
export interface Unpacker {
  readonly program: string;
  readonly args: readonly string[];
}

/** What the thread says. */
type Message =
  | { readonly is: 'want' | 'end' | 'missing' }
  | { readonly is: 'piece'; readonly piece: Uint8Array }
  | { readonly is: 'failed'; readonly why: string };

/**
 * The decompressed bytes, which end where the compressed ones are damaged.
 * @throws VfrError `INPUT_COMPRESSED` when the program is not installed, `COMPRESSED_DAMAGED` after
 * the last bytes before damage
 */
export function* unpacked(
  unpacker: Unpacker,
  chunks: Iterable<Buffer>,
  file: string,
): Generator<Buffer, undefined> {
  const input = chunks[Symbol.iterator]();
  const thread = new Thread(unpacker);
  try {
    for (;;) {
      const message = thread.next();
      switch (message.is) {
        case 'want': {
          const { done, value } = input.next();
          thread.answer('want', done === true ? null : value);
          break;
        }
        case 'piece':
          yield Buffer.from(
            message.piece.buffer,
            message.piece.byteOffset,
            message.piece.byteLength,
          );
          thread.answer('piece', null);
          break;
        case 'end':
          return;
        case 'missing':
          throw missing(unpacker.program, file);
        case 'failed':
          throw damaged(unpacker.program, message.why, file);
      }
    }
  } finally {
    thread.end();
  }
}

class Thread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  /** How many messages the thread has posted; it wakes the thread that waits for the next. */
  readonly #posted = new Int32Array(new SharedArrayBuffer(4));
  #taken = 0;

  constructor({ program, args }: Unpacker) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData = { program, args, port: port2, posted: this.#posted };
    const options = { eval: true, workerData, transferList: [port2] };
    this.#worker = new Worker(UNPACK_WORKER, options);
    this.#worker.unref();
  }

  /** Waits for the next message. */
  next(): Message {
    Atomics.wait(this.#posted, 0, this.#taken);
    this.#taken++;
    return receiveMessageOnPort(this.#port)?.message;
  }

  /** @param chunk is copied, as its memory is used again */
  answer(to: 'want' | 'piece', chunk: Buffer | null): void {
    this.#port.postMessage({ to, chunk: chunk === null ? null : new Uint8Array(chunk) });
  }

  end(): void {
    this.#port.close();
    void this.#worker.terminate();
  }
}

function missing(program: string, file: string): VfrError {
  const what = `it is compressed with ${program}, which is not installed here`;
  const next = `Install ${program}, or decompress the input elsewhere.`;
  return new VfrError('INPUT_COMPRESSED', what, next, { file });
}

function damaged(program: string, why: string, file: string): VfrError {
  const what = `the bytes that ${program} made are damaged (${why})`;
  const next = 'What came before is usable; fetch the file again.';
  return new VfrError('COMPRESSED_DAMAGED', what, next, { file });
}
