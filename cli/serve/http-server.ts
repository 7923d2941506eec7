/** Listens on this machine alone, and answers what the guard admits. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { VfrError } from '../../traces/index.js';
import { AccessGuard } from './access-guard.js';

/** The only address that is listened on: no other machine reaches it. */
const ADDRESS = '127.0.0.1';
/** A client that sends slowly is not waited for longer. */
const REQUEST_MS = 10_000;

/** Answers a request that was admitted. */
export type Answer = (request: Request) => Response | Promise<Response>;

export interface Listening {
  readonly port: number;
  /** Ends all connections. */
  readonly close: () => Promise<void>;
}

/**
 * @param port 0 for one that is free
 * @throws VfrError `SERVE_PORT` when the port cannot be listened on
 */
export async function listen(app: Answer, token: string, port: number): Promise<Listening> {
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS });
  await listening(server, port);
  const own = (server.address() as AddressInfo).port;
  const guard = new AccessGuard(token, own);
  const answer = getRequestListener(app, { overrideGlobalObjects: false });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: target = '', rawHeaders: headers } = request;
    const admitted = guard.admit({ method, target, headers });
    if (typeof admitted !== 'number') return void answer(request, response);
    response.writeHead(admitted, { Connection: 'close', 'Content-Length': 0 });
    response.end();
    request.resume();
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port: own, close };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      const next = 'Choose another with --port, or leave it out for one that is free.';
      reject(new VfrError('SERVE_PORT', `port ${port} cannot be listened on: ${code}`, next));
    });
    server.listen(port, ADDRESS, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}
