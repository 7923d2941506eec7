# The smallest job: the guest is up, Node runs and the devices are there.
node -e 'console.log("node", process.version, require("os").release())'
lspci -nn
ls /sys/kernel/btf /sys/kernel/tracing | head -50
