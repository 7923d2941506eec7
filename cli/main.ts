#!/usr/bin/env node
import { endOnClosedPipe } from './output.js';
import { run } from './program.js';

endOnClosedPipe();
const code = await run(process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
