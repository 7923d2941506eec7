# Raw pages of a ring buffer that overflowed, with the text that the kernel prints of the same buffer: test data.
modprobe -a nvme e1000e
sleep 1
tracing=/sys/kernel/tracing
mkdir $tracing/instances/pages
cd $tracing/instances/pages
echo mono > trace_clock
echo 64 > buffer_size_kb
echo 'p:pages/read pci_user_read_config_dword where=$arg2:x32' >> $tracing/kprobe_events
echo 'r:pages/read_ret pci_user_read_config_dword ret=$retval:s32' >> $tracing/kprobe_events
for event in pages/read pages/read_ret sched/sched_switch; do echo 1 > events/$event/enable; done
echo 1 > tracing_on
for _ in 1 2 3; do cat /sys/bus/pci/devices/*/config > /dev/null; done
sleep 1.2
echo 'a mark of vfr' > trace_marker
taskset -c 0 true
taskset -c 1 true
echo 0 > tracing_on
mkdir /out/pages
cat trace > /out/pages/trace.txt
for cpu in 0 1; do
  cp per_cpu/cpu$cpu/stats /out/pages/stats$cpu.txt
  timeout 5 cat per_cpu/cpu$cpu/trace_pipe_raw > /out/pages/cpu$cpu.raw
done
for event in pages/read pages/read_ret sched/sched_switch ftrace/print; do
  cat $tracing/events/$event/format
done > /out/pages/formats.txt
cp $tracing/events/header_page /out/pages/header_page.txt
ls -l /out/pages
