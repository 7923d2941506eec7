#!/bin/bash
# Every test program on each function that it can drive, set up and cleaned up by the kernel tree's own scripts.
# selftests.sh containers|iommufd: containers alone, as Debian's modules have them, or all modes, by iommufd where a
# program has the choice.
door=$1
pf=0000:01:00.0 nic=0000:02:00.0 edu=0000:03:00.0 igb=0000:04:00.0
[ -e /sys/bus/pci/devices/$igb ] || igb=
mkdir -p /out/tap
cd /opt/selftests || exit
only=()
if [ "$door" = containers ]; then
  for what in '' _anonymous _anonymous_hugetlb_2mb _anonymous_hugetlb_1gb _same_uuid _diff_uuid _null_uuid; do
    for mode in iommufd_compat_type1 iommufd_compat_type1v2 iommufd; do only+=(-V $mode$what); done
  done
fi
run() { # run PROGRAM BDF...
  local out=/out/tap/$1-$2.txt
  timeout -k 5 900 ./$door/$1 "${only[@]}" "${@:2}" > $out 2>&1
  echo "exit $?" >> $out
}
bash scripts/setup.sh $pf $nic $edu $igb > /out/setup.txt 2>&1
for device in $edu $nic $igb; do
  run vfio_pci_device_test $device
  run vfio_dma_mapping_mmio_test $device
  run vfio_dma_mapping_test $device
  [ "$door" = containers ] || run vfio_iommufd_setup_test $device
done
run vfio_pci_sriov_uapi_test $pf
# The only device of these that the tests have a driver for.
[ -z "$igb" ] || run vfio_pci_driver_test $igb
run vfio_pci_device_init_perf_test $edu $nic
if [ "$door" = iommufd ]; then
  # The others take an IOMMU that a kernel built for tests pretends to have.
  only=(-f iommufd -f iommufd_ioas -V mock_domain -V two_mock_domain -V mock_domain_limit)
  run iommufd all
fi
bash scripts/cleanup.sh >> /out/setup.txt 2>&1
exit 0
