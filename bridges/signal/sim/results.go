// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// sent is what a method that sends answers.
type sent struct {
	Timestamp uint64   `json:"timestamp"`
	Results   []result `json:"results"`
	GroupID   string   `json:"groupId,omitempty"`
}

type result struct {
	Recipient  address `json:"recipientAddress"`
	GroupID    string  `json:"groupId,omitempty"`
	Type       string  `json:"type"`
	Token      string  `json:"token,omitempty"`
	RetryAfter int     `json:"retryAfterSeconds,omitempty"`
}

type address struct {
	UUID     *string `json:"uuid"`
	Number   *string `json:"number"`
	Username *string `json:"username"`
}

// The types of results.
const (
	success             = "SUCCESS"
	identityFailure     = "IDENTITY_FAILURE"
	networkFailure      = "NETWORK_FAILURE"
	unregisteredFailure = "UNREGISTERED_FAILURE"
	rateLimitFailure    = "RATE_LIMIT_FAILURE"
	preKeyFailure       = "INVALID_PRE_KEY_FAILURE"
)

// target is one chat that something is sent to, and those who are to get it.
type target struct {
	pl     place
	people []*person
	nobody string // an address that nobody has
}

// limit is what a rate limit tells.
type limit struct {
	after int
	token string
}

// targets finds where a call sends to.
func (s *Server) targets(k *call) ([]target, *failure) {
	groups, f1 := k.p.texts("groupId")
	people, f2 := k.p.texts("recipient")
	names, f3 := k.p.texts("username")
	self, f4 := k.p.flag("noteToSelf")
	if f := first(f1, f2, f3, f4); f != nil {
		return nil, f
	}
	var out []target
	for _, id := range groups {
		t, f := s.groupTarget(k, id)
		if f != nil {
			return nil, f
		}
		out = append(out, t)
	}
	for _, name := range names {
		people = append(people, "u:"+strings.TrimPrefix(name, "u:"))
	}
	if self {
		people = append(people, k.a.number)
	}
	if len(people)+len(groups) == 0 {
		return nil, fail(codeUser, "No recipients given")
	}
	list, f := s.peopleTargets(k, people)
	return append(out, list...), f
}

func (s *Server) peopleTargets(k *call, ids []string) ([]target, *failure) {
	var out []target
	for _, id := range ids {
		if !isAddress(id) {
			return nil, invalidID(id)
		}
		p := s.lookUp(id)
		switch {
		case p == nil:
			out = append(out, target{nobody: id})
		case p == k.a.person:
			out = append(out, target{pl: s.private(k.a, p)})
		default:
			out = append(out, target{pl: s.private(k.a, p), people: []*person{p}})
		}
	}
	return out, nil
}

// groupTarget is a group that the account may write to.
func (s *Server) groupTarget(k *call, id string) (target, *failure) {
	g := s.groups[id]
	switch {
	case g == nil || !g.known[k.a]:
		return target{}, fail(codeUser, "Group not found: %s", id)
	case g.find(k.a.person) == nil:
		return target{}, fail(codeUser, "User is not a member in group: %s", g.title)
	case g.announce && !g.isAdmin(k.a.person):
		return target{}, fail(codeUser, "User is not allowed to send message to group: %s", g.title)
	}
	return target{pl: place{group: g}, people: others(g, k.a.person)}, nil
}

