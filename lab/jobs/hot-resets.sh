# What hot resets reach and who may have them, through both doors of VFIO, with iommufd and character devices.
modprobe -a nvme e1000e
bash /vfr/lab/guest/load-iommufd.sh || exit
sleep 1
vfr="node /vfr/dist/vfr/main.js"
$vfr record --json -o /tmp/trace.arrows -- python3 /vfr/lab/guest/hot_resets.py \
  0000:04:00.0 0000:05:00.0 0000:05:00.1 0000:01:00.0 > /tmp/record.out || exit
sed '/^{$/,$d' /tmp/record.out
sed -n '/^{$/,$p' /tmp/record.out > /out/report.json
cp /tmp/trace.arrows /out/
$vfr replay --json /out/trace.arrows > /out/replay.json
python3 /vfr/lab/guest/check_hot_resets.py /out/report.json /out/replay.json
