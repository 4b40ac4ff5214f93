// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// strikeConnect lets an outage strike somebody who connects; true means that they are not let in.
func (s *Server) strikeConnect(d *daemon) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.standing(frozenKind, d); f != nil {
		s.faults.Struck(f)
	}
	return s.faults.First(func(f *fault) bool { return f.Kind == control.OutageReset && f.strikesDaemon(d) }) != nil
}

// strikeBefore lets faults strike before a call takes effect; true means that it will not.
func (s *Server) strikeBefore(k *call) (hit bool, f *failure, out reply) {
	s.mu.Lock()
	struck, delay := s.firstStrike(k)
	s.mu.Unlock()
	if delay > 0 {
		control.Wait(delay, nil, s.life.Done())
	}
	if struck == nil {
		return false, nil, reply{}
	}
	switch struck.Kind {
	case control.HangBefore:
		s.hang(struck, forever)
		return true, nil, reply{cut: k.conn == nil}
	case control.ResetBefore:
		return true, nil, reply{cut: true}
	case RPCError:
		return true, fail(cmp.Or(struck.Code, codeUser), "this failure is a simulated one"), reply{}
	case control.ServerError:
		return true, errIO(), reply{}
	}
	// A limit of a call that sends to nobody has no results to tell it in.
	return true, fail(codeRateLimit, "Rate limit reached"), reply{}
}

func errIO() *failure {
	return fail(codeInternal, "Failed to send message: Connection reset (IOException)")
}

// firstStrike finds the fault that keeps a call from taking effect, and the delays of those that only make it slow. A rate
// limit of a call that sends is told in its results.
func (s *Server) firstStrike(k *call) (hit *fault, delay time.Duration) {
	for f := range s.faults.Live() {
		if f.stage != stageBefore || !f.matches(k) || !s.faults.Turn(f) {
			continue
		}
		switch f.Kind {
		case control.Slow:
			delay += f.Delay(time.Second)
			k.rec.Fault = f.Kind
		case control.RateLimited, control.Pace, Captcha:
			if k.limit = s.limitOf(f, k); k.limit == nil {
				continue
			}
			k.rec.Fault = f.Kind
			if !k.def.sends {
				return f, delay
			}
			return nil, delay
		default:
			k.rec.Fault = f.Kind
			return f, delay
		}
	}
	return nil, delay
}

// limitOf is what a rate limit tells; nil when a chat keeps its pace.
func (s *Server) limitOf(f *fault, k *call) *limit {
	switch f.Kind {
	case Captcha:
		if k.a.proof == "" {
			k.a.proof = s.newUUID()
		}
		return &limit{after: max(f.RetryAfterS, 86400), token: k.a.proof}
	case control.Pace:
		if left := s.faults.Pace(f, k.chat); left > 0 {
			return &limit{after: int(math.Ceil(left.Seconds()))}
		}
		return nil
	}
	return &limit{after: max(f.RetryAfterS, 1)}
}

// forever is how long a call hangs.
const forever = 10 * time.Minute

// hang holds a call until the fault ends, its delay is over or the server closes. That the client has gone does not end it.
func (s *Server) hang(f *fault, byDefault time.Duration) { f.Hang(byDefault, nil, s.life.Done()) }

// strikeAfter spoils the answer of a call that took effect.
func (s *Server) strikeAfter(k *call, effect bool) (*failure, reply) {
	f := s.afterwards(k, effect)
	if f == nil {
		return nil, reply{}
	}
	switch f.Kind {
	case control.HangAfter:
		s.hang(f, forever)
		return nil, reply{cut: k.conn == nil}
	case control.LateAfter:
		s.hang(f, 2*time.Second)
		return nil, reply{}
	case control.ServerErrAfter:
		return errIO(), reply{}
	case control.HalfAnswer:
		return nil, reply{half: true, cut: true}
	case control.NotJSON:
		return nil, reply{garbage: true}
	}
	return nil, reply{cut: true}
}

// afterwards finds the fault that spoils an answer, or nil.
func (s *Server) afterwards(k *call, effect bool) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !effect {
		return nil
	}
	f := s.faults.First(func(f *fault) bool { return f.stage == stageAfter && f.matches(k) })
	if f != nil {
		k.rec.Fault = f.Kind
	}
	return f
}

