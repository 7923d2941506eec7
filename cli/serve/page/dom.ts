/** Elements of the page. */

type Child = Node | string | null;

/** An element with properties and children; text never becomes HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> & { readonly aria?: Record<string, string> } = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  const { aria = {}, ...own } = properties;
  Object.assign(made, own);
  for (const [name, value] of Object.entries(aria)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** The part of the page with an id, which index.html has. */
export function part(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

/** Says something to users that do not see the pictures. */
export const say = (text: string): void => {
  part('said').textContent = text;
};
