# The kernel's own tests of VFIO under vfr record: each assertion that passes is a fact about the kernel.
modprobe -a nvme vfio_iommu_type1 e1000e
modprobe vfio-pci enable_sriov=1
echo 8 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
sleep 1
echo 'lab: recording begins' > /dev/kmsg
vfr="node /vfr/dist/vfr/main.js"
$vfr record --json --buffer-size 32MiB -o /tmp/trace.arrows -- bash /vfr/lab/guest/selftests.sh > /tmp/record.out || exit
sed -n '/^{$/,$p' /tmp/record.out > /out/report.json
cp /tmp/trace.arrows /out/
dmesg | sed '1,/lab: recording begins/d' > /tmp/dmesg.txt
$vfr replay --json /out/trace.arrows > /out/replay.json
python3 /vfr/lab/guest/check_selftests.py /out/report.json /out/replay.json /out/tap /tmp/dmesg.txt
