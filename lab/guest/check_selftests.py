#!/usr/bin/python3
"""
Prints what the kernel's tests said and what replay made of it: check_selftests.py DOOR REPORT REPLAY TAP-FOLDER DMESG
DOOR is containers or iommufd: which modes of VFIO were tested.
DMESG is the kernel's log of the recording: the tests provoke faults of DMA, and the kernel prints not all of them.
"""
import json
import os
import re
import sys

from checks import check, check_report, failed

door, report_path, replay_path, tap, dmesg = sys.argv[1:]
report, replay = (json.load(open(path)) for path in (report_path, replay_path))
log = open(dmesg, errors='replace').read()
check_report(report, sum(int(n) for n in re.findall(r': (\d+) callbacks suppressed', log)))

row = '{:<42} {:>6} {:>7} {:>6} {:>5}'.format
print(row('program and function', 'passed', 'skipped', 'failed', 'exit'))
passed = 0
for name in sorted(os.listdir(tap)):
    text = open(os.path.join(tap, name), errors='replace').read()
    good = len(re.findall(r'^ok \d+ (?!.*# SKIP)', text, re.M))
    skipped = len(re.findall(r'^ok \d+ .*# SKIP', text, re.M))
    bad = len(re.findall(r'^not ok \d+', text, re.M))
    code = re.findall(r'^exit (\d+)$', text, re.M)[-1:]
    print(row(name.removesuffix('.txt'), good, skipped, bad, code[0] if code else '-'))
    passed += good
    # 4 says that a program has nothing to test on a function.
    check(f'{name} passes', bad == 0 and code in (['0'], ['4']), text[-300:] if bad else '')
check('tests passed', passed >= {'containers': 60, 'iommufd': 150}[door], passed)

row = '{:<16} {:>9} {:>8} {:>9} {:>8} {:>11}'.format
print(row('kind', 'responses', 'matched', 'diverged', 'unknown', 'unmodelled'))
for kind, counts in sorted(replay['kinds'].items()):
    verdicts = [counts[v] for v in ('matched', 'diverged', 'unknown', 'unmodelled')]
    print(row(kind, sum(verdicts), *verdicts))
check('replay has no divergence', replay['diverged'] == 0, replay['divergences'][:5])
check('responses are judged', replay['matched'] > 5000, f"{replay['matched']} of {replay['responses']} matched")
sys.exit(1 if failed else 0)
