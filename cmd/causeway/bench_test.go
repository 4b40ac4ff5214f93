// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/causeway-chat/causeway/cmd/causeway/bench"
)

func TestBenchRefusesWhatMeasuresNothing(t *testing.T) {
	for flags, want := range map[string]string{
		"--mode fast":            `There is no mode "fast".`,
		"--rooms 0":              "The number of rooms must be from 1 to 1000.",
		"--rooms 1,many":         "Invalid argument",
		"--latency -1ms":         "A latency cannot be negative.",
		"--latency 30":           "Invalid argument",
		"--rate 2000000000":      "The numbers are too large to be measured here.",
		"--messages 5":           "The numbers are too small to measure anything.",
		"--rounds 0":             "The numbers are too small to measure anything.",
		"--mode burst now":       "takes no arguments",
		"--chcek":                "Did you mean --check?",
		"loop --from x extra":    "takes no arguments",
		"--waiting 10 --rooms 1": "The numbers are too small to measure anything.",
	} {
		o := newShell(t).run(t, append([]string{"bench"}, strings.Fields(flags)...)...)
		if o.code != exitUsage || !strings.Contains(o.err, want) {
			t.Errorf("%s: exit %d: %s", flags, o.code, o.err)
		}
	}
}

func TestBenchThatJudgesNothingHasNotHeldItsBars(t *testing.T) {
	var out, errs lockedBuffer
	c := newShell(t).cli(&out, &errs)
	r := &bench.Report{Ratios: []bench.Ratio{{Name: "told", Value: 9}}}
	if code := c.report(c.showBench(r, true)); code != exitFailed || !strings.Contains(errs.String(), "Nothing that was measured has a bar.") {
		t.Errorf("exit %d: %s", code, errs.String())
	}
	if err := c.showBench(r, false); err != nil {
		t.Errorf("without --check: %v", err)
	}
}

func TestBenchReadsItsFlags(t *testing.T) {
	c := newCLI(nil, nil, nil, nil, wiring{})
	cmd := c.benchCommand()
	if err := cmd.ParseFlags([]string{"--mode", "burst", "--rooms", "1,8", "--latency", "0ms,5ms", "--messages", "300"}); err != nil {
		t.Fatal(err)
	}
	rooms, _ := cmd.Flags().GetIntSlice("rooms")
	latencies, _ := cmd.Flags().GetDurationSlice("latency")
	if len(rooms) != 2 || rooms[1] != 8 || len(latencies) != 2 || latencies[1] != 5*time.Millisecond {
		t.Errorf("rooms %v, latencies %v", rooms, latencies)
	}
}

func TestBenchNamesEveryMissedBar(t *testing.T) {
	s := newShell(t)
	r := &bench.Report{Ratios: []bench.Ratio{
		{Name: "one", Value: 0.4, AtLeast: 0.5}, {Name: "two", Value: 1, AtLeast: 0.5, Held: true}, {Name: "three", Value: 5, AtMost: 4}, {Name: "told", Value: 9},
	}}
	for check, want := range map[bool]string{false: "", true: "One is 0.400; it must be at least 0.500; three is 5.00; it must be at most 4.00."} {
		var out, errs lockedBuffer
		c := s.cli(&out, &errs)
		err := c.showBench(r, check)
		if code := c.report(err); (code == exitFailed) != check || !strings.Contains(errs.String(), want) {
			t.Errorf("check %v: exit %d: %s", check, code, errs.String())
		}
		if !strings.Contains(out.String(), "three") {
			t.Errorf("the report was not shown: %s", out.String())
		}
	}
}
