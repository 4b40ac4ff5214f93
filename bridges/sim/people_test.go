// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhoseAccountsAreInANewGroup(t *testing.T) {
	for name, c := range map[string]struct {
		in   NewGroup
		want []AccountID
	}{
		"the first":    {NewGroup{}, []AccountID{""}},
		"those named":  {NewGroup{Role: RoleAdmin, Accounts: []AccountID{"a", "b"}}, []AccountID{"a", "b"}},
		"none of ours": {NewGroup{Role: RoleNone, Accounts: []AccountID{"a"}}, nil},
	} {
		got, err := c.in.Ours()
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	if _, err := (NewGroup{Role: "king"}).Ours(); !errors.Is(err, ErrWrongUse) {
		t.Error(err)
	}
}

func TestTheFirstAccountNeedsNoName(t *testing.T) {
	find := func(id AccountID) (string, error) {
		return FindAccount([]string{"a", "b"}, id, func(a string) AccountID { return AccountID(a) })
	}
	for id, want := range map[AccountID]string{"": "a", "a": "a", "b": "b"} {
		if got, err := find(id); got != want || err != nil {
			t.Errorf("%q is %q, %v", id, got, err)
		}
	}
	if got, err := find("c"); got != "" || !errors.Is(err, ErrNotFound) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestOneThatIsNobodyFailsAll(t *testing.T) {
	twice := func(n int) (int, error) {
		if n > 2 {
			return 0, ErrNotFound
		}
		return 2 * n, nil
	}
	got, err := FindAll([]int{1, 2}, twice)
	if diff := cmp.Diff([]int{2, 4}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err := FindAll([]int{1, 3, 2}, twice); got != nil || !errors.Is(err, ErrNotFound) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestWhatAPostLeavesOutIsMadeUp(t *testing.T) {
	given := Content{Text: "t", Poll: &Poll{Question: "q"}, Contact: &Contact{Name: "n"}, Place: &Place{Latitude: 1}}
	if p, c, pl := given.PollOrMadeUp(), given.ContactOrMadeUp(), given.PlaceOrMadeUp(); p.Question != "q" || c.Name != "n" || pl.Latitude != 1 {
		t.Errorf("%+v, %+v, %+v", p, c, pl)
	}
	bare := Content{Text: "t"}
	if p, c, pl := bare.PollOrMadeUp(), bare.ContactOrMadeUp(), bare.PlaceOrMadeUp(); p.Question != "t" || len(p.Options) != 2 || c.Name != "t" || pl.Latitude == 0 {
		t.Errorf("%+v, %+v, %+v", p, c, pl)
	}
}
