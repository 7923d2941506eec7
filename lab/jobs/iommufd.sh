# The same tests in all their modes, and those of iommufd, on VFIO with iommufd and character devices.
modprobe -a nvme e1000e
bash /vfr/lab/guest/load-iommufd.sh || exit
bash /vfr/lab/guest/record-selftests.sh iommufd
