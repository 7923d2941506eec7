export { ERRNO, errnoName } from '../../traces/index.js';
