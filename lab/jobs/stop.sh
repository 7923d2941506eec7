# However a recorder ends, nothing of it stays in tracefs, and recorders do not disturb each other.
modprobe -a vfio-pci nvme e1000e
sleep 1
tracing=/sys/kernel/tracing
failed=0
step() { echo "$(cut -d' ' -f1 /proc/uptime) $*"; }
left() { cat $tracing/kprobe_events; ls $tracing/instances; }
fail() { echo "FAILED: $*"; failed=1; }
empty() { [ -z "$(left)" ] || { fail "$1 left:"; left | head -5; }; }
start() { # start NAME: a recorder in the background, in $recorder, when it records
  node /vfr/dist/vfr/main.js record -o /tmp/$1.arrows --json > /tmp/$1.json 2> /tmp/$1.log &
  recorder=$!
  for _ in $(seq 1 600); do grep -q ^recording /tmp/$1.log && return; sleep 0.1; done
  fail "$1 did not start"; cat /tmp/$1.log
}
work() { cat /sys/bus/pci/devices/0000:0[123]*/config > /dev/null; }
whole() { node /vfr/dist/vfr/main.js info --strict $1 > /dev/null || fail "$1 is not whole"; }

step signals
for signal in INT TERM HUP; do
  start $signal; work; kill -$signal $recorder; wait $recorder || fail "$signal: exit code $?"
  empty SIG$signal; whole /tmp/$signal.arrows
done

step 'two at once'
start one; one=$recorder
start two; two=$recorder
step 'both run'
work
step 'first ends'
kill -INT $one; wait $one
work
[ "$(ls $tracing/instances | wc -l)" = 1 ] || fail 'the second recorder lost its instance'
step 'second ends'
kill -INT $two; wait $two
empty 'two recorders'; whole /tmp/one.arrows; whole /tmp/two.arrows
python3 - <<'END' || failed=1
import json
for name in 'one', 'two':
    report = json.load(open(f'/tmp/{name}.json'))
    wrong = [p for p in report['probes'] if p['decoded'] != p['hits'] - p['misses']]
    print(name, report['events'], 'events', len(report['probes']), 'probes', 'wrong:', wrong)
    assert not wrong and report['lost'] == 0 and not report['left']
END

step 'kill -9'
start alive; alive=$recorder
written() { node /vfr/dist/vfr/main.js info --json /tmp/killed.arrows.partial 2> /dev/null | sed -n 's/^  "events": \([0-9]*\),/\1/p'; }
start killed; work
# How soon it writes depends on the host; what it has written must be there afterwards.
for _ in $(seq 1 30); do before=$(written); [ "${before:-0}" -gt 100 ] && break; sleep 1; done
kill -9 $recorder; wait $recorder 2> /dev/null
events=$(written)
[ "${events:-0}" -ge "${before:-0}" ] || fail "a killed recorder loses what it has written: $before, then ${events:-0} events"
[ "${events:-0}" -gt 100 ] || fail "a killed recorder leaves what it has written: ${events:-0} events"
[ "$(ls $tracing/instances | wc -l)" = 2 ] || fail 'kill -9 leaves the instance for --cleanup'
node /vfr/dist/vfr/main.js record --cleanup || fail "cleanup: exit code $?"
[ "$(ls $tracing/instances | wc -l)" = 1 ] || fail '--cleanup removes only what the killed one left'
step 'cleanup from another PID namespace'
unshare --pid --fork --mount-proc node /vfr/dist/vfr/main.js record --cleanup || fail 'cleanup in a namespace'
[ "$(ls $tracing/instances | wc -l)" = 1 ] || fail 'a cleanup that does not see the recorder removed it'
[ "$(cat $tracing/instances/*/tracing_on)" = 1 ] || fail 'and switched it off'
work; kill -INT $alive; wait $alive || fail 'the one that was alive'
whole /tmp/alive.arrows
empty 'kill -9 and --cleanup'
step 'switched off by somebody'
start meddled; work
echo 0 > $(ls -d $tracing/instances/vfr_*)/tracing_on
noticed() { grep -q 'switched tracing_on' /tmp/meddled.log; }
for _ in $(seq 1 60); do noticed && break; sleep 1; done
noticed || fail 'nobody noticed that tracing_on is 0'
kill -INT $recorder; wait $recorder
node /vfr/dist/vfr/main.js info --strict /tmp/meddled.arrows > /dev/null && fail 'switched off, and complete?'
node /vfr/dist/vfr/main.js info /tmp/meddled.arrows | grep -q 'switched tracing_on' || fail 'info does not say it'
empty 'switched off'
[ $failed = 0 ] && echo 'all as it should be'
exit $failed
