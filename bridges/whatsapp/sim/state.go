// SPDX-License-Identifier: GPL-3.0-or-later

package sim

// introduce lets a phone give a linked device what it needs, when it comes for the first time.
func (s *Server) introduce(*device) {}

// syncState answers with the account's settings.
func (s *Server) syncState(q *query) ([]node, *refusal) {
	list, _ := q.body.Content.([]node)
	var out []node
	for i := range list {
		out = append(out, node{Tag: "collection", Attrs: attrs{"name": text(&list[i], "name"), "version": 0, "type": "result"}})
	}
	return []node{{Tag: "sync", Content: out}}, nil
}
