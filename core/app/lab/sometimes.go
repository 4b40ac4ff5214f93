// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Sometimes counts the conditions that a set of runs is there to meet. A set that never met one of them has not shown what
// it says that it shows. Safe for concurrent use.
type Sometimes struct {
	mu   sync.Mutex
	must []string
	met  map[string]int
}

// NewSometimes makes a register of conditions each of which must be met; others may be counted besides.
func NewSometimes(must ...string) *Sometimes {
	return &Sometimes{must: must, met: map[string]int{}}
}

// Met counts a condition once.
func (s *Sometimes) Met(what string) { s.Add(what, 1) }

// Add counts a condition n times.
func (s *Sometimes) Add(what string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.met[what] += n
}

// Times is how often a condition was met.
func (s *Sometimes) Times(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.met[what]
}

// Missing lists the conditions that must be met and never were.
func (s *Sometimes) Missing() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range s.must {
		if s.met[what] == 0 {
			names = append(names, what)
		}
	}
	return names
}

// String is a table of all conditions, in the order of their names.
func (s *Sometimes) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := maps.Clone(s.met)
	for _, what := range s.must {
		all[what] += 0
	}
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "\n%9d  %s", all[what], what)
	}
	return b.String()
}
