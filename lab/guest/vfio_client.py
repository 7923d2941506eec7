#!/usr/bin/python3
"""A VFIO user as small as can be: opens a device through its group, asks what it has, maps memory for
DMA, reads and writes its configuration space and its BARs, maps BAR 0 and touches it, sets interrupts,
resets it, and closes it. Prints one line per step.

usage: vfio_client.py BDF
"""
import ctypes
import fcntl
import mmap
import os
import struct
import sys
import time

BASE = 0x3B64  # _IO(';', 100)
GET_API_VERSION, CHECK_EXTENSION, SET_IOMMU = BASE, BASE + 1, BASE + 2
GROUP_GET_STATUS, GROUP_SET_CONTAINER, GROUP_GET_DEVICE_FD = BASE + 3, BASE + 4, BASE + 6
DEVICE_GET_INFO, DEVICE_GET_REGION_INFO, DEVICE_GET_IRQ_INFO = BASE + 7, BASE + 8, BASE + 9
DEVICE_SET_IRQS, DEVICE_RESET = BASE + 10, BASE + 11
IOMMU_GET_INFO, IOMMU_MAP_DMA, IOMMU_UNMAP_DMA = BASE + 12, BASE + 13, BASE + 14
TYPE1V2 = 3
CONFIG = 7
COMMAND, MEMORY, MASTER = 4, 2, 4

libc = ctypes.CDLL(None, use_errno=True)


def say(step, result=''):
    print(step, result, flush=True)


def call(fd, request, fmt, *values):
    """An ioctl with a struct; answers the struct as the kernel left it."""
    buffer = bytearray(struct.pack(fmt, *values))
    fcntl.ioctl(fd, request, buffer)
    return struct.unpack(fmt, buffer)


def open_device(bdf):
    group = os.path.basename(os.readlink(f'/sys/bus/pci/devices/{bdf}/iommu_group'))
    container = os.open('/dev/vfio/vfio', os.O_RDWR)
    say('api version', fcntl.ioctl(container, GET_API_VERSION))
    group_fd = os.open(f'/dev/vfio/{group}', os.O_RDWR)
    say('group status', call(group_fd, GROUP_GET_STATUS, 'II', 8, 0))
    fcntl.ioctl(group_fd, GROUP_SET_CONTAINER, struct.pack('i', container))
    fcntl.ioctl(container, SET_IOMMU, TYPE1V2)
    device = libc.ioctl(group_fd, GROUP_GET_DEVICE_FD, bdf.encode() + b'\0')
    if device < 0:
        raise OSError(ctypes.get_errno(), f'GROUP_GET_DEVICE_FD {bdf}')
    return container, group_fd, device


def map_dma(container):
    memory = mmap.mmap(-1, 1 << 16, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    call(container, IOMMU_MAP_DMA, 'IIQQQ', 32, 3, address, 0x100000, 1 << 16)
    say('mapped', hex(0x100000))
    return memory


def use_config(device, offset):
    for at in range(0, 64, 4):
        os.pread(device, 4, offset + at)
    command = struct.unpack('H', os.pread(device, 2, offset + COMMAND))[0]
    os.pwrite(device, struct.pack('H', command | MEMORY | MASTER), offset + COMMAND)
    say('command', hex(struct.unpack('H', os.pread(device, 2, offset + COMMAND))[0]))


def use_bar(device, size, flags, offset):
    if size == 0:
        return
    for at in range(0, 32, 4):
        os.pread(device, 4, offset + at)
    if flags & 4:
        with mmap.mmap(device, 4096, mmap.MAP_SHARED, offset=offset) as bar:
            say('bar 0 at 0', bar[0:4].hex())


def fault(bdf, device, offset):
    """Makes edu write to an address that is not mapped for it: the IOMMU refuses it and tells."""
    if open(f'/sys/bus/pci/devices/{bdf}/device').read().strip() != '0x11e8':
        return
    # Source, destination, bytes, and "start, from the device's buffer" (QEMU docs/specs/edu.rst).
    for register, value in ((0x80, 0x40000), (0x88, 0xead0000), (0x90, 64), (0x98, 3)):
        os.pwrite(device, struct.pack('Q', value), offset + register)
    time.sleep(0.5)
    say('wrote where nothing is mapped')


def use_interrupts(device):
    count = call(device, DEVICE_GET_IRQ_INFO, 'IIII', 16, 0, 1, 0)[3]
    if count == 0:
        return
    event = libc.eventfd(0, 0)
    # Vectors by eventfd: DATA_EVENTFD | ACTION_TRIGGER, MSI, start 0, one of them; then none.
    call(device, DEVICE_SET_IRQS, 'IIIIIi', 24, 0x24, 1, 0, 1, event)
    call(device, DEVICE_SET_IRQS, 'IIIII', 20, 0x21, 1, 0, 0)
    say('msi', count)
    os.close(event)


def main(bdf):
    container, group, device = open_device(bdf)
    regions = call(device, DEVICE_GET_INFO, 'IIIII', 20, 0, 0, 0, 0)[2]
    memory = map_dma(container)
    info = [call(device, DEVICE_GET_REGION_INFO, 'IIIIQQ', 32, 0, i, 0, 0, 0) for i in range(regions - 1)]
    use_config(device, info[CONFIG][5])
    use_bar(device, info[0][4], info[0][1], info[0][5])
    use_interrupts(device)
    fault(bdf, device, info[0][5])
    try:
        fcntl.ioctl(device, DEVICE_RESET)
        say('reset')
    except OSError as error:
        say('reset', error)
    call(container, IOMMU_UNMAP_DMA, 'IIQQ', 24, 0, 0x100000, 1 << 16)
    for fd in (device, group, container):
        os.close(fd)
    say('closed')


if __name__ == '__main__':
    main(sys.argv[1])
