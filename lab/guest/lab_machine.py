"""The machine of a scenario, made of what the guest has: modules, drivers, overrides, VFs."""
import ctypes
import errno
import os
import subprocess
import time

PCI = '/sys/bus/pci'
MODULES = f'/opt/lab-modules/{os.uname().release}'
FINIT_MODULE, DELETE_MODULE = 313, 176  # arch/x86/entry/syscalls/syscall_64.tbl

# EPROBE_DEFER never leaves the kernel (include/linux/errno.h).
ERRNO = {name: number for number, name in errno.errorcode.items()} | {'EPROBE_DEFER': 517}
libc = ctypes.CDLL(None, use_errno=True)


def write(path, text):
    fd = os.open(path, os.O_WRONLY)
    try:
        return os.write(fd, text.encode())
    finally:
        os.close(fd)


def driver_of(address):
    try:
        return os.path.basename(os.readlink(f'{PCI}/devices/{address}/driver'))
    except OSError:
        return None


def parameters(driver):
    """What a native driver of the lab is loaded with, from the scenario's document."""
    ids = ';'.join(f"{int(i['vendor'], 16):x}:{int(i.get('device', '0'), 16):x}" for i in driver['ids'])
    words = [f'ids={ids}', f"sriov={driver.get('sriov', 'none')}"]
    words += [f'{name}={number}' for name, number in driver.get('lab', {}).items()]
    if driver.get('probeType') == 'async':
        words.append('async=1')
    return words


def module_parameters(driver):
    """What a driver of VFIO is loaded with; one that makes VFs has to be allowed to."""
    given = driver.get('parameters', {}) | ({'enable_sriov': True} if 'sriov' in driver else {})
    return [f'{name}={int(is_set)}' for name, is_set in given.items()]


def answers(driver):
    """What its probes return: these count only when the machine is ready."""
    number = lambda r: r if isinstance(r, int) else -ERRNO[r]
    lists = {to: r if isinstance(r, list) else [r] for to, r in driver.get('probe', {}).items()}
    return ';'.join(f"{to}={','.join(str(number(r)) for r in results)}" for to, results in lists.items())


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def load(driver, ready=True):
    """finit_module in this thread, so that the recording shows who did it."""
    words = parameters(driver)
    if ready:
        words += [f'probe={answers(driver)}', f"defers_until={driver.get('defersUntil', '')}"]
    fd = os.open(f"{MODULES}/{driver['name']}.ko", os.O_RDONLY)
    try:
        return check(libc.syscall(FINIT_MODULE, fd, ' '.join(words).encode(), 0))
    finally:
        os.close(fd)


def unload(name):
    return check(libc.syscall(DELETE_MODULE, name.encode(), 0))


def clear(pf):
    """Takes away what the scenario before has left."""
    for address in sorted(os.listdir(f'{PCI}/devices')):
        if not os.path.exists(f'{PCI}/devices/{address}'):
            continue  # a VF, which went with the driver of its PF
        if open(f'{PCI}/devices/{address}/driver_override').read().strip() != '(null)':
            write(f'{PCI}/devices/{address}/driver_override', '\n')
        if driver_of(address) == 'vfio-pci':
            write(f'{PCI}/drivers/vfio-pci/unbind', address)
    write(f'{PCI}/drivers_autoprobe', '1')
    if os.path.exists(f'{PCI}/devices/{pf}') and driver_of(pf):
        write(f'{PCI}/devices/{pf}/sriov_numvfs', '0')
    for name in [n for n in os.listdir('/sys/module') if n.startswith('lab')]:
        unload(name)
    subprocess.run(['modprobe', '-r', 'vfio-pci', 'nvme', 'e1000e'], stderr=subprocess.DEVNULL)
    write(f'{PCI}/rescan', '1')


def prepare(machine, unused):
    """Loads the drivers in their order, and gives each function its driver and override."""
    drivers = [d for d in machine['drivers'] if d.get('loaded', True)]
    for address in unused:
        # The scenario does not know it: no driver may try it.
        write(f'{PCI}/devices/{address}/driver_override', 'not-used')
    write(f'{PCI}/drivers_autoprobe', '0')
    for driver in drivers:
        if driver['name'].startswith('lab'):
            load(driver, ready=False)
        else:
            subprocess.run(['modprobe', 'vfio_iommu_type1'], check=True)
            subprocess.run(['modprobe', driver['name'], *module_parameters(driver)], check=True)
    for function in machine['functions']:
        address, driver = function['address'], function.get('driver')
        place = f'{PCI}/devices/{address}'
        if 'override' in function or driver == 'vfio-pci':
            write(f'{place}/driver_override', function.get('override', 'vfio-pci'))
        if driver:
            write(f'{PCI}/drivers/{driver}/bind', address)
        if driver == 'vfio-pci' and 'override' not in function:
            write(f'{place}/driver_override', '\n')
        if 'sriov' in function:
            write(f'{place}/sriov_drivers_autoprobe', '1' if function['sriov'].get('autoprobe', True) else '0')
    for driver in drivers:
        if driver['name'].startswith('lab'):
            for name, text in (('probe', answers(driver)), ('defers_until', driver.get('defersUntil'))):
                if text:
                    write(f"/sys/module/{driver['name']}/parameters/{name}", text)
    write(f'{PCI}/drivers_autoprobe', '1')
    time.sleep(0.2)
