# More events than the recorder can take: what is lost must be counted exactly.
modprobe -a nvme e1000e
sleep 1
cat > /tmp/flood.sh <<'END'
for i in $(seq 1 40); do cat /sys/bus/pci/devices/*/config > /dev/null; done
END
for size in 64KiB 16MiB; do
  node /vfr/dist/vfr/main.js record --json --only config,log --buffer-size $size \
    -o /tmp/flood.arrows -- bash -c 'bash /tmp/flood.sh & bash /tmp/flood.sh & wait' > /out/flood-$size.json || exit
  node /vfr/dist/vfr/main.js info --json /tmp/flood.arrows > /out/info-$size.json || exit
done
python3 - <<'END'
import json, sys
bad = 0
for size in ('64KiB', '16MiB'):
    report = json.load(open(f'/out/flood-{size}.json'))
    info = json.load(open(f'/out/info-{size}.json'))
    for cpu in report['cpus']:
        kernel = cpu['kernel']
        written = kernel['entries'] + kernel['read'] + kernel['overrun'] + kernel['dropped']
        exact = cpu['decoded'] + cpu['lost'] == written
        bad += not exact
        print(size, 'cpu', cpu['cpu'], 'decoded', cpu['decoded'], 'lost', cpu['lost'],
              'kernel', written, 'exact' if exact else 'WRONG')
    told = info['kinds'].get('lost', 0)
    print(size, 'events', report['events'], 'lost', report['lost'], 'in', told, 'lost events')
    bad += report['events'] < 50000 or (size == '64KiB' and report['lost'] == 0)
    bad += report['lost'] != sum(cpu['lost'] for cpu in report['cpus'])
sys.exit(bad)
END
