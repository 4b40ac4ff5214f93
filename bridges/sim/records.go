// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"maps"
	"slices"
	"time"
)

// How much of each list Records keep.
const (
	keptRequests = 10_000
	keptBreaches = 1000
	keptFaults   = 10_000
	keptMethods  = 1000
)

// OtherMethods stands for the methods that a client makes up once very many have been counted.
const OtherMethods = "(others)"

// Records is what a simulator counts for whoever asks afterwards. Everything in it is bounded. Its owner guards it.
type Records struct {
	// CountOnly keeps no list of requests.
	CountOnly bool

	counters Counters
	requests []Request
	seq      uint64
}

// NewRecords makes empty ones.
func NewRecords() Records {
	return Records{counters: Counters{
		Struck: map[FaultID]int{}, Kinds: map[FaultKind]int{},
		Requests: map[string]int{}, TookEffect: map[string]int{}, Breaches: map[string]int{},
	}}
}

// Request books a call, and numbers and dates it.
func (r *Records) Request(q Request, now time.Time) {
	method := q.Method
	if _, known := r.counters.Requests[method]; !known && len(r.counters.Requests) >= keptMethods {
		method = OtherMethods
	}
	r.counters.Requests[method]++
	if q.TookEffect {
		r.counters.TookEffect[method]++
	}
	if r.CountOnly {
		return
	}
	q.Seq, q.At = r.seq, now
	r.seq++
	r.requests = Last(append(r.requests, q), keptRequests)
}

// Armed books that a fault may strike from now on.
func (r *Records) Armed(id FaultID) {
	if len(r.counters.Struck) < keptFaults {
		r.counters.Struck[id] = 0
	}
}

// Knows tells whether a fault was armed, however long ago.
func (r *Records) Knows(id FaultID) bool { _, ok := r.counters.Struck[id]; return ok }

// Struck books a strike.
func (r *Records) Struck(kind FaultKind, id FaultID) {
	r.counters.Kinds[kind]++
	if r.Knows(id) {
		r.counters.Struck[id]++
	}
}

// Breach books something that a client must not do.
func (r *Records) Breach(b Breach) {
	r.counters.Breaches[b.Code]++
	r.counters.BreachList = Last(append(r.counters.BreachList, b), keptBreaches)
}

// Counters returns a copy of what was counted.
func (r *Records) Counters() Counters {
	c := r.counters
	return Counters{
		Struck: maps.Clone(c.Struck), Kinds: maps.Clone(c.Kinds), Requests: maps.Clone(c.Requests),
		TookEffect: maps.Clone(c.TookEffect), Breaches: maps.Clone(c.Breaches), BreachList: slices.Clone(c.BreachList),
	}
}

// Requests returns a copy of the last calls, oldest first.
func (r *Records) Requests() RequestsReply {
	return RequestsReply{Requests: slices.Clone(r.requests[max(0, len(r.requests)-keptRequests):])}
}

// Last cuts a list down to its last keep entries, in batches, so that appending stays cheap: it may be longer by an eighth.
func Last[T any](list []T, keep int) []T {
	if len(list) <= keep+keep/8 {
		return list
	}
	return slices.Clone(list[len(list)-keep:])
}
