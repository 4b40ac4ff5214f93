// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	control "github.com/causeway-chat/causeway/bridges/sim"
	"go.mau.fi/whatsmeow/types"
)

// query is one info query of a device.
type query struct {
	dev    *device
	iq     *node
	body   *node // the first child, or an empty node
	to     types.JID
	isSet  bool
	then   func() // runs once the answer is written
	method string
}

// queryHandlers answers the queries by namespace and first child.
var queryHandlers = map[string]func(*Server, *query) ([]node, *refusal){
	"w:p/":                       (*Server).answerNothing,
	"encrypt/count":              (*Server).countKeys,
	"encrypt/registration":       (*Server).uploadKeys,
	"encrypt/key":                (*Server).fetchKeys,
	"passive/active":             (*Server).becomeActive,
	"passive/passive":            (*Server).answerNothing,
	"usync/usync":                (*Server).usync,
	"privacy/":                   (*Server).privacy,
	"privacy/privacy":            (*Server).privacy,
	"privacy/tokens":             (*Server).answerNothing,
	"w:m/media_conn":             (*Server).mediaConn,
	"w:sync:app:state/sync":      (*Server).syncState,
	"w:profile:picture/picture":  (*Server).picture,
	"md/remove-companion-device": (*Server).removeDevice,
	"w:g2/query":                 (*Server).groupQuery,
	"w:g2/participating":         (*Server).groupsOf,
	"w:g2/create":                (*Server).groupCreate,
	"w:g2/add":                   (*Server).groupMembers,
	"w:g2/remove":                (*Server).groupMembers,
	"w:g2/promote":               (*Server).groupMembers,
	"w:g2/demote":                (*Server).groupMembers,
	"w:g2/subject":               (*Server).groupSubject,
	"w:g2/description":           (*Server).groupTopic,
	"w:g2/announcement":          (*Server).groupSetting,
	"w:g2/not_announcement":      (*Server).groupSetting,
	"w:g2/locked":                (*Server).groupSetting,
	"w:g2/unlocked":              (*Server).groupSetting,
	"w:g2/ephemeral":             (*Server).groupSetting,
	"w:g2/not_ephemeral":         (*Server).groupSetting,
	"w:g2/leave":                 (*Server).groupLeave,
}

// handleQuery answers one query.
func (s *Server) handleQuery(c *conn, n *node) {
	if kind := text(n, "type"); kind != "get" && kind != "set" {
		return // an answer to something of ours
	}
	q := &query{dev: c.dev, iq: n, body: &node{}, to: jid(n, "to"), isSet: text(n, "type") == "set"}
	if list, _ := n.Content.([]node); len(list) > 0 {
		q.body = &list[0]
	}
	q.method = text(n, "xmlns") + "/" + q.body.Tag
	k := s.newCall(c, q.method, s.chatOf(q.to, q.dev))
	s.serve(k, func() reply { return s.answerQuery(c, q) }, func(r *refusal) *node { return new(refuse(n, r)) })
}

func (s *Server) answerQuery(c *conn, q *query) reply {
	handler := queryHandlers[q.method]
	if handler == nil {
		s.breach(c, "unknown_query", q.method, "", q.method)
		return reply{refused: errNotImplemented}
	}
	content, r := handler(s, q)
	return reply{node: new(answer(q.iq, content)), then: q.then, refused: r}
}

func (s *Server) answerNothing(*query) ([]node, *refusal) { return nil, nil }

// becomeActive is how a device says that it is ready for what waits.
func (s *Server) becomeActive(q *query) ([]node, *refusal) {
	d := q.dev
	q.then = func() {
		if d.conn == nil || d.conn.active {
			return
		}
		d.conn.active = true
		s.flush(d)
		s.introduce(d)
	}
	return nil, nil
}

// privacy tells the privacy settings.
func (s *Server) privacy(q *query) ([]node, *refusal) {
	if q.isSet {
		return nil, nil
	}
	var list []node
	for _, c := range [][2]string{
		{"readreceipts", "all"}, {"last", "all"}, {"status", "all"}, {"profile", "all"}, {"groupadd", "all"}, {"calladd", "all"}, {"online", "all"},
	} {
		list = append(list, node{Tag: "category", Attrs: attrs{"name": c[0], "value": c[1]}})
	}
	return []node{{Tag: "privacy", Content: list}}, nil
}

// picture: nobody has one.
func (s *Server) picture(*query) ([]node, *refusal) { return nil, errNotFound }

// removeDevice is a linked device that logs itself out.
func (s *Server) removeDevice(q *query) ([]node, *refusal) {
	d := s.directory.findDevice(jid(q.body, "jid"))
	if d != q.dev || d.isPhone() {
		return nil, errForbidden
	}
	q.then = func() {
		s.unlink(d)
		if c := d.conn; c != nil {
			c.out.finish()
			s.leave(c)
		}
	}
	return nil, nil
}

// chatOf names the chat of an address for the control API, empty if it is none.
func (s *Server) chatOf(j types.JID, of *device) control.ChatID {
	if j.Server == types.GroupServer && j.User != "" {
		return control.ChatID(j.String())
	}
	if p := s.directory.find(j); p != nil && of != nil {
		return s.privateChat(of.owner, p)
	}
	return ""
}
