// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// link is a device link that was begun; it can be used once.
type link struct {
	uri     string
	begun   time.Time // real time
	scanned *account
	done    chan struct{}
	taken   bool // somebody waits for it
}

// keptLinks is how many links of a daemon are open at a time.
const keptLinks = 100

// startLink shows the URI that a phone scans.
func (s *Server) startLink(k *call) (any, *failure) {
	l := &link{
		uri:   fmt.Sprintf("sgnl://linkdevice?uuid=%s&pub_key=B%016x%016x", s.newUUID(), s.rng.Uint64(), s.rng.Uint64()),
		begun: time.Now(), done: make(chan struct{}),
	}
	k.d.links = control.Last(append(k.d.links, l), keptLinks)
	return map[string]string{"deviceLinkUri": l.uri}, nil
}

// finishLink waits until a phone has scanned the URI.
func (s *Server) finishLink(k *call) (any, *failure) {
	uri, f1 := k.p.text("deviceLinkUri")
	_, f2 := k.p.text("deviceName")
	if f := first(f1, f2, strictly(k)); f != nil {
		return nil, f
	}
	s.mu.Lock()
	i := slices.IndexFunc(k.d.links, func(l *link) bool { return l.uri == uri && !l.taken })
	if i < 0 {
		s.mu.Unlock()
		return nil, fail(codeUser, "Unknown device link uri.")
	}
	l := k.d.links[i]
	l.taken = true
	s.mu.Unlock()
	return s.awaitScan(k, l)
}

func (s *Server) awaitScan(k *call, l *link) (any, *failure) {
	ctx, cancel := context.WithDeadline(s.life, l.begun.Add(s.opts.LinkTimeout))
	defer cancel()
	select {
	case <-l.done:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k.d.links = slices.DeleteFunc(k.d.links, func(o *link) bool { return o == l })
	a := l.scanned
	switch {
	case a == nil:
		return nil, fail(codeUser, "Link request timed out, please try again.")
	case a.linked:
		return nil, fail(codeUser, "The user %s already exists\nDelete \"%s\" before trying again.", a.number, k.d.dir)
	}
	a.linked, a.uri = true, l.uri
	k.effect = true
	k.d.poke()
	return map[string]string{"number": a.number}, nil
}

// strictly refuses names that the method does not know; the names it knows have been asked for.
func strictly(k *call) *failure {
	if list := k.p.ignored(); len(list) > 0 {
		return fail(codeRequest, "Unrecognized field %q", list[0])
	}
	return nil
}

// pair lets an account's phone scan a link's URI.
func (s *Server) pair(_ context.Context, in control.Pair) error {
	if in.Code != "" {
		return control.Because(control.ErrNotSupported, "Signal links devices by QR code alone")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.accountByID(in.Account)
	if err != nil {
		return err
	}
	for _, l := range a.daemon.links {
		if l.uri == in.QR && l.scanned == nil && time.Since(l.begun) < s.opts.LinkTimeout {
			l.scanned = a
			close(l.done)
			return nil
		}
	}
	return control.Because(control.ErrRefused, "the code is not valid any more")
}

// unlink is what happens when a human removes the device on their phone. Nobody is told.
func (s *Server) unlink(a *account) {
	a.linked = false
	for _, it := range a.queue {
		s.lose(it, false)
	}
	for _, it := range a.held {
		s.lose(it, false)
	}
	a.queue, a.held = nil, nil
	if s.opts.Single && a == a.daemon.accounts[0] {
		a.daemon.down()
	}
}
