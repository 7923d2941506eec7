#!/bin/bash
# What is recorded: SR-IOV comes and goes, VFs and a NIC change their drivers, and a VFIO user uses two devices.
pci=/sys/bus/pci
pf=0000:01:00.0 nic=0000:02:00.0 edu=0000:03:00.0
write() { echo "$1" > "$2" || echo "write $1 > $2 failed"; }
give() { # give BDF to vfio-pci
  write vfio-pci $pci/devices/$1/driver_override
  [ -e $pci/devices/$1/driver ] && write $1 $pci/devices/$1/driver/unbind
  write $1 $pci/drivers_probe
}
# Attributes that change no driver, and a driver that comes and goes and finds nothing.
cat $pci/devices/$pf/sriov_numvfs
write 1 $pci/devices/$nic/reset
write on $pci/devices/$nic/power/control
write 1 $pci/rescan
modprobe igb && modprobe -r igb
write 0 $pci/devices/$pf/sriov_drivers_autoprobe
write 4 $pci/devices/$pf/sriov_numvfs
give 0000:01:00.1
give 0000:01:00.2
write 0000:01:00.3 $pci/drivers/nvme/bind
give $nic
give $edu
python3 /vfr/lab/guest/vfio_client.py $edu
python3 /vfr/lab/guest/vfio_client.py $nic
write $nic $pci/drivers/vfio-pci/unbind
write '' $pci/devices/$nic/driver_override
write $nic $pci/drivers/e1000e/bind
sleep 1
for vf in 0000:01:00.1 0000:01:00.2; do readlink $pci/devices/$vf/driver; done
write 0 $pci/devices/$pf/sriov_numvfs
exit 0
