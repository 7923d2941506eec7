#!/usr/bin/python3
"""
What a hot reset reaches, and who may have it, through the doors of groups and of character devices: what the kernel
refuses, and resets. Prints the errno of each call.

usage: hot_resets.py ALONE FIRST SECOND PF: a function with a bus for itself, two of one bus and group, and one with VFs
"""
import ctypes
import fcntl
import mmap
import os
import struct
import sys
import time

from vfio_client import BASE, GROUP_GET_DEVICE_FD, GROUP_SET_CONTAINER, SET_IOMMU, TYPE1V2, libc, say

HOT_RESET_INFO, HOT_RESET, BIND = BASE + 12, BASE + 13, BASE + 18
PCI = '/sys/bus/pci'
ROOM = 512


def write(path, text):
    try:
        with open(f'{PCI}/{path}', 'w') as file:
            file.write(text)
    except OSError as error:
        say(f'{path} {text}:', error.errno)


def give(bdf, driver):
    if os.path.exists(f'{PCI}/devices/{bdf}/driver'):
        write(f'devices/{bdf}/driver/unbind', bdf)
    write(f'devices/{bdf}/driver_override', driver)
    write('drivers_probe', bdf)


def request(what, device, command, argument):
    """An ioctl whose argument is bytes, or an address; says the errno, and the whole struct of an answer."""
    buffer = ctypes.create_string_buffer(argument, max(len(argument), ROOM)) if isinstance(argument, bytes) else argument
    result = libc.ioctl(device, command, buffer)
    errno = ctypes.get_errno() if result < 0 else 0
    words = struct.unpack('7I', buffer.raw[:28]) if isinstance(argument, bytes) else ()
    say(f'{what}: {errno}', [hex(word) for word in words])


def ask(what, device):
    for size in (ROOM, 12, 11):
        request(f'{what}, argsz {size}', device, HOT_RESET_INFO, struct.pack('III', size, 0, 0))


def ask_badly(device):
    request('no argument', device, HOT_RESET_INFO, None)
    read_only = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE)
    read_only[:12] = struct.pack('III', ROOM, 0, 0)
    address = ctypes.addressof(ctypes.c_char.from_buffer(read_only))
    libc.mprotect(ctypes.c_void_p(address), 4096, mmap.PROT_READ)
    request('an argument that is read only', device, HOT_RESET_INFO, ctypes.c_void_p(address))


def reset(what, device, files, size=None, flags=0):
    size = 12 + 4 * len(files) if size is None else size
    request(f'reset with {what}', device, HOT_RESET, struct.pack(f'III{len(files)}i', size, flags, len(files), *files))


def open_group(bdf):
    group = os.path.basename(os.readlink(f'{PCI}/devices/{bdf}/iommu_group'))
    return os.open(f'/dev/vfio/{group}', os.O_RDWR)


def by_group(bdf, unrelated):
    container, group = os.open('/dev/vfio/vfio', os.O_RDWR), open_group(bdf)
    fcntl.ioctl(group, GROUP_SET_CONTAINER, struct.pack('i', container))
    fcntl.ioctl(container, SET_IOMMU, TYPE1V2)
    device = libc.ioctl(group, GROUP_GET_DEVICE_FD, bdf.encode() + b'\0')
    ask(f'{bdf} by its group', device)
    ask_badly(device)
    reset('no group', device, [])
    reset('flags', device, [group], flags=1)
    reset('a size that is too small', device, [group], size=11)
    reset('a file that is not open', device, [-1])
    reset('the file of the device', device, [device])
    reset('the file of the container', device, [container])
    reset('more groups than functions', device, [group] * 9)
    foreign = open_group(unrelated)
    reset(f'the group of {unrelated} alone', device, [foreign])
    reset('its group', device, [group])
    os.close(foreign)
    for file in (device, group, container):
        os.close(file)


def open_cdev(bdf, iommufd):
    name, = os.listdir(f'{PCI}/devices/{bdf}/vfio-dev')
    device = os.open(f'/dev/vfio/devices/{name}', os.O_RDWR)
    if iommufd is not None:
        request(f'{bdf} is bound', device, BIND, struct.pack('IIiI', 16, 0, iommufd, 0))
    return device


def by_cdev(bdf, other=None):
    """Another function of the bus, if there is one, is bound to nothing, to another iommufd, and to the same."""
    first, second = (os.open('/dev/iommu', os.O_RDWR) for _ in range(2))
    device = open_cdev(bdf, first)
    ask(f'{bdf} by its character device', device)
    ask_badly(device)
    reset('a file', device, [first])
    reset('flags', device, [], flags=1)
    reset('a size that is too small', device, [], size=11)
    reset('nothing to pass', device, [])
    for iommufd in (second, first) if other else ():
        file = open_cdev(other, iommufd)
        ask(f'{other} bound as well', device)
        reset('nothing to pass', device, [])
        os.close(file)
    for file in (device, first, second):
        os.close(file)


alone, first, second, pf = sys.argv[1:]
for bdf in (alone, first, second):
    give(bdf, 'vfio-pci')
by_group(alone, first)
by_cdev(alone)
by_group(first, alone)
by_cdev(first, second)
write(f'devices/{pf}/sriov_drivers_autoprobe', '0')
write(f'devices/{pf}/sriov_numvfs', '1')
time.sleep(0.5)
vf = os.path.basename(os.readlink(f'{PCI}/devices/{pf}/virtfn0'))
give(vf, 'vfio-pci')
by_group(vf, alone)
by_cdev(vf)
