// SPDX-License-Identifier: GPL-3.0-or-later

package sim

import (
	"strconv"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// A stanza is a node of the protocol's binary XML. Addresses in it are types.JID values, never strings.
type (
	node  = waBinary.Node
	attrs = waBinary.Attrs
)

// refusal is an error that the server answers a query or a message with.
type refusal struct {
	code int
	text string
}

// The refusals, in the server's words; the client compares the text too.
var (
	errBadRequest     = &refusal{400, "bad-request"}
	errNotAuthorized  = &refusal{401, "not-authorized"}
	errForbidden      = &refusal{403, "forbidden"}
	errNotFound       = &refusal{404, "item-not-found"}
	errNotAcceptable  = &refusal{406, "not-acceptable"}
	errRateOverlimit  = &refusal{429, "rate-overlimit"}
	errInternal       = &refusal{500, "internal-server-error"}
	errNotImplemented = &refusal{501, "feature-not-implemented"}
	errUnavailable    = &refusal{503, "service-unavailable"}
)

// refusalOf finds the words for a code.
func refusalOf(code int) *refusal {
	for _, r := range []*refusal{
		errBadRequest, errNotAuthorized, errForbidden, errNotFound, errNotAcceptable, errRateOverlimit, errInternal, errNotImplemented, errUnavailable,
	} {
		if r.code == code {
			return r
		}
	}
	return &refusal{code, "error-" + strconv.Itoa(code)}
}

// answer is the result of a query.
func answer(iq *node, content []node) node {
	n := node{Tag: "iq", Attrs: attrs{"from": types.ServerJID, "id": text(iq, "id"), "type": "result"}}
	if len(content) > 0 {
		n.Content = content
	}
	return n
}

// refuse is the error of a query.
func refuse(iq *node, r *refusal) node {
	return node{
		Tag: "iq", Attrs: attrs{"from": types.ServerJID, "id": text(iq, "id"), "type": "error"},
		Content: []node{{Tag: "error", Attrs: attrs{"code": r.code, "text": r.text}}},
	}
}

// text is a string attribute, empty if there is none.
func text(n *node, key string) string {
	v, _ := n.Attrs[key].(string)
	return v
}

// jid is an address attribute, empty if there is none.
func jid(n *node, key string) types.JID {
	v, _ := n.Attrs[key].(types.JID)
	return v
}

// child finds the first child of a name, or nil.
func child(n *node, tag string) *node {
	list, _ := n.Content.([]node)
	for i := range list {
		if list[i].Tag == tag {
			return &list[i]
		}
	}
	return nil
}

// bytesOf is the content of the child of a name, nil if there is none or it is no bytes.
func bytesOf(n *node, tag string) []byte {
	c := child(n, tag)
	if c == nil {
		return nil
	}
	if s, ok := c.Content.(string); ok {
		return []byte(s) // the codec gives short strings back as such
	}
	b, _ := c.Content.([]byte)
	return b
}
