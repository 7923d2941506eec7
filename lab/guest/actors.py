#!/usr/bin/python3
"""Does what the actors of a scenario do, each as a process or thread with its name.

usage: actors.py prepare SCENARIO | run SCENARIO LOG | check SCENARIO LOG | end LOG

`check` succeeds if the run ended as the member `expected` says.

A scenario is a document of vfr whose machine is the lab's. Its member `order` makes actors wait for
each other: a list of [ACTOR, OPERATION, how], where the operation (from 1) begins when all entries
before it are over. An entry is over when its operation has ended; with "begun", as soon as the
operation has begun, and the number after it has passed, in milliseconds.

The processes keep their files open until `end`, as actors do that have done everything.
"""
import ctypes
import errno
import fcntl
import json
import mmap
import os
import select
import signal
import struct
import sys
import threading
import time

import lab_machine
from lab_machine import PCI, check, driver_of, libc

PR_SET_NAME = 15
IOCTLS = {  # uapi vfio.h: number, and the format of the struct after argsz with the names of its members
    'VFIO_SET_IOMMU': (2, None), 'VFIO_GROUP_SET_CONTAINER': (4, None), 'VFIO_GROUP_UNSET_CONTAINER': (5, None),
    'VFIO_GROUP_GET_DEVICE_FD': (6, None), 'VFIO_DEVICE_RESET': (11, None),
    'VFIO_DEVICE_GET_INFO': (7, ('IIIII', 'flags num_regions num_irqs cap_offset pad')),
    'VFIO_DEVICE_SET_IRQS': (10, ('IIII', 'flags index start count')),
    'VFIO_DEVICE_PCI_HOT_RESET': (13, ('II', 'flags count')),
    'VFIO_DEVICE_FEATURE': (17, ('I', 'flags')),
    'VFIO_IOMMU_MAP_DMA': (13, ('IQQQ', 'flags vaddr iova size')),
    'VFIO_IOMMU_UNMAP_DMA': (14, ('IQQI', 'flags iova size pad')),
}
TURN, SLOTS = 0, 64
# A descriptor that is not open; -1 has a meaning in some structs.
NO_FILE = 9999
FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP = 4


class Shared:
    """Counters that all processes see: the turn in the order, and per actor operations begun and done."""

    def __init__(self, count):
        self.bytes = mmap.mmap(-1, 8 * (SLOTS + 2 * count))

    def get(self, slot):
        return struct.unpack_from('q', self.bytes, 8 * slot)[0]

    def set(self, slot, value):
        struct.pack_into('q', self.bytes, 8 * slot, value)


class Order:
    def __init__(self, entries, names, shared):
        self.entries = [(names.index(actor), int(n), how) for actor, n, *how in entries]
        self.shared = shared

    def over(self, i):
        actor, n, how = self.entries[i]
        begun, done = self.shared.get(SLOTS + 2 * actor), self.shared.get(SLOTS + 2 * actor + 1)
        return done >= n or (bool(how) and how[0] == 'begun' and begun >= n)

    def wait(self, actor, n):
        mine = [i for i, e in enumerate(self.entries) if e[:2] == (actor, n)]
        if not mine:
            return
        before = range(mine[0])
        while not all(self.over(i) for i in before):
            time.sleep(0.0002)
        if before and self.entries[mine[0] - 1][2][:1] == ['begun']:
            time.sleep(self.entries[mine[0] - 1][2][1] / 1000)


