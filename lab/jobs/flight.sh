# Flight mode keeps the last events and writes them when something happens or somebody asks; --device restricts.
modprobe -a vfio-pci vfio_iommu_type1 nvme e1000e
sleep 1
vfr="node /vfr/dist/vfr/main.js"
failed=0
fail() { echo "FAILED: $*"; failed=1; }
count() { $vfr events --format jsonl --limit 1000000 --where "$2" $1 2> /dev/null | wc -l; }
wait_for() { for _ in $(seq 1 600); do grep -q "$1" $2 && return; sleep 0.1; done; fail "no \"$1\" in $2"; cat $2; }
flood() { for _ in $(seq 1 $1); do cat /sys/bus/pci/devices/*/config > /dev/null; done; }

$vfr record --flight 2MiB --trigger 'unbind and ret == 0 or driver.unregister or vf.add' -o /tmp/flight.arrows 2> /tmp/log &
recorder=$!
wait_for ^recording /tmp/log
flood 8
$vfr record --snapshot-now
wait_for ^request: /tmp/log
[ $(count /tmp/flight.arrows "kind = 'config.read'") -gt 1000 ] || fail 'a request writes what was kept'
flood 8
[ -d /proc/$recorder ] || fail 'after a request it goes on'
echo 1 > /sys/bus/pci/devices/0000:01:00.0/sriov_numvfs
wait $recorder || fail "exit code $?"
cat /tmp/log
[ $(count /tmp/flight-2.arrows "kind = 'vf.add'") -gt 0 ] || fail 'the trigger is in the file'
size=$(stat -c %s /tmp/flight-2.arrows)
[ $(count /tmp/flight-2.arrows true) -lt 80000 ] || fail 'only the last 2 MiB of pages are kept'
$vfr info --strict /tmp/flight-2.arrows > /out/flight.txt || fail 'the file is whole'

$vfr record --device 0000:02:00.0 -o /tmp/device.arrows -- bash -c '
  cat /sys/bus/pci/devices/*/config > /dev/null
  echo 0000:02:00.0 > /sys/bus/pci/drivers/e1000e/unbind' || fail "exit code $?"
[ $(count /tmp/device.arrows "kind not in ('snapshot') and device = '0000:02:00.0'") -gt 50 ] || fail 'the device'
others=$(count /tmp/device.arrows "kind not in ('snapshot') and device <> '0000:02:00.0'")
[ $others = 0 ] || fail "$others events of other devices"
orphans=$(count /tmp/device.arrows "phase = 'end' and span is null and kind = 'config.read'")
[ $orphans = 0 ] || fail "$orphans returns without their entry"

$vfr record -o /tmp/x.arrows -- /no/such/program; [ $? = 2 ] || fail 'a missing program is wrong usage'
[ -z "$(cat /sys/kernel/tracing/kprobe_events; ls /sys/kernel/tracing/instances)" ] || fail 'something is left'
[ $failed = 0 ] && echo 'all as it should be'
exit $failed
