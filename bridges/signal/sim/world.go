// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// person is a user of Signal: one of the people, or one of our accounts.
type person struct {
	aci, pni, number, username, name string

	account      *account // set for ours
	key          int      // counts new phones: the safety number comes from it
	hidden       bool     // shows nobody the number
	unregistered bool
	blocks       map[*account]bool
	lastSent     uint64
}

// trust is what an account knows of somebody's safety number.
type trust struct {
	key      int
	verified bool
}

// account is one of ours: a phone, and a linked device at a daemon.
type account struct {
	*person
	daemon  *daemon
	linked  bool
	uri     string  // of the link that it was linked with
	queue   []*item // at Signal, not taken yet
	held    []*item // taken, from people who are not trusted now
	done    []*item // the last that were taken, for repeats
	trusted map[*person]trust
	proof   string    // the token of a captcha that is asked for
	until   time.Time // a rate limit was told until then
	wake    chan struct{}
	turn    sync.Mutex // held while an envelope is handed over; before Server.mu
}

// poke wakes the account's receive thread.
func (a *account) poke() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// knows says whether what a person writes can be read, and whether they can be written to. The first key is trusted.
func (a *account) knows(p *person) bool {
	t, ok := a.trusted[p]
	if !ok {
		a.trusted[p] = trust{key: p.key}
		return true
	}
	return t.key == p.key
}

// member is somebody's place in a group. What was said before they came they do not see.
type member struct {
	who   *person
	admin bool
	since uint64
}

// group is a group.
type group struct {
	id, title, description string
	members                []*member
	revision               int
	timer                  int // seconds; 0: off
	announce               bool
	deleted                bool
	link                   string
	avatar                 []byte
	known                  map[*account]bool // who has ever been told of it
}

func (g *group) find(p *person) *member {
	for _, m := range g.members {
		if m.who == p {
			return m
		}
	}
	return nil
}

func (g *group) isAdmin(p *person) bool {
	m := g.find(p)
	return m != nil && m.admin
}

func (g *group) chat() control.ChatID { return control.ChatID("group." + g.id) }

// newPerson makes somebody; no number takes a fresh one. The caller holds s.mu, or is New.
func (s *Server) newPerson(name, number, username string) *person {
	if number == "" {
		number = s.freshNumber()
	}
	p := &person{aci: s.newUUID(), pni: s.newUUID(), number: number, username: username, name: name, key: 1, blocks: map[*account]bool{}}
	s.people = append(s.people, p)
	s.byACI[p.aci] = p
	return p
}

// firstNumber is before the numbers of new people, which begin in the middle of a range that is kept for fiction.
const firstNumber = 500

// freshNumber is a number of nobody, from a range that is kept for fiction.
func (s *Server) freshNumber() string {
	for {
		s.lastNumber++
		number := fmt.Sprintf("+4477009%05d", s.lastNumber)
		if s.byNumber(number) == nil {
			return number
		}
	}
}

func (s *Server) byNumber(number string) *person {
	for _, p := range s.people {
		if p.number == number {
			return p
		}
	}
	return nil
}

func (s *Server) newUUID() string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], s.rng.Uint64())
	binary.LittleEndian.PutUint64(b[8:], s.rng.Uint64())
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (s *Server) newGroupID() string {
	var b [32]byte
	for i := 0; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], s.rng.Uint64())
	}
	return base64.StdEncoding.EncodeToString(b[:])
}

// sentAt is the time of what a person says now: unique for each author, as it is their message's only name.
func (s *Server) sentAt(p *person) uint64 {
	p.lastSent = max(uint64(s.now().UnixMilli()), p.lastSent+1)
	return p.lastSent
}

// safetyNumber is the number that two people compare: 60 digits.
func safetyNumber(a, b *person) string {
	pair := []string{fmt.Sprint(a.aci, a.key), fmt.Sprint(b.aci, b.key)}
	slices.Sort(pair)
	sum := sha256.Sum256([]byte(strings.Join(pair, " ")))
	var out strings.Builder
	for i := range 12 {
		fmt.Fprintf(&out, "%05d", binary.LittleEndian.Uint16(sum[2*i:]))
	}
	return out.String()
}

func userID(p *person) control.UserID { return control.UserID(p.aci) }

func accountID(a *account) control.AccountID {
	if a == nil {
		return ""
	}
	return control.AccountID(a.number)
}

// accountByID finds one of ours; the empty id is the first.
func (s *Server) accountByID(id control.AccountID) (*account, error) {
	return control.FindAccount(s.accounts, id, accountID)
}

func (s *Server) userByID(id control.UserID) (*person, error) {
	if p := s.byACI[string(id)]; p != nil {
		return p, nil
	}
	return nil, control.Because(control.ErrNotFound, "no user %q", id)
}

// place is a chat: a group, or a user and an account.
type place struct {
	group   *group
	user    *person
	account *account
}

// place finds a chat by its id. The caller holds s.mu.
func (s *Server) place(id control.ChatID) (place, error) {
	if g, ok := strings.CutPrefix(string(id), "group."); ok {
		if s.groups[g] == nil {
			return place{}, control.Because(control.ErrNotFound, "no group %q", id)
		}
		return place{group: s.groups[g]}, nil
	}
	aci, number, _ := strings.Cut(string(id), "/")
	u := s.byACI[aci]
	a, err := s.accountByID(control.AccountID(number))
	if u == nil || err != nil {
		return place{}, control.Because(control.ErrNotFound, "no chat %q", id)
	}
	return place{user: u, account: a}, nil
}

// private is the chat of a user and an account.
func (s *Server) private(a *account, u *person) place { return place{user: u, account: a} }

// chatOf names a place.
func (s *Server) chatOf(pl place) control.ChatID {
	if pl.group != nil {
		return pl.group.chat()
	}
	if pl.account == s.accounts[0] {
		return control.ChatID(pl.user.aci)
	}
	return control.ChatID(pl.user.aci + "/" + pl.account.number)
}

// log is the history of a place.
func (s *Server) logOf(pl place) *chatLog {
	id := s.chatOf(pl)
	l := s.chats[id]
	if l == nil {
		l = newChatLog(id, s.opts.Keep)
		s.chats[id] = l
	}
	return l
}

// people are those who hear what is said in a place.
func (pl place) people() []*person {
	if pl.group == nil {
		return []*person{pl.user, pl.account.person}
	}
	var out []*person
	for _, m := range pl.group.members {
		out = append(out, m.who)
	}
	return out
}

// timer is after how many seconds messages of a place disappear.
func (s *Server) timer(pl place) int {
	if pl.group != nil {
		return pl.group.timer
	}
	return s.logOf(pl).timer
}
