/** Panels that are shown one at a time, chosen by tabs. */
import { element } from './dom.js';

export interface Tab {
  readonly name: string;
  readonly panel: HTMLElement;
  /** Called when the panel becomes visible. */
  readonly onShow?: () => void;
}

/** @returns shows the tab of a name */
export function addTabs(home: HTMLElement, tabs: readonly Tab[]): (name: string) => void {
  const buttons = tabs.map(({ name }) =>
    element(
      'button',
      { role: 'tab', id: `tab-${name}`, aria: { 'aria-controls': `panel-${name}` } },
      name,
    ),
  );
  const list = element('div', { role: 'tablist', aria: { 'aria-label': 'Details' } }, ...buttons);
  for (const { name, panel } of tabs) {
    panel.id = `panel-${name}`;
    panel.role = 'tabpanel';
    panel.className = 'panel';
    panel.setAttribute('aria-labelledby', `tab-${name}`);
  }
  home.append(list, ...tabs.map(({ panel }) => panel));
  const show = (name: string) => {
    tabs.forEach(({ name: own, panel, onShow }, i) => {
      const isShown = own === name;
      panel.hidden = !isShown;
      buttons[i].setAttribute('aria-selected', String(isShown));
      buttons[i].tabIndex = isShown ? 0 : -1;
      if (isShown) onShow?.();
    });
  };
  buttons.forEach((button, i) => {
    button.addEventListener('click', () => show(tabs[i].name));
  });
  list.addEventListener('keydown', ({ key }) => {
    const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
    const at = buttons.findIndex((button) => button.tabIndex === 0);
    if (step === 0) return;
    const next = (at + step + tabs.length) % tabs.length;
    show(tabs[next].name);
    buttons[next].focus();
  });
  show(tabs[0].name);
  return show;
}
