# vfr record around an SR-IOV and VFIO scenario; what the lab checks is left in /out.
modprobe -a vfio-pci vfio_iommu_type1 nvme e1000e mdev
sleep 1
vfr="node /vfr/dist/vfr/main.js"
$vfr record --json -o /tmp/trace.arrows -- bash /vfr/lab/guest/scenario.sh > /tmp/record.out || exit
# The scenario shares stdout with the report, which is the last document.
sed -n '/^{$/,$p' /tmp/record.out > /out/report.json
sed '/^{$/,$d' /tmp/record.out > /out/scenario.txt
cp /tmp/trace.arrows /out/
for f in /sys/bus/pci/devices/*; do
  echo "$(basename $f) $(basename "$(readlink $f/driver)")"
done > /out/drivers.txt
$vfr doctor > /out/doctor.txt
$vfr events --format jsonl --limit 1000000 /out/trace.arrows > /tmp/events.jsonl
$vfr replay --json /out/trace.arrows > /out/replay.json
python3 /vfr/lab/guest/check_record.py /out/report.json /tmp/events.jsonl /out/replay.json || exit
cat /sys/kernel/tracing/kprobe_events > /out/left.txt
ls /sys/kernel/tracing/instances >> /out/left.txt
[ ! -s /out/left.txt ] || { echo 'tracefs still has something of ours:'; cat /out/left.txt; exit 1; }
