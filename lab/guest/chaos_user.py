"""A random user of VFIO, by groups and containers: every call with good and bad arguments, on what its process has open."""
import mmap
import os
import struct

from chaos_calls import group_of, libc, memory

GROUP, CONTAINER, DEVICE = 'group', 'container', 'device'
REGION = 40
U32, U64 = 0xffffffff, 0xffffffffffffffff
# Where registers are that mean something: the header, and what lists of capabilities usually have.
OFFSETS = [0, 2, 4, 4, 4, 5, 6, 7, 8, 0xc, 0xd, 0xe, 0xf, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x30, 0x34, 0x3c, 0x3d, 0x3e, 0x40, 0x42,
           0x44, 0x48, 0x50, 0x52, 0x54, 0x60, 0x62, 0x70, 0x78, 0x80, 0x84, 0x88, 0x90, 0xa0, 0xa2, 0xb0, 0xc8, 0xcc, 0xe0, 0xfc, 0xfe, 0xff,
           0x100, 0x102, 0x104, 0x110, 0x140, 0x148, 0x150, 0x160, 0x162, 0x180, 0x200, 0xffc, 0xffe, 0xfff, 0x1000, 0x1004, 1 << 20]
VALUES = [0, 1, 2, 3, 4, 6, 7, 0x10, 0x20, 0x406, 0x407, 0x400, 0x8000, 0xc000, 0x4000, 0xffff, 0x100, 0xffffffff, 0xfffffffe, 0xfee00000, 0x80, 0x70]
TOKENS = ['', '', '', '', '', ' vf_token=11111111-2222-3333-4444-555555555555', ' vf_token=00000000-0000-0000-0000-000000000000', ' vf_token=short',
          ' vf_token=', ' nonsense=1', ' vf_token=11111111-2222-3333-4444-555555555555 vf_token=11111111-2222-3333-4444-555555555555', ' ']
SIZES = [0x1000, 0x1000, 0x2000, 0x3000, 0x10000, 0x200000, 0, 1, 0xfff, 0x1001, 1 << 40, U64, U64 - 0xfff, 1 << 63]
IOVAS = [0x1000, 0x2000, 0x3000, 0x10000, 0x100000, 0x200000, 0x1ff000, 0xfee00000, 0xfedff000, 0xfef00000, 0, 0x800, 1 << 39, 1 << 47, 1 << 48, U64 - 0xfff]
MEMORY = 4 << 20


