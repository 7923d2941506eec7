# Records runs that go well; the host answers each with another order, in which the guest runs it again until
# it ends as the host has predicted. The last run does not end: the guest is switched off without waiting.
modprobe -a vfio-pci vfio_iommu_type1
vfr="node /vfr/dist/vfr/main.js"
guest="python3 -B /vfr/lab/guest/actors.py"
record() { # record NAME SCENARIO
  $vfr record --only binding,sriov,vfio,iommu,hotplug --json -o "/tmp/$1.arrows" -- $guest run "$2" "/tmp/$1.log" > "/tmp/$1.report"
  cp "/tmp/$1.arrows" "/tmp/$1.log" /out/provoke/
}
for clean in /out/provoke/*.clean.json; do
  name=$(basename "$clean" .clean.json)
  echo "$name at $(cut -d' ' -f1 /proc/uptime) s"
  $guest prepare "$clean" && record "$name.clean" "$clean" && $guest end "/tmp/$name.clean.log"
  touch "/out/provoke/$name.clean.done"
  until [ -e "/out/provoke/$name.answered" ]; do sleep 0.5; done
  for try in /out/provoke/"$name".[0-9]*.json; do
    [ -e "$try" ] || continue
    $guest prepare "$try" || break
    run=$(basename "$try" .json)
    record "$run" "$try"
    $guest check "$try" "/tmp/$run.log" && break
    $guest end "/tmp/$run.log"
  done
  case $name in 9-*) ;; *) [ -e "$try" ] && $guest end "/tmp/$run.log" ;; esac
done
(sleep 20; echo b > /proc/sysrq-trigger) > /dev/null 2>&1 &
exit 0
