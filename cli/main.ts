/**
 * The first file that is loaded. It has no static imports, so that a machine that cannot load the
 * rest (because it allows too few open files) gets an error message like any other failure.
 */
try {
  const { start } = await import('./start.js');
  await start(process.argv.slice(2));
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  if (!['EMFILE', 'ENFILE', 'ENOMEM'].includes(code ?? '')) throw error;
  const next =
    code === 'EMFILE' ? 'Allow more open files: `ulimit -n 1024`.' : 'End other programs.';
  process.stderr.write(`vfr: the program cannot be loaded: ${message}\n`);
  process.stderr.write(`     ${next} (FILE_${code})\n`);
  process.exitCode = 4;
}
