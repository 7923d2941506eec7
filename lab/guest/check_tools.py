#!/usr/bin/python3
"""Checks a recording of tools that bind drivers: check_tools.py REPORT REPLAY DRIVERS"""
import json
import sys

from checks import check, check_report, failed

report, replay = (json.load(open(path)) for path in sys.argv[1:3])
check_report(report)
sysfs = dict(line.rstrip('\n').split(' ', 1) for line in open(sys.argv[3]))
drivers = {bdf: d['driver'] or '' for bdf, d in replay['finalState']['devices'].items()}
check('replay has no divergence', replay['diverged'] == 0, replay['divergences'][:5])
check('drivers that replay ends with equal sysfs', drivers == sysfs)
for kind in ('override', 'sysfs.write', 'bind', 'unbind', 'vf.add'):
    check(f'{kind} is judged', replay['kinds'].get(kind, {}).get('matched', 0) > 0)
sys.exit(1 if failed else 0)
