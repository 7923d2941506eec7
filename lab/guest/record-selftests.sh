#!/bin/bash
# Records the kernel's own tests and judges them: record-selftests.sh containers|iommufd, by what VFIO's modules have.
echo 1 > /sys/module/vfio_pci/parameters/enable_sriov
echo 8 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
sleep 1
echo 'lab: recording begins' > /dev/kmsg
vfr="node /vfr/dist/vfr/main.js"
$vfr record --json --buffer-size 32MiB -o /tmp/trace.arrows -- bash /vfr/lab/guest/selftests.sh "$1" > /tmp/record.out || exit
sed -n '/^{$/,$p' /tmp/record.out > /out/report.json
cp /tmp/trace.arrows /out/
dmesg | sed '1,/lab: recording begins/d' > /tmp/dmesg.txt
$vfr replay --json /out/trace.arrows > /out/replay.json
python3 /vfr/lab/guest/check_selftests.py "$1" /out/report.json /out/replay.json /out/tap /tmp/dmesg.txt
