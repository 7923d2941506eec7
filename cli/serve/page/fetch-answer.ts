/** Fetches what the server answers. */
import type { Refusal } from '../page-messages.js';

/** The server has no answer, and says why. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.next === '' ? refusal.what : `${refusal.what}. ${refusal.next}`);
  }
}

type Parameters = Readonly<Record<string, string | number>>;

/** @throws Refused when the server has no answer, a TypeError when it has ended */
export async function get<T>(
  name: string,
  parameters: Parameters = {},
  signal?: AbortSignal,
): Promise<T> {
  const query = new URLSearchParams(
    Object.entries(parameters).map(([key, value]) => [key, String(value)]),
  );
  return answer(await fetch(`${name}?${query}`, signal === undefined ? {} : { signal }));
}

/** @throws as `get` does */
export const post = async <T>(name: string, body = ''): Promise<T> =>
  answer(await fetch(name, { method: 'POST', body }));

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return (await response.json()) as T;
  const refusal = (await response.json().catch(() => null)) as Refusal | null;
  throw new Refused(
    refusal ?? { code: '', what: `the server answered ${response.status}`, next: '' },
  );
}

/** Asks one question at a time: a new one ends the one before, whose answer is not used. */
export class Latest {
  #abort = new AbortController();

  /** Undefined when another question came in between. @throws as `get` does */
  async get<T>(name: string, parameters: Parameters): Promise<T | undefined> {
    this.#abort.abort();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const found = await get<T>(name, parameters, abort.signal);
      return abort.signal.aborted ? undefined : found;
    } catch (error) {
      if (abort.signal.aborted) return undefined;
      throw error;
    }
  }
}
