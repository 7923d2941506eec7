/**
 * Goal: the model of migration that the judge and the kernel that runs use for all drivers does what
 * a real kernel did.
 * Method: the log of a client that migrated mtty devices on Linux 6.12 in every way, call by call:
 * states that it set and read, files of data that it read, wrote and asked, resets.
 */
import { expect, test } from 'vitest';
import { mdevDriver } from '../replay/model/mdev/index.js';
import {
  type DataFile,
  type FileRules,
  fileAfter,
  leaveResuming,
  openedFile,
  precopyInfo,
  readFile,
  writeFile,
} from '../replay/model/vfio/migration-file.js';
import {
  type Migration,
  resetMigration,
  STATE,
  setState,
} from '../replay/model/vfio/migration-state.js';
import { ERRNO } from '../traces/index.js';
import { testData } from './test-data.js';

const model = mdevDriver('mtty')!.migration!;
const { files } = model;
const HEADER_BYTES = 24;
/** The client calls its third device C: it has two ports, and the data of the others none for it. */
const TWO_PORTS = { ...files, whole: files.whole + 36 };

/** An mtty device, with the file that it saves to or loads from. */
interface Device {
  migration: Migration;
  data: Opened | null;
  rules: FileRules;
}
/** A file of a device. */
interface Opened {
  readonly device: Device;
  file: DataFile;
}

const LINE = {
  set: /^\d+ ioctl FEATURE mig-set .* feature=2 SET flags=0x20002 argsz=16 fd=(\d+)/,
  result: /^\d+ mig-set-result \w+ ret=(-?\d+) errno=(\d+) device_state=(\d+) data_fd=(-?\d+)/,
  get: /^\d+ ioctl FEATURE mig-get .* fd=(\d+)/,
  state: /^\d+ mig-state \w+\((\d+)\)/,
  transfer: /^\d+ (p?)(read|write) (.*) fd=(\d+) (?:off=0x0 )?len=(\d+) .*= (-?\d+) errno=(\d+)/,
  info: /^\d+ ioctl MIG_GET_PRECOPY_INFO .* argsz=(\d+) fd=(\d+) .* = (-?\d+) errno=(\d+)/,
  reset: /^\d+ ioctl DEVICE_RESET .*fd=(\d+) .* = 0 errno=0/,
  close: /^\d+ close device fd=(\d+) /,
};

/** One client: its devices and files by descriptor. */
class Client {
  readonly #devices = new Map<number, Device>();
  readonly #files = new Map<number, Opened>();
  /** The device of the call before, whose result is in the line that follows. */
  #asked: Device | null = null;
  predicted = 0;
  readonly wrong: string[] = [];

  follow(line: string): void {
    const is = <K extends keyof typeof LINE>(form: K) => LINE[form].exec(line)?.slice(1);
    const [set, result, get, state] = [is('set'), is('result'), is('get'), is('state')];
    const [transfer, info, reset, close] = [is('transfer'), is('info'), is('reset'), is('close')];
    if (set ?? get) this.#asked = this.#device(Number((set ?? get)![0]));
    else if (result) this.#set(line, result.map(Number));
    else if (state) this.#check(line, this.#asked?.migration.state, Number(state[0]));
    else if (transfer) this.#transfer(line, transfer);
    else if (info) this.#info(line, info.map(Number));
    else if (reset) this.#reset(this.#device(Number(reset[0])));
    else if (close) this.#reset(this.#device(Number(close[0])));
  }

  #check(line: string, expected: number | undefined, actual: number): void {
    if (expected === actual) this.predicted++;
    else this.wrong.push(`${line}: expected ${expected}`);
  }

  #device(fd: number): Device {
    const known = this.#devices.get(fd);
    if (known !== undefined) return known;
    const device: Device = {
      migration: { state: STATE.RUNNING, file: null },
      data: null,
      rules: files,
    };
    this.#devices.set(fd, device);
    return device;
  }

  #become(device: Device, migration: Migration): void {
    device.migration = migration;
    const { data } = device;
    if (data === null) return;
    data.file = fileAfter(files, data.file, migration);
    if (data.file.closed) device.data = null;
  }

  #set(line: string, [ret, errno, target, fd]: readonly number[]): void {
    const device = this.#asked!;
    // Arc by arc, as a way may close one file and open another.
    const arcs = setState(model, device.migration, target);
    const { data } = device;
    const refuse = (from: number) =>
      from === STATE.RESUMING && data !== null ? leaveResuming(device.rules, data.file) : 0;
    const outcome = setState(model, device.migration, target, refuse);
    this.#check(line, outcome.ret, ret < 0 ? -errno : ret);
    if (arcs.opened) this.#become(device, { ...outcome.migration, file: null });
    this.#become(device, outcome.migration);
    const { file, state } = outcome.migration;
    if (!outcome.opened || file === null) return;
    device.data = { device, file: openedFile(files, file, state) };
    this.#files.set(fd, device.data);
  }

  #transfer(line: string, [positioned, how, what, fd, count, ret, errno]: readonly string[]): void {
    const data = this.#files.get(Number(fd));
    if (data === undefined || this.#devices.has(Number(fd))) return;
    const { file, device } = data;
    const bytes = Number(count);
    // What the client wrote is not in its log, but that its header is wrong.
    const isHeader = file.filled < HEADER_BYTES && file.filled + bytes >= HEADER_BYTES;
    const isWrong = what.startsWith('wrong') || what === 'C';
    if (what === 'C') device.rules = TWO_PORTS;
    const content = isWrong && isHeader ? -ERRNO.EFAULT : 0;
    const isPositioned = positioned === 'p';
    const done =
      how === 'read'
        ? readFile(device.rules, file, device.migration.state, bytes, isPositioned)
        : writeFile(device.rules, file, bytes, isPositioned, content);
    data.file = done.file;
    this.#check(line, done.ret, Number(ret) < 0 ? -Number(errno) : Number(ret));
  }

  #info(line: string, [argsz, fd, ret, errno]: readonly number[]): void {
    const data = this.#files.get(fd);
    if (data === undefined) return;
    const expected = precopyInfo(files, data.file, data.device.migration.state, argsz);
    this.#check(line, expected, ret < 0 ? -errno : ret);
  }

  #reset(device: Device): void {
    this.#become(device, resetMigration(model, device.migration));
  }
}

const log = testData('captures/mdev-mtty-r1/client.txt.zst').toString();
const clients = log.split(/^(?=\d+ mdevclient )/m);

test('mtty/data, mtty/write-refused, mtty/too-short, mtty/precopy-info: every call of a client that migrates has the result that the model says', () => {
  let predicted = 0;
  for (const text of clients) {
    const client = new Client();
    for (const line of text.split('\n')) client.follow(line);
    expect(client.wrong).toEqual([]);
    predicted += client.predicted;
  }
  expect(predicted).toBe(1256);
});
