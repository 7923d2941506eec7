#!/bin/bash
# First process of the guest: the usual mounts, then the job named on the kernel command line.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
[ -d /opt/vfr/node_modules ] && mount --bind /opt/vfr/node_modules /vfr/node_modules
for folder in /dev/shm /tmp /run; do mount -t tmpfs tmpfs $folder; done
mount -t tracefs nodev /sys/kernel/tracing
mount -t debugfs nodev /sys/kernel/debug
ip link set lo up
parameter() { sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
job=$(parameter lab.job)
echo "LAB: up after $(cut -d' ' -f1 /proc/uptime) s on $(uname -r), job $job"
bash "/vfr/lab/jobs/$job.sh" > /out/job.log 2>&1
echo $? > /out/exit-code
dmesg > /out/dmesg.txt
sync
echo o > /proc/sysrq-trigger
# Process 1 must not end before the power is off.
while :; do sleep 1; done
