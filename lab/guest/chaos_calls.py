"""The calls of the actors of chaos.py: each is made, and told in a log with its result, a negative errno on failure."""
import ctypes
import errno
import json
import mmap
import os
import time

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.pread.argtypes = libc.pwrite.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long]
libc.ioctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p]
PCI = '/sys/bus/pci'


class Log:
    """One line per call, written at once: an actor may be killed at any time."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def tell(self, **members):
        line = {'pid': os.getpid(), 'tid': libc.gettid(), **members}
        os.write(self.fd, (json.dumps(line) + '\n').encode())


class Calls:
    def __init__(self, log):
        self.log = log

    def attempt(self, call, function, *arguments, **told):
        begin = time.monotonic_ns()
        try:
            result = function(*arguments)
        except OSError as error:
            result = -error.errno
        self.log.tell(call=call, **told, from_=begin, to=time.monotonic_ns(), result=result)
        return result

    def c(self, call, function, *arguments, **told):
        """A function of the C library, which returns -1 on failure."""
        def checked():
            result = function(*arguments)
            return -ctypes.get_errno() if result == -1 else result
        return self.attempt(call, checked, **told)

    def write(self, path, text):
        def write():
            fd = os.open(path, os.O_WRONLY)
            try:
                return os.write(fd, text.encode())
            finally:
                os.close(fd)
        return self.attempt('write', write, path=path, text=text[:80], length=len(text))

    def read(self, path):
        return self.attempt('read', lambda: len(open(path).read()), path=path)

    def open(self, path):
        return self.attempt('open', os.open, path, os.O_RDWR, path=path)

    def close(self, fd):
        return self.attempt('close', lambda: os.close(fd) or 0, fd=fd)

    def ioctl(self, fd, number, argument, **told):
        """@param argument: a number, None, or bytes, which are given in a page of their own"""
        place = argument
        if isinstance(argument, bytes):
            page = ctypes.create_string_buffer(argument, 8192)
            place = ctypes.addressof(page)
            told['given'] = argument[:64].hex()
        return self.c('ioctl', libc.ioctl, fd, 0x3B64 + number, place, fd=fd, command=0x3B64 + number, **told)

    def pread(self, fd, at, count):
        buffer = ctypes.create_string_buffer(max(count, 1))
        result = self.c('pread', libc.pread, fd, buffer, count, at, fd=fd, at=at, count=count)
        return buffer.raw[:result] if result > 0 else b''

    def pwrite(self, fd, at, data):
        buffer = ctypes.create_string_buffer(data, len(data) or 1)
        return self.c('pwrite', libc.pwrite, fd, buffer, len(data), at, fd=fd, at=at, count=len(data), data=data[:16].hex())

    def mmap(self, fd, at, length, protection, flags):
        def map():
            address = libc.mmap(None, length, protection, flags, fd, at)
            return -ctypes.get_errno() if address == ctypes.c_void_p(-1).value else address
        return self.attempt('mmap', map, fd=fd, at=at, length=length, protection=protection, flags=flags)

    def munmap(self, address, length):
        return self.c('munmap', libc.munmap, address, length, address=address, length=length)

    def touch(self, address, writes):
        """By a system call, which returns EFAULT where an access would be a bus error."""
        reader, writer = os.pipe()
        try:
            if writes:
                os.write(writer, b'\1\0\0\0')
                function, fd = libc.read, reader
            else:
                function, fd = libc.write, writer
            return self.c('touch', function, fd, ctypes.c_void_p(address), 4, address=address, writes=writes)
        finally:
            os.close(reader)
            os.close(writer)


def memory(size):
    """@returns the address of memory for DMA; it lives as long as the process"""
    return libc.mmap(None, size, 3, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, -1, 0)


def functions():
    """The functions that the actors may use: those behind ports, not the guest's own disks."""
    return [a for a in sorted(os.listdir(f'{PCI}/devices')) if a[5:7] != '00' and a.endswith(tuple('01234567'))]


def group_of(address):
    try:
        return os.path.basename(os.readlink(f'{PCI}/devices/{address}/iommu_group'))
    except OSError:
        return '9999'


def driver_of(address):
    try:
        return os.path.basename(os.readlink(f'{PCI}/devices/{address}/driver'))
    except OSError:
        return None


NO_SUCH = errno.ENOENT