// personFailures are the types of failure with which the faults of persons are told in results.
var personFailures = map[control.FaultKind]string{
	IdentityFailure: identityFailure, NetworkFailure: networkFailure, UnregisteredFailure: unregisteredFailure,
	RateLimitFailure: rateLimitFailure, PreKeyFailure: preKeyFailure,
}

// personFault is the type of failure with which something does not reach somebody, or nothing.
func (s *Server) personFault(k *call, p *person) string {
	f := s.faults.First(func(f *fault) bool { return f.stage == stagePerson && f.strikesPerson(k, p) })
	if f == nil {
		return ""
	}
	return personFailures[f.Kind]
}

func (f *fault) strikesPerson(k *call, p *person) bool {
	if f.owner != nil && f.owner != k.a {
		return false
	}
	if f.person == nil {
		return f.Chat == "" || f.Chat == k.chat
	}
	return f.person == p
}

// strikesEvent says whether a fault of one kind strikes an envelope.
func (s *Server) strikesEvent(kind control.FaultKind, a *account, chat control.ChatID) bool {
	return s.faults.First(func(f *fault) bool { return f.Kind == kind && f.strikesNote(a, chat) }) != nil
}

func (f *fault) strikesNote(a *account, chat control.ChatID) bool {
	return (f.owner == nil || f.owner == a) && (f.Chat == "" || f.Chat == chat)
}

// noteStrike is what faults do to one envelope on its way to the listeners.
type noteStrike []control.FaultKind

func (n noteStrike) has(kind control.FaultKind) bool { return slices.Contains(n, kind) }

// strikeNote finds the faults that strike an envelope.
func (s *Server) strikeNote(a *account, n *note, ears int) noteStrike {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ears > 1 {
		s.rec.Breach(control.Breach{Code: "second_reader", Account: accountID(a), Chat: n.it.chat, At: s.now()})
	}
	var out noteStrike
	for _, kind := range []control.FaultKind{Double, HalfLine, CutLine, HugeLine, NullFields, UnknownFields} {
		if n.it.env != nil && s.strikesEvent(kind, a, n.it.chat) {
			out = append(out, kind)
		}
	}
	return out
}

// hugeLine is how many bytes a huge line has more.
const hugeLine = 5 << 20

// spoil changes a line as the faults say.
func (n noteStrike) spoil(line []byte) []byte {
	if n.has(NullFields) {
		line = withNulls(line)
	}
	if n.has(UnknownFields) {
		line = bytes.Replace(line, []byte(`"envelope":{`), []byte(`"envelope":{"hologram":{"smell":[1,"x",null]},`), 1)
	}
	if n.has(HugeLine) {
		padding := append([]byte(`"envelope":{"padding":"`), bytes.Repeat([]byte("x"), hugeLine)...)
		line = bytes.Replace(line, []byte(`"envelope":{`), append(padding, `",`...), 1)
	}
	switch {
	case n.has(CutLine):
		return line[:len(line)/2]
	case n.has(HalfLine):
		return append(line[:len(line)/2:len(line)/2], '\n')
	}
	return line
}

// nullable are fields of text that may be null.
var nullable = []string{"sourceName", "groupName", "filename", "contentType", "name", "sourceNumber", "title", "description"}

// withNulls puts null where names were.
func withNulls(line []byte) []byte {
	at := bytes.IndexByte(line, '{')
	var v any
	dec := json.NewDecoder(bytes.NewReader(line[max(at, 0):]))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return line
	}
	eachObject(v, func(m map[string]any) {
		for _, name := range nullable {
			if _, is := m[name].(string); is {
				m[name] = nil
			}
		}
	})
	out := append(line[:at:at], encode(v)...)
	return append(out, line[len(bytes.TrimRight(line, "\n")):]...)
}

// eachObject visits every object in a value.
func eachObject(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(v)
		for _, in := range v {
			eachObject(in, visit)
		}
	case []any:
		for _, in := range v {
			eachObject(in, visit)
		}
	}
}
