#!/usr/bin/python3
"""Random operations on the machine's devices: administrators write sysfs and load modules, users of VFIO open devices.

usage: chaos.py SEED OPERATIONS LOG

Each actor, a thread of its name, decides by random numbers of its own, which the seed determines. Users hold no
lock that an administrator waits for longer than they live; an administrator never has a device open, since it would wait for
itself.
"""
import os
import random
import signal
import sys
import threading
import time

from chaos_admin import Admin
from chaos_calls import Calls, Log, functions, libc
from chaos_user import User

ADMINS, USERS = 2, 3
PR_SET_NAME = 15
# An actor that does nothing for so long is killed: its files close then, for whom others wait.
PATIENCE = 8


def vfs(addresses):
    """The addresses that VFs get: the lab's PFs are functions 0, and their VFs on the same bus."""
    more = [a[:-4] + '00.1' for a in addresses if a.endswith('00.0')] + [a[:-4] + '00.2' for a in addresses if a.endswith('00.0')]
    more += [a[:-4] + f'10.{n}' for a in addresses[-2:] for n in (0, 2)]
    return [a for a in more if a not in addresses]


class Actor:
    def __init__(self, name, seed, calls):
        self.name, self.r, self.calls = name, random.Random(f'{seed}/{name}'), calls

    def run(self, actor, steps, deadline):
        libc.prctl(PR_SET_NAME, self.name.encode()[:15], 0, 0, 0)
        self.calls.log.tell(call='begin', actor=self.name)
        for _ in range(steps):
            if time.monotonic() > deadline:
                break
            actor.step()
            if self.r.random() < 0.05:
                time.sleep(self.r.random() * 0.05)


def admin(name, seed, steps, calls, addresses, deadline):
    actor = Actor(name, seed, calls)
    actor.run(Admin(actor.r, calls, addresses), steps, deadline)


def user(name, seed, steps, calls, addresses, deadline):
    """A process with one thread or two; at its end, a child may go on with what it inherits."""
    r = random.Random(f'{seed}/{name}/process')
    files, maps = [], []
    threads = []
    for n in range(r.choice([1, 1, 2])):
        actor = Actor(f'{name}.{n}', seed, calls)
        threads.append(threading.Thread(target=actor.run, args=(User(actor.r, calls, addresses, files, maps), steps, deadline), daemon=True))
    forks, exits = r.random() < 0.4, r.random() < 0.5
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if forks:
        child = os.fork()
        actor = Actor(f'{name}.{"child" if child == 0 else "parent"}', seed, calls)
        actor.run(User(actor.r, calls, addresses, files, maps), steps // 4, deadline)
        if child:
            os.waitpid(child, 0)
    if not exits:
        for file in files:
            calls.close(file[2])


def start(body, *arguments):
    pid = os.fork()
    if pid == 0:
        try:
            body(*arguments)
        except BaseException as error:  # The process ends here whatever happened; the log has it.
            arguments[3].log.tell(call='error', what=repr(error))
        os._exit(0)
    return pid


def main(seed, operations, path):
    calls = Calls(Log(path))
    addresses = functions()
    addresses = addresses * 2 + vfs(addresses)
    r = random.Random(f'{seed}/main')
    per_life = 60
    lives = max(1, operations // per_life)
    deadline = time.monotonic() + float(os.environ.get('CHAOS_SECONDS', 400))
    admins = [start(admin, f'admin{n}', seed, operations // 8, calls, addresses, deadline) for n in range(ADMINS)]
    running, kills = {}, {}
    for life in range(lives):
        body = (user, f'user{life}', seed, r.choice([20, 60, 90]), calls, addresses, deadline)
        is_killed, after = r.random() < 0.2, r.random() * 3
        while len(running) >= USERS:
            reap(running, kills, calls)
        if time.monotonic() > deadline:
            break
        pid = start(*body)
        running[pid] = time.monotonic() + PATIENCE
        if is_killed:
            kills[pid] = time.monotonic() + after
    while running:
        reap(running, kills, calls)
    end = time.monotonic() + 30
    # They end when their operations or their time are over; what waits in the kernel for ever stays.
    while admins and time.monotonic() < end + 15:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if pid in admins:
            admins.remove(pid)
        elif time.monotonic() > end:
            for waiting in admins:
                os.kill(waiting, signal.SIGKILL)
        time.sleep(0.05)
    for pid in admins:
        calls.log.tell(call='hung', of=pid, stack=stack(pid))
    print(f'seed {seed}: {"hung " + str(admins) if admins else "ended"}', flush=True)


def reap(running, kills, calls):
    now = time.monotonic()
    for pid in list(running):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            del running[pid]
            kills.pop(pid, None)
        elif now > min(running[pid], kills.get(pid, now + 1)):
            calls.log.tell(call='kill', of=pid)
            os.kill(pid, signal.SIGKILL)
            kills[pid], running[pid] = now + 5, now + 5
    time.sleep(0.01)


def stack(pid):
    try:
        return [line.split()[1].split('+')[0] for line in open(f'/proc/{pid}/stack')]
    except OSError:
        return []


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
