#!/bin/bash
# Loads iommufd and VFIO as the lab built them (iommufd-modules.ts), instead of Debian's own modules of VFIO.
modules=/opt/iommufd-modules/$(uname -r)
modprobe irqbypass
while read -r module; do insmod "$modules/$module" || exit; done < "$modules/order"
