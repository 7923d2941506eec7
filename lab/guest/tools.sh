#!/bin/bash
# What tools of administrators do with VFs: each gives some to vfio-pci, and some back.
pci=/sys/bus/pci nvme=0000:01:00.0 igb=0000:04:00.0
say() { echo "+ $*"; "$@" || echo "ended with $?"; }
echo 4 > $pci/devices/$nvme/sriov_numvfs
sleep 1
for vf in 0000:01:00.1 0000:01:00.2; do say driverctl --nosave set-override $vf vfio-pci; done
say driverctl list-overrides
say driverctl --nosave unset-override 0000:01:00.2
if [ -e $pci/devices/$igb ]; then
  echo 4 > $pci/devices/$igb/sriov_numvfs
  sleep 1
  vfs=$(readlink $pci/devices/$igb/virtfn* | sed 's,.*/,,')
  set -- $vfs
  say dpdk-devbind.py --bind vfio-pci $1 $2
  say dpdk-devbind.py --status-dev net
  say dpdk-devbind.py --bind igbvf $2
  say virsh -q nodedev-detach "pci_${3//[:.]/_}" --driver vfio
  say virsh -q nodedev-detach "pci_${4//[:.]/_}"
  say virsh -q nodedev-reset "pci_${4//[:.]/_}"
  say virsh -q nodedev-reattach "pci_${4//[:.]/_}"
fi
sleep 1
echo 0 > $pci/devices/$nvme/sriov_numvfs
exit 0
