#!/bin/bash
# driverctl gives VFs of the NVMe controller to vfio-pci, and one of them back.
pci=/sys/bus/pci pf=0000:01:00.0
say() { echo "+ $*"; "$@" || echo "ended with $?"; }
echo 4 > $pci/devices/$pf/sriov_numvfs
sleep 1
for vf in 0000:01:00.1 0000:01:00.2; do say driverctl --nosave set-override $vf vfio-pci; done
say driverctl list-overrides
say driverctl --nosave unset-override 0000:01:00.2
sleep 1
echo 0 > $pci/devices/$pf/sriov_numvfs
exit 0
