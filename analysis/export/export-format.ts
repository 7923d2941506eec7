/** The formats of exports; docs/export.md says what each has. */
export type ExportFormat =
  | 'parquet'
  | 'arrow'
  | 'csv'
  | 'jsonl'
  | 'perfetto'
  | 'chrome'
  | 'speedscope'
  | 'otlp-json'
  | 'umockdev';
