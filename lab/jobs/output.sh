# What a recording leaves: where it goes, who may read it, whose rights the command has, and what a full disk does.
modprobe -a nvme e1000e
sleep 1
tracing=/sys/kernel/tracing
vfr="node /vfr/dist/vfr/main.js"
failed=0
step() { echo "$(cut -d' ' -f1 /proc/uptime) $*"; }
fail() { echo "FAILED: $*"; failed=1; }
empty() { [ -z "$(cat $tracing/kprobe_events; ls $tracing/instances)" ] || fail "$1 left something in tracefs"; }
wait_for() { for _ in $(seq 1 600); do grep -q "$1" $2 && return; sleep 0.1; done; fail "no \"$1\" in $2"; cat $2; }
work() { cat /sys/bus/pci/devices/0000:0[123]*/config > /dev/null; }
whole() { $vfr info --strict $1 > /dev/null || fail "$1 is not whole"; }
mkdir /tmp/here; cd /tmp/here
umask 022

step 'the rights of the command'
uid=$($vfr record --only config --user nobody -o user.arrows -- id -u 2> /tmp/user.log) || fail "exit code $?"
[ "$uid" = "$(id -u nobody)" ] || fail "the command ran as \"$uid\""
uid=$($vfr record --only config -o root.arrows -- id -u 2> /dev/null)
[ "$uid" = 0 ] || fail "without --user it ran as \"$uid\""
[ "$(stat -c '%a %u' user.arrows root.arrows | sort -u)" = '600 0' ] || fail "rights: $(stat -c '%a %u' *.arrows)"
whole user.arrows
rm ./*

step 'a pipe'
$vfr record --only config -o - -- cat /sys/bus/pci/devices/0000:01:00.0/config 2> /tmp/pipe.log | cat > piped
$vfr info --strict piped > /tmp/piped.txt || { fail 'what came out of the pipe is no trace'; cat /tmp/pipe.log; }
[ "$($vfr events --format jsonl --limit 100000 --where "kind = 'config.read'" piped | wc -l)" -gt 10 ] || fail 'the pipe has no events'
$vfr record --only config -o - --duration 30 2> /tmp/closed.log | head -c 100 > /dev/null
code=${PIPESTATUS[0]}
[ $code != 70 ] || { fail "a reader that goes away: exit code $code"; cat /tmp/closed.log; }
empty 'a pipe'
rm piped

step 'Ctrl-C'
setsid $vfr record -o stopped.arrows -- sleep 1000 2> /tmp/stopped.log &
recorder=$!
wait_for ^recording /tmp/stopped.log
[ "$(ls | grep -v '^stopped.arrows')" = '' ] || fail "while it records: $(ls)"
work
kill -INT -- -$recorder; wait $recorder
pgrep -x sleep > /dev/null && fail 'the command still runs'
[ "$(ls)" = stopped.arrows ] || fail "Ctrl-C left: $(ls -l)"
[ "$(stat -c %a stopped.arrows)" = 600 ] || fail "rights of it: $(stat -c %a stopped.arrows)"
whole stopped.arrows
empty Ctrl-C

step 'the browser'
# Keys come from a pipe that stays open; what the terminal shows is in a file.
browser() { # browser OUTPUT
  mkfifo keys; : > screen
  script -qfec "stty rows 24 cols 100; exec $vfr record --tui --only config -o $1" screen < keys > /dev/null 2>&1 &
  terminal=$!
  exec 3> keys
  wait_for 'All events' screen
  printf '\rG' >&3
  work
  wait_for 'row [0-9]* of [1-9][0-9][0-9]' screen
}
restored() { tail -c 400 screen | grep -q $'\e\\[?1049l' || fail "$1: the terminal is not given back"; }
browser shown.arrows
printf q >&3
wait $terminal || { fail "the browser ended with $?"; tail -c 2000 screen; }
exec 3>&-
restored 'q in the browser'
whole shown.arrows
[ "$($vfr events --format jsonl --limit 100000 --where "kind = 'config.read'" shown.arrows | wc -l)" -gt 100 ] || fail 'what was shown is not in the file'
empty 'q in the browser'
rm ./*
browser ended.arrows
pkill -TERM -f '^node [^ ]*main.js record --tui'
wait $terminal
exec 3>&-
restored 'SIGTERM to the browser'
for _ in $(seq 1 100); do [ -f ended.arrows ] && break; sleep 0.1; done
whole ended.arrows
empty 'SIGTERM to the browser'
rm ./*

step 'a flight recording and a full disk'
mkdir /tmp/small; mount -t tmpfs -o size=1m tmpfs /tmp/small
fill() { dd if=/dev/zero of=/tmp/small/fill bs=4k 2> /dev/null; }
fill
$vfr record --flight 2MiB --trigger 'unbind and ret == 0' -o /tmp/small/f.arrows 2> /tmp/full.log &
recorder=$!
wait_for ^recording /tmp/full.log
for _ in 1 2 3 4; do work; done
echo 0000:02:00.0 > /sys/bus/pci/drivers/e1000e/unbind
wait_for '^the dump failed' /tmp/full.log
[ -d /proc/$recorder ] || fail 'it ended with the dump unwritten'
ls /tmp/small | grep -v '^fill$' && fail 'a part of a dump stays on the full disk'
rm /tmp/small/fill
wait $recorder || fail "with space again: exit code $?"
cat /tmp/full.log
whole /tmp/small/f.arrows
[ "$($vfr events --format jsonl --limit 100000 --where "kind = 'unbind' and ret = 0" /tmp/small/f.arrows | wc -l)" -gt 0 ] || fail 'the dump lacks its trigger'
empty 'a full disk'

cd /; umount /tmp/small
[ $failed = 0 ] && echo 'all as it should be'
exit $failed
