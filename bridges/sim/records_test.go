// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"strconv"
	"testing"
	"time"
)

func TestTheLastRequestsAreKeptInOrder(t *testing.T) {
	r := NewRecords()
	for i := range 2*keptRequests + 7 {
		r.Request(Request{Method: "getMe", Status: i, TookEffect: i%2 == 0}, time.Time{})
	}
	got := r.Requests().Requests
	if len(got) != keptRequests || got[0].Status != keptRequests+7 || got[len(got)-1].Status != 2*keptRequests+6 {
		t.Errorf("%d from %d to %d", len(got), got[0].Status, got[len(got)-1].Status)
	}
	if c := r.Counters(); c.Requests["getMe"] != 2*keptRequests+7 || c.TookEffect["getMe"] != keptRequests+4 {
		t.Errorf("counted %d, %d", c.Requests["getMe"], c.TookEffect["getMe"])
	}
	if cap(r.requests) > 2*keptRequests {
		t.Errorf("room for %d requests", cap(r.requests))
	}
}

func TestWhoOnlyCountsKeepsNoRequests(t *testing.T) {
	r := NewRecords()
	r.CountOnly = true
	r.Request(Request{Method: "getMe"}, time.Time{})
	if c := r.Counters(); len(r.Requests().Requests) != 0 || c.Requests["getMe"] != 1 {
		t.Errorf("%v, %v", r.Requests(), c.Requests)
	}
}

func TestAClientThatMakesUpMethodsTakesNoMemory(t *testing.T) {
	r := NewRecords()
	for i := range 2 * keptMethods {
		r.Request(Request{Method: strconv.Itoa(i), TookEffect: true}, time.Time{})
	}
	c := r.Counters()
	if len(c.Requests) != keptMethods+1 || c.Requests[OtherMethods] != keptMethods || c.TookEffect[OtherMethods] != keptMethods {
		t.Errorf("%d methods, %d others", len(c.Requests), c.Requests[OtherMethods])
	}
}

func TestStrikesAreCountedByFaultAndKind(t *testing.T) {
	r := NewRecords()
	r.Armed("f1")
	r.Struck(Slow, "f1")
	r.Struck(Slow, "f2") // more faults than are remembered
	if c := r.Counters(); c.Struck["f1"] != 1 || c.Kinds[Slow] != 2 || !r.Knows("f1") || r.Knows("f2") {
		t.Errorf("%v, %v", c.Struck, c.Kinds)
	}
	for range 2 * keptBreaches {
		r.Breach(Breach{Code: "busy_poll"})
	}
	if c := r.Counters(); c.Breaches["busy_poll"] != 2*keptBreaches || len(c.BreachList) > keptBreaches+keptBreaches/8 {
		t.Errorf("%d breaches, %d kept", c.Breaches["busy_poll"], len(c.BreachList))
	}
}
