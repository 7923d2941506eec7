#!/usr/bin/python3
"""Checks a recording against what the kernel itself says: usage: check_record.py REPORT EVENTS.jsonl REPLAY"""
import collections
import json
import os
import sys

from checks import check, check_report, failed

report = json.load(open(sys.argv[1]))
events = [json.loads(line) for line in open(sys.argv[2])]
check_report(report)

# What the recording says of the drivers at its end, against sysfs.
sysfs = dict(line.rstrip('\n').split(' ', 1) for line in open('/out/drivers.txt'))
end = {e['device']: e.get('driver') or '' for e in events
       if e['kind'] == 'snapshot' and e['name'] == 'end' and e.get('device')}
check('drivers at the end equal sysfs', end == sysfs, f'{len(end)} functions')

# The models of the kernel, fed with what came from outside, must do what the kernel did.
replay = json.load(open(sys.argv[3]))
check('replay has no divergence', replay['diverged'] == 0 and replay['matched'] > 100,
      f"{replay['matched']} matched {replay['divergences']}")
modelled = {bdf: d['driver'] or '' for bdf, d in replay['finalState']['devices'].items()}
faults = [e for e in events if e['kind'] == 'fault.dma']
if os.path.exists('/sys/class/iommu/ivhd0'):
    # QEMU 11.1 writes the events of AMD's IOMMU without their device and address.
    check('the kernel log has the fault', any(e.get('name') == 'AMD-Vi IO_PAGE_FAULT' for e in faults), len(faults))
elif any(name.startswith('smmu3') for name in os.listdir('/sys/class/iommu')):
    # Up to Linux 6.14 the driver of SMMUv3 logs only the event's words, which have a stream and no device.
    at = [(e['name'], e.get('device')) for e in faults if int(e.get('offset') or 0) == 0xead0000]
    device = '0000:03:00.0' if 'client' in ' '.join(e.get('text') or '' for e in faults) else None
    check('the kernel log tells the address of the fault', ('SMMU F_TRANSLATION write', device) in at, at)
else:
    at = [e.get('device') for e in faults if int(e.get('offset') or 0) == 0xead0000]
    check('the kernel log tells the device and address of the fault', '0000:03:00.0' in at, at)
mapped = [e for e in events if e['kind'] in ('mmap', 'fault.page')]
check('mappings and their faults have a region', all(e.get('region') is not None for e in mapped), len(mapped))
check('drivers that replay ends with equal sysfs', modelled == sysfs)

# Values read from configuration space: most registers never change, so most reads see what sysfs shows.
config = {}
for bdf in sysfs:
    config[bdf] = open(f'/sys/bus/pci/devices/{bdf}/config', 'rb').read()
reads = collections.Counter()
for e in events:
    if e['kind'] != 'config.read' or e.get('value') is None or e.get('ret') != 0:
        continue
    space, at, length = config.get(e['device'], b''), int(e['offset']), int(e['length'])
    if at + length <= len(space):
        reads[int.from_bytes(space[at:at + length], 'little') == int(e['value'])] += 1
share = reads[True] / max(1, sum(reads.values()))
check('values read equal configuration space', share > 0.9 and reads[True] > 500, dict(reads))

kinds = collections.Counter(e['kind'] for e in events)
for kind in ('sriov.enable', 'vf.add', 'vf.remove', 'bind', 'unbind', 'probe', 'sysfs.write', 'ioctl', 'dma.map',
             'dma.unmap', 'region.read', 'config.write', 'irq.set', 'reset', 'device.open', 'mmap', 'fault.page',
             'syscall', 'iommu.attach', 'fault.dma', 'sysfs.read', 'driver.register', 'driver.unregister', 'module',
             'uevent', 'group.open', 'group.close', 'file.open', 'file.close', 'vfio.register', 'vfio.unregister',
             'dma.attach', 'dma.owner', 'lock'):
    check(f'{kind} was recorded', kinds[kind] > 0, kinds[kind])
# Who acts, and who came and went.
told = collections.defaultdict(set)
for e in events:
    told[e['kind'], e['name']].add(e.get('text') or '')
texts = {name: ' '.join(told[kind, name]) for kind, name in told}
check('programs are told with their arguments', '["modprobe","igb"]' in texts.get('exec', ''), texts.get('exec', '')[:200])
check('processes that act are told', 'vfio_client.py' in texts.get('actor', ''), texts.get('actor', '')[:300])
igb = [e['name'] for e in events if e['kind'].startswith('driver.') and e.get('driver') == 'igb' and e['phase'] == 'begin']
check('a driver that comes and goes', {'driver_register', 'bus_add_driver', 'bus_remove_driver'} <= set(igb), igb)
for name in ('reset', 'power/control', 'rescan'):
    writes = [e.get('ret') for e in events if e['kind'] == 'sysfs.write' and e['name'] == name and e['phase'] == 'end']
    check(f'{name} was written', len(writes) == 1 and int(writes[0]) > 0, writes)
groups = [int(e['value']) for e in events if e['kind'] == 'group.open' and e['phase'] == 'begin']
known = {os.path.basename(os.readlink(f'/sys/bus/pci/devices/{bdf}/iommu_group')) for bdf in sysfs
         if os.path.exists(f'/sys/bus/pci/devices/{bdf}/iommu_group')}
check('groups are opened by their numbers', groups and {str(group) for group in groups} <= known, groups)
named = [e for e in events if e.get('tid') and not e.get('task')]
check('every thread has its name', not named, len(named))
sys.exit(1 if failed else 0)
