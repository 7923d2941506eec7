# The kernel's own tests of VFIO under vfr record: each assertion that passes is a fact about the kernel.
modprobe -a nvme vfio_iommu_type1 e1000e vfio-pci
bash /vfr/lab/guest/record-selftests.sh containers