class User:
    """@param files: what the process has open, shared by its threads: [kind, of, fd]; @param maps: [address, length]"""

    def __init__(self, r, calls, addresses, files, maps):
        self.r, self.calls, self.addresses, self.files, self.maps = r, calls, addresses, files, maps
        self.memory = memory(MEMORY)

    def step(self):
        r = self.r
        on_device = [(self.config, 34), (self.region, 12), (self.info, 9), (self.irqs, 12), (self.feature, 5), (self.reset, 3), (self.hot_reset, 5),
                     (self.ioeventfd, 4), (self.map, 5), (self.touch, 8), (self.unmap, 3), (self.odd, 2)]
        others = [(self.arrive, 8), (self.open, 5), (self.container, 6), (self.dma, 14), (self.group, 7), (self.close, 6), (self.duplicate, 2)]
        choices = on_device + others if any(f[0] == DEVICE for f in self.files) else others
        does, = r.choices([c[0] for c in choices], [c[1] for c in choices])
        does()

    def one(self, kind):
        """Something of a kind that is open; a number that is drawn chooses it."""
        luck = self.r.random()
        found = [f for f in list(self.files) if f[0] == kind]
        return found[int(luck * len(found))] if found else None

    def keep(self, kind, of, fd):
        if fd >= 0:
            self.files.append([kind, of, fd])
        return fd

    def flip(self, probability):
        return self.r.random() < probability

    # The way to a device, and files

    def arrive(self):
        """All that it takes to have a device."""
        address = self.r.choice(self.addresses)
        iommu = self.r.choice([3, 3, 3, 1])
        container = self.one(CONTAINER)
        fresh = container is None or self.flip(0.3)
        fd = self.keep(CONTAINER, '', self.calls.open('/dev/vfio/vfio')) if fresh else container[2]
        group = next((f[2] for f in list(self.files) if f[:2] == [GROUP, group_of(address)]), None)
        if group is None:
            group = self.keep(GROUP, group_of(address), self.calls.open(f'/dev/vfio/{group_of(address)}'))
        if fd < 0 or group < 0:
            return
        self.calls.ioctl(group, 4, struct.pack('i', fd), name='GROUP_SET_CONTAINER')
        self.calls.ioctl(fd, 2, iommu, name='SET_IOMMU')
        self.device_of(group, address, '')

    def device_of(self, group, address, token):
        text = (address + token).encode() + b'\0'
        self.keep(DEVICE, address, self.calls.ioctl(group, 6, text, name='GROUP_GET_DEVICE_FD', text=address + token))

    def open(self):
        if self.flip(0.4):
            self.keep(CONTAINER, '', self.calls.open('/dev/vfio/vfio'))
        else:
            group = group_of(self.r.choice(self.addresses))
            self.keep(GROUP, group, self.calls.open(f'/dev/vfio/{group}'))

    def close(self):
        kind = self.r.choice([CONTAINER, GROUP, GROUP, DEVICE, DEVICE, DEVICE])
        file = self.one(kind)
        if file in self.files:
            self.files.remove(file)
            self.calls.close(file[2])

    def duplicate(self):
        file = self.one(self.r.choice([CONTAINER, GROUP, DEVICE, DEVICE]))
        if file:
            fd = self.calls.attempt('dup', os.dup, file[2], fd=file[2])
            self.keep(file[0], file[1], fd)

    # Groups and containers

    def group(self):
        file, container = self.one(GROUP), self.one(CONTAINER)
        does = self.r.choice(['status', 'set', 'set', 'unset', 'device', 'device', 'odd'])
        size, address, name, token = self.r.choice([8, 8, 8, 4, 7, 0, 100, U32]), self.r.choice(self.addresses), self.r.random(), self.r.choice(TOKENS)
        number, odd = self.r.choice([0, 7, 12, 18, 99]), self.r.choice([-1, 0, 1, 9999])
        if not file:
            return
        if does == 'status':
            self.calls.ioctl(file[2], 3, struct.pack('II', size, 0), name='GROUP_GET_STATUS')
        elif does == 'set':
            fd = container[2] if container and name < 0.8 else odd
            self.calls.ioctl(file[2], 4, struct.pack('i', fd) if name < 0.97 else None, name='GROUP_SET_CONTAINER')
        elif does == 'unset':
            self.calls.ioctl(file[2], 5, None, name='GROUP_UNSET_CONTAINER')
        elif does == 'device':
            near = [a for a in self.addresses if group_of(a) == file[1]] or [address]
            text = near[int(name * 1e6) % len(near)] if name < 0.8 else ['', 'nonsense', address, address[5:], 'x' * 300][int(name * 1e6) % 5]
            self.device_of(file[2], text, token)
        else:
            self.calls.ioctl(file[2], number, 0, name='odd')

    def container(self):
        r = self.r
        file = self.one(CONTAINER)
        does = r.choice(['version', 'extension', 'extension', 'iommu', 'iommu', 'info', 'odd'])
        extension, iommu = r.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99]), r.choice([1, 3, 3, 3, 0, 2, 6, 7, 8, 99])
        size, number = r.choice([16, 24, 24, 200, 8, 15, 0, 2000, 104]), r.choice([5, 11, 15, 16, 18, 19, 20, 99])
        if not file:
            return
        if does == 'version':
            self.calls.ioctl(file[2], 0, 0, name='GET_API_VERSION')
        elif does == 'extension':
            self.calls.ioctl(file[2], 1, extension, name=f'CHECK_EXTENSION {extension}')
        elif does == 'iommu':
            self.calls.ioctl(file[2], 2, iommu, name=f'SET_IOMMU {iommu}')
        elif does == 'info':
            self.calls.ioctl(file[2], 12, struct.pack('IIQII', size, 0, 0, 0, 0), name=f'IOMMU_GET_INFO {size}')
        else:
            self.calls.ioctl(file[2], number, 0, name='odd')

    def dma(self):
        r = self.r
        file = self.one(CONTAINER)
        does = r.choice(['map', 'map', 'map', 'unmap', 'unmap', 'dirty'])
        iova, size = r.choice(IOVAS), r.choice(SIZES)
        vaddr = self.memory + r.choice([0, 0, 0, 0x1000, 0x2000, 0x10000, 0x800, MEMORY - 0x1000])
        vaddr = r.choice([vaddr] * 8 + [0, 0xffff800000000000, 0x1000, U64 - 0xfff])
        map_flags = r.choice([3, 3, 3, 3, 1, 2, 0, 4, 5, 7, 8, 0x10])
        unmap_flags = r.choice([0, 0, 0, 0, 1, 2, 2, 3, 4, 6, 8])
        dirty_flags = r.choice([1, 2, 4, 0, 3, 5, 6, 8])
        argsz = r.choice([None] * 12 + [0, 4, 16, 23, 24, 31, 32, 40, 100])
        page, bytes_ = r.choice([0x1000, 0x1000, 0x1000, 0x200000, 0x2000, 0, 1]), r.choice([8, 8, 64, 0, 1, 4096, 1 << 40])
        if unmap_flags & 2 and self.flip(0.7):
            iova, size = 0, 0
        if not file:
            return
        if does == 'map':
            given = struct.pack('IIQQQ', argsz if argsz is not None else 32, map_flags, vaddr, iova, size)
            self.calls.ioctl(file[2], 13, given, name='MAP_DMA')
        elif does == 'unmap':
            bitmap = struct.pack('QQQ', page, bytes_, self.memory) if unmap_flags & 1 else b''
            given = struct.pack('IIQQ', argsz if argsz is not None else 24 + len(bitmap), unmap_flags, iova, size) + bitmap
            self.calls.ioctl(file[2], 14, given, name='UNMAP_DMA')
        else:
            more = struct.pack('QQQQQ', iova, size, page, bytes_, self.memory) if dirty_flags & 4 else b''
            given = struct.pack('II', argsz if argsz is not None else 8 + len(more), dirty_flags) + more
            self.calls.ioctl(file[2], 17, given, name='DIRTY_PAGES')

    # Devices

    def config(self):
        r = self.r
        file = self.one(DEVICE)
        at, size = r.choice(OFFSETS), r.choice([1, 2, 4, 4, 2, 1, 3, 8, 5, 16, 64, 0])
        at += r.choice([0] * 8 + [1, 2, 3])
        value, writes = r.choice(VALUES), self.flip(0.45)
        if not file:
            return
        if writes:
            self.calls.pwrite(file[2], (7 << REGION) + at, (value.to_bytes(4, 'little') * 20)[:size])
        else:
            self.calls.pread(file[2], (7 << REGION) + at, size)

    def region(self):
        r = self.r
        file = self.one(DEVICE)
        region = r.choice([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 6, 8, 9, 10, 40, 255])
        at, size = r.choice([0, 4, 8, 0x20, 0x24, 1, 2, 0xffc, 0x1000, 0x2000, 0x3000, 0xfffff, 0xffffe, 1 << 20, 1 << 39]), r.choice([1, 2, 4, 4, 8, 3, 16, 7, 0])
        value, writes = r.choice(VALUES), self.flip(0.4)
        if not file:
            return
        if writes:
            self.calls.pwrite(file[2], (region << REGION) + at, (value.to_bytes(4, 'little') * 4)[:size])
        else:
            self.calls.pread(file[2], (region << REGION) + at, size)

    def info(self):
        r = self.r
        file = self.one(DEVICE)
        number, index = r.choice([7, 8, 8, 8, 9, 9]), r.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99, U32])
        size = r.choice([None] * 8 + [0, 4, 15, 16, 20, 24, 31, 32, 100, 4096])
        if not file:
            return
        if number == 7:
            self.calls.ioctl(file[2], 7, struct.pack('IIIIII', 24 if size is None else size, 0, 0, 0, 0, 0), name='DEVICE_GET_INFO')
        elif number == 8:
            self.calls.ioctl(file[2], 8, struct.pack('IIIIQQ', 32 if size is None else size, 0, index, 0, 0, 0), name='DEVICE_GET_REGION_INFO')
        else:
            self.calls.ioctl(file[2], 9, struct.pack('IIII', 16 if size is None else size, 0, index, 0), name='DEVICE_GET_IRQ_INFO')

    def irqs(self):
        r = self.r
        file = self.one(DEVICE)
        sane = self.flip(0.7)
        data = r.choice([4, 4, 4, 1, 1, 2]) if sane else r.choice([0, 3, 5, 6, 7])
        action = r.choice([0x20, 0x20, 0x20, 0x8, 0x10]) if sane else r.choice([0, 0x18, 0x28, 0x30, 0x38, 0x40, 0x20])
        index = r.choice([0, 0, 1, 1, 2, 2, 2, 3, 4, 5, U32])
        start, count = r.choice([0, 0, 0, 0, 1, 2, 5, 100, U32]), r.choice([0, 1, 1, 1, 2, 3, 5, 8, 64, 1000, U32])
        size = r.choice([None] * 10 + [0, 19, 20, 24, 4000])
        events = [r.choice([-1, 0, 0, 0, 0, 9999]) for _ in range(64)]
        if not file:
            return
        many = min(count, 64)
        if data == 4:
            made = [libc.eventfd(0, 0) if e == 0 else e for e in events[:many]]
            body = struct.pack(f'{many}i', *made)
        else:
            made, body = [], bytes([1, 0] * 32)[:many] if data == 2 else b''
        given = struct.pack('IIIII', 20 + len(body) if size is None else size, data | action, index, start, count) + body
        self.calls.ioctl(file[2], 10, given, name='DEVICE_SET_IRQS')
        for event in made:
            if event not in (-1, 9999) and event >= 0:
                os.close(event)

    def feature(self):
        r = self.r
        file = self.one(DEVICE)
        feature, size = r.choice(list(range(13)) + [0, 0, 3, 4, 5, 99, 0xffff]), r.choice([None] * 6 + [0, 4, 7, 8, 16, 24, 100])
        flags = r.choice([0x10000, 0x20000, 0x20000, 0x40000, 0x50000, 0x60000, 0x70000, 0, 0x80000, 0x30000])
        body = r.choice([bytes(16), b'\x11' * 4 + b'\x22\x22\x33\x33\x44\x44' + b'\x55' * 6, struct.pack('iI', -1, 0), bytes(32), b'\xff' * 16])
        if not file:
            return
        given = struct.pack('II', 8 + len(body) if size is None else size, flags | feature) + body
        result = self.calls.ioctl(file[2], 17, given, name='DEVICE_FEATURE')
        if result > 2:
            self.calls.close(result)

    def reset(self):
        file = self.one(DEVICE)
        if file:
            self.calls.ioctl(file[2], 11, 0, name='DEVICE_RESET')

    def hot_reset(self):
        r = self.r
        file, groups = self.one(DEVICE), [self.one(GROUP), self.one(GROUP)]
        asks, size = self.flip(0.5), r.choice([None] * 4 + [0, 11, 12, 20, 28, 100])
        count, odd, flags = r.choice([1, 1, 2, 0, 3, 1000, U32]), r.choice([-1, 0, 9999]), r.choice([0, 0, 0, 0, 1])
        if not file:
            return
        if asks:
            self.calls.ioctl(file[2], 12, struct.pack('III', 1000 if size is None else size, flags, 0), name='DEVICE_GET_PCI_HOT_RESET_INFO')
            return
        fds = [g[2] if g else odd for g in groups] + [odd]
        body = struct.pack(f'{min(count, 3)}i', *fds[:min(count, 3)])
        given = struct.pack('III', 12 + len(body) if size is None else size, flags, count) + body
        self.calls.ioctl(file[2], 13, given, name='DEVICE_PCI_HOT_RESET')

    def ioeventfd(self):
        r = self.r
        file = self.one(DEVICE)
        region, at = r.choice([0, 0, 0, 1, 2, 6, 7, 9]), r.choice([0, 4, 0x20, 0x24, 0x1000, 1 << 20, 3, 0x1ffc])
        flags, size = r.choice([4, 4, 1, 2, 8, 0, 3, 12, 16]), r.choice([None] * 6 + [0, 28, 31, 32, 100])
        fd, value = r.choice([0, 0, 0, -1, -1, -2, 9999]), r.choice([0, 1, 5])
        if not file:
            return
        event = libc.eventfd(0, 0) if fd == 0 else fd
        given = struct.pack('IIQQiI', 32 if size is None else size, flags, (region << REGION) + at, value, event, 0)
        self.calls.ioctl(file[2], 16, given, name='DEVICE_IOEVENTFD')
        if fd == 0:
            os.close(event)

    def odd(self):
        file, number = self.one(DEVICE), self.r.choice([0, 1, 2, 3, 6, 14, 15, 18, 19, 20, 21, 99])
        if file:
            self.calls.ioctl(file[2], number, 0, name='odd')

    # Mappings of BARs

    def map(self):
        r = self.r
        file = self.one(DEVICE)
        region, at, length = r.choice([0, 0, 0, 0, 1, 2, 3, 4, 6, 7, 9]), r.choice([0, 0, 0, 0x1000, 0x2000, 0x4000, 1 << 20]), r.choice([0x1000, 0x1000, 0x2000, 0x4000, 0x20000, 1 << 20, 2 << 20])
        protection, flags = r.choice([3, 3, 3, 1, 2]), r.choice([mmap.MAP_SHARED] * 6 + [mmap.MAP_PRIVATE])
        if file:
            address = self.calls.mmap(file[2], (region << REGION) + at, length, protection, flags)
            if address > 0:
                self.maps.append([address, length])

    def mapping(self):
        luck = self.r.random()
        maps = list(self.maps)
        return maps[int(luck * len(maps))] if maps else None

    def touch(self):
        page, writes, dies = self.r.random(), self.flip(0.3), self.flip(0.15)
        if found := self.mapping():
            address = found[0] + int(page * (found[1] >> 12)) * 0x1000
            # At register 0 of a page, which only tells something of these devices.
            self.calls.touch(address, writes and not dies)

    def unmap(self):
        part, found = self.r.random(), self.mapping()
        if not found or found not in self.maps:
            return
        self.maps.remove(found)
        address, length = found
        if length > 0x1000 and part < 0.5:
            # A part: at the beginning, or in the middle, of which the rest stays.
            first = int(part * 2 * (length >> 12)) << 12
            self.calls.munmap(address + first, 0x1000)
            self.maps += [m for m in ([address, first], [address + first + 0x1000, length - first - 0x1000]) if m[1]]
        else:
            self.calls.munmap(address, length)
