/**
 * Decides which requests the server answers. Any page that a browser shows can send requests to a
 * port of this machine, so that each request must prove that it comes from the page of this server.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** A request as it was received: nothing decoded, nothing joined. */
export interface RawRequest {
  readonly method: string;
  /** The request target: path and query for a request that is answered. */
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

/** What a request asks for: the name of an answer, empty for the page itself. */
export interface Admitted {
  readonly name: string;
}

/** Names have no escapes, dots in front or slashes, so that there is one way to write each. */
const NAME = /^(?:[a-z0-9][a-z0-9-]*(?:\.[a-z0-9]+)?)?$/i;
/** The longest request target; the longest ones have a condition in SQL. */
const TARGET_MAX = 16_384;
/** Requests that change nothing on this machine; SQL is sent as POST because it may be long. */
const METHODS = new Set(['GET', 'HEAD', 'POST']);

export class AccessGuard {
  readonly #token: Buffer;
  readonly #hosts: ReadonlySet<string>;

  /** @param port that the server listens on */
  constructor(token: string, port: number) {
    this.#token = digest(token);
    this.#hosts = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  }

  /** The name of the answer, or the status of an empty one. */
  admit(request: RawRequest): Admitted | 403 | 404 | 405 {
    const { method, target, headers } = request;
    const of = (name: string) => valuesOf(headers, name);
    const hosts = of('host');
    // A page whose name resolves to 127.0.0.1 (DNS rebinding) sends its own name as the host.
    if (hosts.length !== 1 || !this.#hosts.has(hosts[0])) return 403;
    const path = pathOf(target);
    if (path === null || !this.#isToken(path.token)) return 403;
    if (!METHODS.has(method)) return 405;
    const own = `http://${hosts[0]}`;
    if (of('origin').some((origin) => origin !== own)) return 403;
    const isPage = path.name === '' && method === 'GET';
    const sites = of('sec-fetch-site');
    // A link to the page may be followed from elsewhere, such as the terminal in another page.
    const isLink = isPage && of('sec-fetch-mode').every((mode) => mode === 'navigate');
    const isTop = isLink && of('sec-fetch-dest').every((dest) => dest === 'document');
    if (!isTop && sites.some((site) => site !== 'same-origin' && site !== 'none')) return 403;
    return NAME.test(path.name) ? { name: path.name } : 404;
  }

  /** Compares digests in constant time, so that the time says neither length nor beginning. */
  #isToken(text: string): boolean {
    return timingSafeEqual(this.#token, digest(text));
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Null for a target that is not `/token/name?query`. */
function pathOf(target: string): { token: string; name: string } | null {
  if (target.length > TARGET_MAX) return null;
  const match = /^\/([^/?#]*)\/([^?#]*)(?:\?[^#]*)?$/.exec(target);
  return match === null ? null : { token: match[1], name: match[2] };
}

function valuesOf(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (headers[i].toLowerCase() === name) values.push(headers[i + 1]);
  return values;
}
