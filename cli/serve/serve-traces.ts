/** Starts the server, says where its page is, and ends with a signal. */
import { randomBytes } from 'node:crypto';
import type { TraceReader } from '../../traces/index.js';
import { note, print, printJson } from '../output.js';
import { listen } from './http-server.js';
import { openInBrowser } from './open-in-browser.js';
import { pageApp } from './page-app.js';
import { pageFiles } from './page-files.js';
import { type SetOptions, TraceSet } from './trace-set.js';

export interface ServeOptions extends SetOptions {
  readonly port: number;
  readonly open: boolean;
  readonly json: boolean;
}

/** 256 bits of chance: nobody guesses a token. */
const TOKEN_BYTES = 32;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Serves traces until the process gets a signal to end; then it closes the traces.
 * @throws VfrError `SERVE_PORT` when the port cannot be listened on
 */
export async function serveTraces(
  readers: readonly TraceReader[],
  options: ServeOptions,
): Promise<void> {
  const ended = signalled();
  const traces = new TraceSet(readers, options);
  let removeFile = () => {};
  try {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const server = await listen(pageApp(traces, pageFiles()), token, options.port);
    try {
      const url = `http://127.0.0.1:${server.port}/${token}/`;
      await (options.json ? printJson({ url }) : print(url));
      note('Only programs that have this address can read the traces. Ctrl-C ends the server.');
      if (options.open)
        removeFile = openInBrowser(url, () =>
          note('No browser opened; open the address yourself.'),
        );
      traces.start();
      await ended;
    } finally {
      await server.close();
    }
  } finally {
    removeFile();
    traces.close();
  }
}

/** Resolves with the first signal that ends programs; the server then ends in order. */
const signalled = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of SIGNALS) process.once(signal, () => resolve());
  });
