// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// subscribe lets a connection listen; over HTTP there is none to listen on.
func (s *Server) subscribe(k *call) (any, *failure) {
	if k.conn == nil {
		return nil, fail(codeMethod, "Method not implemented")
	}
	n := k.d.nextSub()
	k.d.listen(&ear{conn: k.conn, account: k.a, sub: n})
	return n, nil
}

// unsubscribe ends a subscription. What the receive thread has in hand is written before the answer.
func (s *Server) unsubscribe(k *call) (any, *failure) {
	n, f := k.p.number("subscription")
	if f != nil {
		return nil, f
	}
	is := func(e *ear) bool { return k.conn != nil && e.conn == k.conn && e.sub == n }
	s.mu.Lock()
	i := slices.IndexFunc(k.d.ears, is)
	if i < 0 {
		s.mu.Unlock()
		return nil, fail(codeUser, "Unknown subscription id")
	}
	accounts := k.d.accounts
	if a := k.d.ears[i].account; a != nil {
		accounts = []*account{a}
	}
	s.mu.Unlock()
	for _, a := range accounts {
		a.turn.Lock()
		defer a.turn.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k.d.unlisten(is)
	return nothing{}, nil
}

// receiveNow receives for a while and answers with what came.
func (s *Server) receiveNow(k *call) (any, *failure) {
	patience, most, f := receiveParams(k)
	if f != nil {
		return nil, f
	}
	got := make(chan json.RawMessage, 1)
	stop := make(chan struct{})
	e := &ear{account: k.a, sub: noSub}
	e.collect = s.collector(k.d, e, most, got, stop)
	s.mu.Lock()
	if len(k.d.earsFor(k.a)) > 0 || s.opts.Mode == OnStart {
		s.mu.Unlock()
		return nil, fail(codeUser, "Receive command cannot be used if messages are already being received.")
	}
	k.d.listen(e)
	s.mu.Unlock()
	out := s.gather(got, patience, most)
	s.mu.Lock()
	defer s.mu.Unlock()
	k.d.unlisten(func(o *ear) bool { return o == e })
	close(stop)
	return out, nil
}

// collector hands notes to a call of receive until it has enough. What comes when it has just ended is lost.
func (s *Server) collector(d *daemon, e *ear, most int, got chan<- json.RawMessage, stop <-chan struct{}) func(*note) {
	count := 0
	return func(n *note) {
		heard := lost
		select {
		case got <- n.params():
			heard = arrived
		case <-stop:
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.settle(n, 1, heard)
		if count++; count == most {
			d.unlisten(func(o *ear) bool { return o == e })
		}
	}
}

// gather takes what comes until nothing has come for a while, or it is enough.
func (s *Server) gather(got <-chan json.RawMessage, patience time.Duration, most int) []json.RawMessage {
	out := []json.RawMessage{}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for most <= 0 || len(out) < most {
		select {
		case raw := <-got:
			out = append(out, raw)
			timer.Reset(patience)
		case <-timer.C:
			return out
		case <-s.life.Done():
			return out
		}
	}
	return out
}

// maxReceive is the longest wait of receive.
const maxReceive = time.Hour

func receiveParams(k *call) (patience time.Duration, most int, f *failure) {
	patience = 3 * time.Second
	if n, ok := k.p.get("timeout").(json.Number); ok {
		seconds, err := strconv.ParseFloat(n.String(), 64)
		if err != nil || seconds < 0 || seconds > maxReceive.Seconds() {
			seconds = maxReceive.Seconds() // a negative one waits for ever
		}
		patience = time.Duration(seconds * float64(time.Second))
	} else if k.p.has("timeout") {
		return 0, 0, cast(k.p.get("timeout"), "java.lang.Double")
	}
	most, f1 := k.p.number("maxMessages")
	return patience, most, first(f1, strictly(k))
}
