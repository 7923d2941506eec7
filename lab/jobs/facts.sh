# What tests need to know of a kernel: its symbols, its types, and the formats of its tracepoints.
modprobe -a vfio-pci vfio_iommu_type1 nvme e1000e mdev
sleep 1
cp /proc/kallsyms /out/kallsyms.txt
mkdir -p /out/btf /out/formats
cp /sys/kernel/btf/{vmlinux,vfio,vfio_pci,vfio_pci_core,vfio_iommu_type1,nvme,mdev} /out/btf/
for system in pci ras rpm module sched signal iommu cgroup; do
  for file in /sys/kernel/tracing/events/$system/*/format; do
    [ -e $file ] && cat $file > /out/formats/$system-$(basename $(dirname $file)).txt
  done
done
node /vfr/dist/vfr/main.js doctor > /out/doctor.txt
exit 0