class Actor:
    def __init__(self, number, spec, shared, order, log, files):
        self.number, self.name, self.does = number, spec['name'], spec['does']
        self.shared, self.order, self.log, self.files = shared, order, log, files
        self.remembered = {}

    def run(self, drivers, names):
        libc.prctl(PR_SET_NAME, self.name.encode()[:15], 0, 0, 0)
        self.drivers, self.names = drivers, names
        for i, operation in enumerate(self.does, 1):
            while 'when' in operation and not self.holds(operation['when']):
                time.sleep(0.0005)
            self.order.wait(self.number, i)
            self.shared.set(SLOTS + 2 * self.number, i)
            result = self.attempt(operation)
            done = {'actor': self.name, 'operation': i, 'errno': result, 'variables': self.remembered}
            os.write(self.log, (json.dumps(done) + '\n').encode())
            if result and operation.get('onError') == 'stop':
                break
            self.shared.set(SLOTS + 2 * self.number + 1, i)
        self.shared.set(SLOTS + 2 * self.number + 1, len(self.does))

    def holds(self, condition):
        if 'exists' in condition:
            return os.path.exists(f"{PCI}/devices/{condition['exists']}")
        if 'gone' in condition:
            return not os.path.exists(f"{PCI}/devices/{condition['gone']}")
        if 'signalled' in condition:
            fd = self.files.get(condition['signalled'])
            return fd is not None and bool(select.select([fd], [], [], 0)[0])
        if 'of' in condition:
            return driver_of(condition['of']) == condition['driver']
        return self.shared.get(SLOTS + 2 * self.names.index(condition['actor']) + 1) >= condition['did']

    def attempt(self, operation):
        """The name of the error; None for success."""
        try:
            self.do(operation)
        except OSError as error:
            return errno.errorcode[error.errno]

    def do(self, o):
        if 'write' in o:
            return lab_machine.write(o['write'], o['text'])
        if 'read' in o:
            self.remembered = {o['as']: read(o['of'], o['read'])} if 'as' in o else {}
            return None
        if 'set' in o:
            self.remembered = {o['set']: o['to']}
            return None
        self.remembered = {}
        if 'load' in o:
            return lab_machine.load(next(d for d in self.drivers if d['name'] == o['load']))
        if 'unload' in o:
            return lab_machine.unload(o['unload'])
        if 'open' in o:
            self.files[o.get('as', o['open'])] = self.open(o)
        elif 'close' in o:
            os.close(self.files.pop(o['close']))
        elif 'ioctl' in o:
            self.ioctl(o)
        elif 'pread' in o:
            os.pread(self.fd(o['pread']), o['count'], (o['region'] << 40) + int(str(o['offset']), 0))
        elif 'pwrite' in o:
            data = int(str(o['value']), 0).to_bytes(o['count'], 'little')
            os.pwrite(self.fd(o['pwrite']), data, (o['region'] << 40) + int(str(o['offset']), 0))
        elif 'mmap' in o:
            self.files['map ' + o['as']] = self.map(o)
        elif 'touch' in o:
            self.touch(self.files['map ' + o['touch']] + int(str(o.get('offset', 0)), 0))
        elif 'exit' in o:
            os._exit(0)

    def fd(self, name):
        return self.files.get(name, NO_FILE)

    def open(self, o):
        if o['open'] == 'eventfd':
            return check(libc.eventfd(0, 0))
        if o['open'] == 'container':
            return os.open('/dev/vfio/vfio', os.O_RDWR)
        group = os.path.basename(os.readlink(f"{PCI}/devices/{o['of']}/iommu_group"))
        return os.open(f'/dev/vfio/{group}', os.O_RDWR)

    def ioctl(self, o):
        number, form = IOCTLS[o['ioctl']]
        request, given = 0x3B64 + number, o.get('with')
        fd = self.fd(o['on'])
        files = [-1 if name is None else self.fd(name) for name in o.get('files', [])]
        if 'device' in o:
            self.files[o.get('as', 'device')] = check(libc.ioctl(fd, request, o['device'].encode() + b'\0'))
        elif form is None:
            argument = struct.pack('i', files[0]) if files else int(str(given or 0), 0)
            check(libc.ioctl(fd, request, argument if isinstance(argument, int) else ctypes.c_char_p(argument)))
        else:
            number_of = {name: int(str(n), 0) for name, n in given.items()}
            if o['ioctl'] == 'VFIO_IOMMU_MAP_DMA':
                number_of['vaddr'] = self.memory(number_of['size'])
            body = struct.pack('=' + form[0], *(number_of.get(name, 0) for name in form[1].split()))
            body += b''.join(struct.pack('i', n) for n in files)
            if o['ioctl'] == 'VFIO_DEVICE_FEATURE' and number_of['flags'] & 0xffff == FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
                body += bytes(4)  # its reserved member
            buffer = ctypes.create_string_buffer(struct.pack('I', 4 + len(body)) + body, 4 + len(body))
            check(libc.ioctl(fd, request, buffer))

    def memory(self, size):
        area = mmap.mmap(-1, size, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
        self.files[f'memory {len(self.files)}'] = area
        return ctypes.addressof(ctypes.c_char.from_buffer(area))

    def map(self, o):
        libc.mmap.restype = ctypes.c_void_p
        at = (o['region'] << 40) + int(str(o.get('offset', 0)), 0)
        address = libc.mmap(None, ctypes.c_size_t(int(str(o['length']), 0)), 3, 1, self.fd(o['mmap']), ctypes.c_long(at))
        if address == ctypes.c_void_p(-1).value:
            raise OSError(ctypes.get_errno(), 'mmap')
        return address

    def touch(self, address):
        """Reads the memory by a system call, which answers EFAULT where an access would be a bus error."""
        reader, writer = os.pipe()
        try:
            check(libc.write(writer, ctypes.c_void_p(address), 4))
        finally:
            for fd in (reader, writer):
                os.close(fd)


def read(address, attribute):
    """What an attribute of a function shows; None if it is not there."""
    try:
        return open(f'{PCI}/devices/{address}/{attribute}').read().strip()
    except OSError:
        return None


def run(scenario, log_path):
    actors = scenario['actors']
    names = [actor['name'] for actor in actors]
    shared = Shared(len(actors))
    order = Order(scenario.get('order', []), names, shared)
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    processes = {}
    for number, actor in enumerate(actors):
        processes.setdefault(actor.get('process', f'of {actor["name"]}'), []).append(number)
    pids = []
    for numbers in processes.values():
        pid = os.fork()
        if pid == 0:
            os.setsid()
            files, threads = {}, []
            while shared.get(TURN) == 0:
                time.sleep(0.0002)
            for n in numbers:
                actor = Actor(n, actors[n], shared, order, log, files)
                threads.append((actor.run, (scenario['machine']['drivers'], names)))
            for body, arguments in threads[1:]:
                threading.Thread(target=body, args=arguments, daemon=True).start()
            threads[0][0](*threads[0][1])
            while True:
                signal.pause()
        pids.append(pid)
    json.dump(pids, open(f'{log_path}.pids', 'w'))
    time.sleep(0.1)
    begin = time.monotonic_ns()
    shared.set(TURN, 1)
    end = time.monotonic() + scenario.get('seconds', 20)
    gone = set()
    isDone = lambda: all(shared.get(SLOTS + 2 * n + 1) >= len(a['does']) for n, a in enumerate(actors))
    while time.monotonic() < end and not isDone():
        time.sleep(0.001)
        # A process has closed its files when it can be waited for.
        for pid, numbers in zip(pids, processes.values()):
            if pid not in gone and os.waitpid(pid, os.WNOHANG)[0] == pid:
                gone.add(pid)
                for n in numbers:
                    shared.set(SLOTS + 2 * n + 1, len(actors[n]['does']))
    time.sleep(0.3)
    machine = scenario['machine']['functions']
    places = [f['address'] for f in machine] + [vf for f in machine for vf in f.get('labVfs', [])]
    drivers = {a: driver_of(a) for a in places if os.path.exists(f'{PCI}/devices/{a}')}
    hung = [] if isDone() else [stack(pid) for pid in pids]
    os.write(log, (json.dumps({'ended': isDone(), 'from': begin, 'to': time.monotonic_ns(), 'drivers': drivers, 'stacks': hung}) + '\n').encode())


def stack(pid):
    try:
        calls = [line.split()[1].split('+')[0] for line in open(f'/proc/{pid}/stack')]
        return {'task': open(f'/proc/{pid}/comm').read().strip(), 'stack': calls}
    except OSError:
        return {'task': str(pid), 'stack': []}


def end(log_path):
    for pid in json.load(open(f'{log_path}.pids')):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    time.sleep(0.3)


def ended_as_expected(document, log_path):
    expected, last = document['expected'], json.loads(open(log_path).readlines()[-1])
    if expected is None:
        return False
    if expected['deadlock']:
        return not last['ended']
    return last['ended'] and last['drivers'].get(expected['device']) == expected['driver']


if sys.argv[1] == 'end':
    end(sys.argv[2])
elif sys.argv[1] == 'check':
    sys.exit(0 if ended_as_expected(json.load(open(sys.argv[2])), sys.argv[3]) else 1)
else:
    document = json.load(open(sys.argv[2]))
    if sys.argv[1] == 'prepare':
        lab_machine.clear(document['lab']['pf'])
        lab_machine.prepare(document['machine'], document['lab']['unused'])
    else:
        run(document, sys.argv[3])
