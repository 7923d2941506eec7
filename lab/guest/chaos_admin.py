"""A random administrator: attributes of sysfs, and modules that come and go, with good and bad arguments."""
import os
import subprocess

from chaos_calls import PCI, driver_of

NATIVE = {'0108': 'nvme', '0200': 'e1000e', '00ff': None}
OVERRIDES = ['vfio-pci', 'vfio-pci', 'vfio-pci\n', 'nvme', 'e1000e', 'igb', 'igbvf', 'edu', '', '\n', 'no such driver', 'vfio-pci\nnvme',
             'x' * 300, 'v' * 4095, 'y' * 5000, '\0', 'vfio-pci ', ' vfio-pci', 'vfio\n\n']
NUMBERS = ['0', '1', '2', '4', '4', '7', '8', '-1', '65535', '65536', 'four', '', '0x2', '2\n', ' 2', '2 3', '+1']
FLAGS = ['0', '1', 'y', 'n', 'Y', 'on', 'off', 'maybe', '', '2', '10']
DRIVERS = ['vfio-pci', 'vfio-pci', 'vfio-pci', 'nvme', 'e1000e', 'igb', 'igbvf', 'virtio-pci']
MODULES = ['vfio-pci', 'vfio-pci', 'vfio-pci', 'e1000e', 'nvme', 'igbvf', 'vfio_iommu_type1', 'igb']
PARAMETERS = {
    'vfio-pci': ['disable_idle_d3=1', 'disable_idle_d3=0', 'nointxmask=1', 'disable_vga=1', 'enable_sriov=1', 'disable_denylist=1',
                 'ids=1234:11e8', 'ids=8086:10d3,1b36:0010', 'ids=ffff', 'ids=1234:11e8:1af4:1100', 'nonsense=1'],
    'nvme': ['use_threaded_interrupts=1'], 'vfio_iommu_type1': ['allow_unsafe_interrupts=1', 'dma_entry_limit=8', 'disable_hugepages=1'],
}


class Admin:
    """@param r: random numbers of its own; every operation draws before it looks at the machine"""

    def __init__(self, r, calls, addresses):
        self.r, self.calls = r, calls
        # Some of these are VFs, which come and go.
        self.addresses = addresses

    def step(self):
        r = self.r
        does, = r.choices([self.give, self.bind, self.override, self.ids, self.probe, self.sriov, self.attribute, self.hotplug, self.module, self.read],
                          [8, 14, 14, 8, 8, 7, 16, 2, 6, 4])
        does(r.choice(self.addresses), r.random())

    def place(self, address):
        return f'{PCI}/devices/{address}'

    def give(self, address, _luck):
        """What a user needs: the function goes to vfio-pci."""
        self.calls.write(f'{self.place(address)}/driver_override', 'vfio-pci')
        self.calls.write(f'{self.place(address)}/driver/unbind', address)
        self.calls.write(f'{PCI}/drivers_probe', address)

    def bind(self, address, luck):
        driver, verb = self.r.choice(DRIVERS), self.r.choice(['bind', 'bind', 'unbind'])
        text = self.r.choice([address] * 6 + [address + '\n', '0000:00:00.0', 'nonsense', '', address.upper(), address[5:]])
        if luck < 0.5:
            driver = driver_of(address) or driver
        self.calls.write(f'{PCI}/drivers/{driver}/{verb}', text)

    def override(self, address, _luck):
        self.calls.write(f'{self.place(address)}/driver_override', self.r.choice(OVERRIDES))

    def ids(self, address, _luck):
        known = [(self.number(address, 'vendor'), self.number(address, 'device'))]
        vendor, device = self.r.choice(known * 4 + [('8086', '1572'), ('1234', '11e8'), ('1b36', '0010'), ('zz', '0'), ('', '')])
        more = self.r.choice([''] * 6 + [' 1af4 1100', ' ffffffff ffffffff', ' 1 2 20000 ffff00', ' 1 2 3', ' 1af4 1100 0 0 5'])
        self.calls.write(f"{PCI}/drivers/{self.r.choice(DRIVERS)}/{self.r.choice(['new_id', 'remove_id'])}", f'{vendor} {device}{more}')

    def number(self, address, name):
        try:
            return open(f'{self.place(address)}/{name}').read().strip()[2:]
        except OSError:
            return '1234'

    def probe(self, address, _luck):
        self.calls.write(f'{PCI}/drivers_probe', self.r.choice([address] * 5 + ['nonsense', '', '0000:7f:00.0', address + ' ']))

    def sriov(self, address, luck):
        """Only some functions are PFs: function 0 of a bus that has VFs."""
        pf = address[:-4] + '00.0'
        if luck < 0.25:
            self.calls.write(f'{self.place(pf)}/sriov_drivers_autoprobe', self.r.choice(FLAGS))
        else:
            self.calls.write(f'{self.place(pf)}/sriov_numvfs', self.r.choice(NUMBERS))

    def attribute(self, address, luck):
        name, texts = self.r.choice([
            ('reset', ['1', '1', '1', '0', 'x', '2']), ('power/control', ['on', 'auto', 'auto', 'off', 'auto\n', '']),
            ('reset_method', ['default', '', 'flr', 'pm', 'bus', 'flr bus', 'nonsense', 'bus flr pm', 'pm flr', '\n']),
            ('d3cold_allowed', FLAGS), ('enable', ['1', '0', '1', '0', 'x', '-1', '7']), ('msi_bus', FLAGS), ('broken_parity_status', FLAGS),
            ('power/control', ['on', 'auto'])])
        self.calls.write(f'{self.place(address)}/{name}', self.r.choice(texts))
        if luck < 0.02:
            self.calls.write(f'{PCI}/drivers_autoprobe', self.r.choice(FLAGS))
            self.calls.write(f'{PCI}/drivers_autoprobe', '1')

    def hotplug(self, address, luck):
        if luck < 0.4:
            self.calls.write(f'{self.place(address)}/remove', self.r.choice(['1', '1', '0', 'x']))
        self.calls.write(f'{PCI}/rescan', self.r.choice(['1', '1', '1', '0', '']))

    def module(self, _address, luck):
        name = self.r.choice(MODULES)
        words = self.r.sample(PARAMETERS.get(name, []), min(len(PARAMETERS.get(name, [])), self.r.choice([0, 0, 1, 2])))
        command = ['modprobe', '-r', name] if luck < 0.4 else ['modprobe', name, *words]
        self.run(command)
        if luck < 0.4:
            self.run(['modprobe', name, *words])

    def run(self, command):
        quiet = {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}
        self.calls.attempt('run', lambda: subprocess.run(command, **quiet).returncode, command=command)

    def read(self, address, _luck):
        name = self.r.choice(['config', 'driver_override', 'sriov_numvfs', 'reset_method', 'power/runtime_status', 'enable', 'power_state', 'resource'])
        self.calls.attempt('read', lambda: len(open(f'{self.place(address)}/{name}', 'rb').read()), path=f'{self.place(address)}/{name}')
        if name == 'config' and os.path.exists(self.place(address)):
            at, size = self.r.choice([0, 4, 0x34, 0x3d, 0x40, 0x100, 0xffe]), self.r.choice([1, 2, 4, 3])
            self.calls.attempt('read', self.read_at, f'{self.place(address)}/config', at, size, path='config', at=at)

    def read_at(self, path, at, size):
        fd = os.open(path, os.O_RDONLY)
        try:
            return len(os.pread(fd, size, at))
        finally:
            os.close(fd)
