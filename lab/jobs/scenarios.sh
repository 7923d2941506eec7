# Runs the scenarios in /out/scenarios under one recorder; the host compares each with vfr's kernel.
modprobe -a vfio-pci vfio_iommu_type1
vfr="node /vfr/dist/vfr/main.js"
$vfr record --json -o /tmp/trace.arrows -- bash /vfr/lab/guest/scenarios.sh > /tmp/record.out || exit
sed -n '/^{$/,$p' /tmp/record.out > /out/report.json
sed '/^{$/,$d' /tmp/record.out
cp /tmp/trace.arrows /out/
