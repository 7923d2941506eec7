# Random operations on the machine's devices under one recorder; the host replays the recording and compares it with the
# actors' own log.
modprobe -a vfio-pci vfio_iommu_type1 nvme e1000e
sleep 1
vfr="node /vfr/dist/vfr/main.js"
read -r seed operations < /out/chaos.txt
echo "seed $seed, $operations operations"
$vfr record --json --buffer-size 64MiB -o /tmp/trace.arrows -- python3 -B /vfr/lab/guest/chaos.py "$seed" "$operations" /tmp/calls.jsonl > /tmp/record.out
code=$?
sed -n '/^{$/,$p' /tmp/record.out > /out/report.json
sed '/^{$/,$d' /tmp/record.out
cp /tmp/trace.arrows /tmp/calls.jsonl /out/
# A function may be held for ever: the guest is switched off without waiting.
(sleep 20; echo b > /proc/sysrq-trigger) > /dev/null 2>&1 &
exit $code