var (
	uuidForm   = regexp.MustCompile(`^(PNI:)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	numberForm = regexp.MustCompile(`^\+[0-9]{7,15}$`)
)

func isAddress(id string) bool {
	return uuidForm.MatchString(id) || numberForm.MatchString(id) || strings.HasPrefix(id, "u:") && len(id) > 2
}

// lookUp finds somebody by ACI, PNI, number or username. A number that is hidden cannot be found.
func (s *Server) lookUp(id string) *person {
	if p := s.byACI[strings.ToLower(id)]; p != nil {
		return p
	}
	for _, p := range s.people {
		if id == "PNI:"+p.pni || id == p.number && !p.hidden || p.username != "" && id == "u:"+p.username {
			return p
		}
	}
	return nil
}

// whoIs is lookUp for a call that cannot do without.
func (s *Server) whoIs(id string) (*person, *failure) {
	if p := s.lookUp(id); p != nil {
		return p, nil
	}
	return nil, invalidID(id)
}

func invalidID(id string) *failure {
	return fail(codeUser, "Invalid phone number or identifier: %s", id)
}

// delivery is what became of a send to one target.
type delivery struct {
	target
	results []result
	missed  map[*person]bool
	arrived bool
}

// attempt says for each person of a target whether they get what is sent.
func (s *Server) attempt(k *call, t target) delivery {
	d := delivery{target: t, missed: map[*person]bool{}, arrived: len(t.people) == 0 && t.nobody == ""}
	group := ""
	if t.pl.group != nil {
		group = t.pl.group.id
	}
	if t.nobody != "" {
		d.results = []result{{Recipient: addressIn(t.nobody), Type: unregisteredFailure}}
		return d
	}
	for _, p := range t.people {
		r := result{Recipient: addressOf(p), GroupID: group, Type: s.obstacle(k, p)}
		if r.Type == rateLimitFailure && k.limit != nil {
			r.Token, r.RetryAfter = k.limit.token, k.limit.after
		}
		d.arrived = d.arrived || r.Type == success
		d.missed[p] = r.Type != success || p.blocks[k.a]
		d.results = append(d.results, r)
	}
	return d
}

func addressOf(p *person) address {
	return address{UUID: &p.aci, Number: p.shownNumber(), Username: orNull(p.username)}
}

func addressIn(id string) address {
	switch {
	case uuidForm.MatchString(id):
		return address{UUID: &id}
	case strings.HasPrefix(id, "u:"):
		return address{Username: new(id[2:])}
	}
	return address{Number: &id}
}

// obstacle is what keeps somebody from getting what is sent, or success.
func (s *Server) obstacle(k *call, p *person) string {
	switch {
	case k.limit != nil:
		return rateLimitFailure
	case s.offline(k.d):
		return networkFailure
	case p.unregistered:
		return unregisteredFailure
	}
	if kind := s.personFault(k, p); kind != "" {
		return kind
	}
	if !k.a.knows(p) {
		if !s.opts.TrustAlways {
			return identityFailure
		}
		k.a.trusted[p] = trust{key: p.key}
	}
	return success
}

// conclude makes the answer of what was sent, or the failure when it reached nobody.
func (s *Server) conclude(k *call, at uint64, list []delivery) (any, *failure) {
	out := sent{Timestamp: at, Results: []result{}}
	arrived := false
	for _, d := range list {
		out.Results = append(out.Results, d.results...)
		arrived = arrived || d.arrived
	}
	k.effect = arrived
	if arrived {
		return out, nil
	}
	f := failed(out.Results)
	f.Data = map[string]any{"response": out}
	if f.Code == codeRateLimit && k.limit != nil {
		k.a.until = s.now().Add(time.Duration(k.limit.after) * time.Second)
	}
	return nil, f
}

// failed is the failure of a send that reached nobody.
func failed(results []result) *failure {
	all := func(kind string) bool {
		return !slices.ContainsFunc(results, func(r result) bool { return r.Type != kind })
	}
	switch {
	case all(identityFailure):
		return fail(codeUntrusted, "Failed to send message due to untrusted identities")
	case all(rateLimitFailure):
		return fail(codeRateLimit, "Failed to send message due to rate limiting")
	}
	return fail(codeUser, "Failed to send message")
}

// transmit sends something to all targets of a call: act is called for each that it reaches. The time is the name of what
// was sent.
func (s *Server) transmit(k *call, act func(d delivery, at uint64)) (any, *failure) {
	targets, f := s.targets(k)
	if f != nil {
		return nil, f
	}
	if s.now().Before(k.a.until) && k.limit == nil && k.def.changes {
		s.breach(k, "within_retry_after", "")
	}
	at := s.sentAt(k.a.person)
	var list []delivery
	for _, t := range targets {
		d := s.attempt(k, t)
		if d.arrived && act != nil {
			act(d, at)
		}
		list = append(list, d)
	}
	return s.conclude(k, at, list)
}
