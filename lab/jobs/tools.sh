# driverctl, dpdk-devbind and virsh under vfr record: what they write, and what the kernel does then.
modprobe -a vfio-pci vfio_iommu_type1 nvme e1000e igb igbvf
mkdir -p /run/udev
/lib/systemd/systemd-udevd --daemon
# libvirt knows devices by udev.
udevadm trigger && udevadm settle
libvirtd -d
sleep 1
vfr="node /vfr/dist/vfr/main.js"
$vfr record --json -o /tmp/trace.arrows -- bash /vfr/lab/guest/tools.sh > /tmp/record.out || exit
sed -n '/^{$/,$p' /tmp/record.out > /out/report.json
sed '/^{$/,$d' /tmp/record.out
cp /tmp/trace.arrows /out/
for f in /sys/bus/pci/devices/*; do
  echo "$(basename $f) $(basename "$(readlink $f/driver)")"
done > /out/drivers.txt
$vfr replay --json /out/trace.arrows > /out/replay.json
python3 /vfr/lab/guest/check_tools.py /out/report.json /out/replay.json /out/drivers.txt
