#!/usr/bin/python3
"""What replay made of hot resets: check_hot_resets.py REPORT REPLAY"""
import json
import sys

from checks import check, check_report, failed

report, replay = (json.load(open(path)) for path in sys.argv[1:3])
check_report(report)
check('replay has no divergence', replay['diverged'] == 0, replay['divergences'][:5])
check('nothing is unmodelled', replay['unmodelled'] == 0, replay['unmodelled'])
ioctls = replay['kinds']['ioctl']
check('calls are judged', ioctls['matched'] > 80, ioctls)
sys.exit(1 if failed else 0)
