/** The editor of queries. Only this file knows CodeMirror. */
import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { Tables } from '../page-messages.js';

export interface Editor {
  readonly text: () => string;
}

const COLORS = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--vfio)' },
  { tag: [tags.string, tags.number, tags.bool, tags.null], color: 'var(--native-3)' },
  { tag: tags.comment, color: 'var(--soft)' },
]);

/**
 * Opens an editor. It is in a shadow tree: there CodeMirror uses constructed style sheets, which
 * the content security policy of the page permits.
 */
export function openEditor(
  home: HTMLElement,
  text: string,
  tables: Tables,
  run: () => void,
): Editor {
  const root = home.attachShadow({ mode: 'open' });
  const runs = keymap.of([
    {
      key: 'Mod-Enter',
      run: () => {
        run();
        return true;
      },
    },
  ]);
  // The dialect of DuckDB descends from that of PostgreSQL.
  const language = sql({ dialect: PostgreSQL, schema: tables, upperCaseKeywords: true });
  const state = EditorState.create({
    doc: text,
    extensions: [
      runs,
      history(),
      keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]),
      language,
      autocompletion(),
      bracketMatching(),
      syntaxHighlighting(COLORS),
      placeholder('SELECT …'),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': 'Query in SQL' }),
      EditorView.theme({
        '&': { border: '1px solid var(--line)', background: 'var(--panel)', color: 'var(--ink)' },
        '.cm-content': { caretColor: 'var(--ink)', minHeight: '4.5em' },
        '.cm-cursor': { borderLeftColor: 'var(--ink)' },
        '.cm-tooltip': { background: 'var(--paper)', color: 'var(--ink)' },
      }),
    ],
  });
  const view = new EditorView({ state, parent: root, root });
  return { text: () => view.state.doc.toString() };
}
