#!/usr/bin/env node
import { endOnFailedOutput } from './output.js';
import { failOutput, run } from './program.js';

endOnFailedOutput(failOutput);
const code = await run(process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
