"""What is checked of every recording of the lab: each check prints a line; sys.exit(1 if failed else 0) ends a job."""
failed = []


def check(what, good, detail=''):
    print('ok    ' if good else 'FAILED', what, detail)
    if not good:
        failed.append(what)


def check_report(report, suppressed=0):
    """
    The report of `vfr record --json` against the counts of the kernel, and of the messages that the kernel's log
    suppressed, which vfr counts as lost.
    """
    wrong = [p for p in report['probes'] if p['decoded'] != p['hits'] - p['misses']]
    total = sum(p['decoded'] for p in report['probes'])
    check('records per probe equal kprobe_profile', not wrong and total > 0,
          f"{len(report['probes'])} probes, {total} records {wrong}")
    check('nothing lost', report['lost'] == suppressed, f"{report['lost']}, suppressed by the log {suppressed}")
    for cpu in report['cpus']:
        kernel = cpu['kernel']
        written = kernel['entries'] + kernel['read'] + kernel['overrun'] + kernel['dropped']
        check(f"cpu {cpu['cpu']} of {cpu['instance']}", cpu['decoded'] + cpu['lost'] == written, written)
    check('nothing left in tracefs', not report['left'], report['left'])
