// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// entity is a MessageEntity: offsets and lengths count UTF-16 code units.
type entity struct {
	Type        string   `json:"type"`
	Offset      int      `json:"offset"`
	Length      int      `json:"length"`
	URL         string   `json:"url,omitempty"`
	User        *apiUser `json:"user,omitempty"`
	Language    string   `json:"language,omitempty"`
	CustomEmoji string   `json:"custom_emoji_id,omitempty"`
}

func (e entity) end() int { return e.Offset + e.Length }

const (
	maxText    = 4096
	maxCaption = 1024
	maxRaw     = 32768
)

// typeKept are the entity types that a client may send; typeIgnored are those that the server finds itself
// and silently drops when a client sends them.
var (
	typeKept = map[string]bool{
		"bold": true, "italic": true, "underline": true, "strikethrough": true, "spoiler": true, "code": true,
		"pre": true, "text_link": true, "text_mention": true, "custom_emoji": true, "blockquote": true,
		"expandable_blockquote": true,
	}
	typeIgnored = map[string]bool{
		"mention": true, "hashtag": true, "cashtag": true, "bot_command": true, "url": true, "email": true,
		"phone_number": true, "bank_card_number": true,
	}
)

// parseEntities reads a client's JSON. Like the real server it takes anything that is not an array for none.
func parseEntities(raw string) ([]entity, *refusal) {
	var list []json.RawMessage
	if raw == "" || json.Unmarshal([]byte(raw), &list) != nil {
		return nil, nil
	}
	var out []entity
	for _, item := range list {
		e, r := parseEntity(item)
		if r != nil {
			return nil, r
		}
		if !typeIgnored[e.Type] {
			out = append(out, e)
		}
	}
	return out, nil
}

func parseEntity(raw json.RawMessage) (entity, *refusal) {
	fail := func(why string) (entity, *refusal) { return entity{}, wrong("can't parse MessageEntity: %s", why) }
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return fail("expected an Object")
	}
	for _, name := range []string{"offset", "length", "type"} {
		if _, ok := fields[name]; !ok {
			return fail("Can't find field \"" + name + "\"")
		}
	}
	var e entity
	if err := json.Unmarshal(raw, &e); err != nil {
		return fail("Field must be of another type")
	}
	switch {
	case !typeKept[e.Type] && !typeIgnored[e.Type]:
		return fail("Unsupported type specified")
	case e.Type == "text_link" && e.URL == "":
		return fail("Can't find field \"url\"")
	case e.Type == "text_mention" && e.User == nil:
		return fail("Can't find field \"user\"")
	case e.Type == "custom_emoji" && e.CustomEmoji == "":
		return fail("Can't find field \"custom_emoji_id\"")
	}
	return e, nil
}

// fixText does what the server does to every text: it checks and cleans it, moves entities along, trims
// white space and finds entities of its own. An empty result is the caller's to judge.
func fixText(raw string, ents []entity) (string, []entity, *refusal) {
	if !utf8.ValidString(raw) {
		return "", nil, wrong("strings must be encoded in UTF-8")
	}
	if r := checkSizes(ents); r != nil {
		return "", nil, r
	}
	ents = splitCrossing(validOnly(ents))
	if r := checkBounds(raw, ents); r != nil {
		return "", nil, r
	}
	text, ents := cleanText(raw, ents)
	text, ents = trimText(text, ents)
	if strings.TrimFunc(text, invisible) == "" {
		return "", nil, nil
	}
	return text, mergeFound(ents, findEntities(text)), nil
}

func invisible(r rune) bool {
	return r <= ' ' || r == 0xA0 || r == 0x2800 || r == 0x3000 || r == 0xFEFF || (0x2000 <= r && r <= 0x200F) ||
		(0x2028 <= r && r <= 0x202F) || (0x205F <= r && r <= 0x206F)
}

// maxOffset bounds offsets and lengths, whatever the text.
const maxOffset = 1_000_000

func checkSizes(ents []entity) *refusal {
	for _, e := range ents {
		if e.Offset < 0 || e.Offset > maxOffset {
			return wrong("receive an entity with incorrect offset %d", e.Offset)
		}
		if e.Length < 0 || e.Length > maxOffset {
			return wrong("receive an entity with incorrect length %d", e.Length)
		}
	}
	return nil
}

func validOnly(ents []entity) []entity {
	out := make([]entity, 0, len(ents))
	for _, e := range ents {
		if e.Length > 0 {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b entity) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(b.Length, a.Length))
	})
	return out
}

// splitCrossing makes entities nest: one that begins inside another and ends after it is cut at that end.
func splitCrossing(sorted []entity) []entity {
	for i := 0; i < len(sorted); {
		at := crossed(sorted, i)
		if at < 0 {
			i++
			continue
		}
		tail := sorted[i]
		tail.Offset, tail.Length = at, tail.end()-at
		sorted[i].Length = at - sorted[i].Offset
		sorted = validOnly(append(sorted, tail)) // which may put another one in this place
	}
	return sorted
}

// crossed is the end of an earlier entity that the i-th crosses, or -1.
func crossed(sorted []entity, i int) int {
	e := sorted[i]
	for _, outer := range sorted[:i] {
		if e.Offset < outer.end() && e.end() > outer.end() {
			return outer.end()
		}
	}
	return -1
}

// checkBounds refuses entities that lie outside the text or cut a surrogate pair. The server reads from left
// to right and tells of the first that is broken.
func checkBounds(text string, ents []entity) *refusal {
	if len(ents) == 0 {
		return nil
	}
	starts := unitStarts(text)
	if ref := cutSymbol(starts, ents); ref != nil {
		return ref
	}
	total := len(starts) - 1
	var ref *refusal
	for _, e := range ents {
		if e.Offset > total {
			return wrong("entity begins after the end of the text at UTF-16 offset %d", e.Offset)
		}
		if e.end() > total {
			ref = wrong("entity beginning at UTF-16 offset %d ends after the end of the text at UTF-16 offset %d", e.Offset, e.end())
		}
	}
	return ref
}

// cutSymbol finds the leftmost border of an entity that stands inside a surrogate pair.
func cutSymbol(starts []int, ents []entity) *refusal {
	inside := func(at int) bool { return at < len(starts) && starts[at] < 0 }
	first := len(starts)
	var ref *refusal
	for _, e := range ents {
		if inside(e.end()) && e.end() <= first {
			first = e.end()
			ref = wrong("entity beginning at UTF-16 offset %d ends in a middle of a UTF-16 symbol at byte offset %d",
				e.Offset, starts[first+1])
		}
		if inside(e.Offset) && e.Offset < first {
			first = e.Offset
			ref = wrong("entity begins in a middle of a UTF-16 symbol at byte offset %d", starts[first+1])
		}
	}
	return ref
}

// unitStarts tells for each UTF-16 offset up to the end of the text at which byte the symbol begins that stands
// there, or -1 in the middle of a surrogate pair.
func unitStarts(text string) []int {
	starts := make([]int, 0, len(text)+1)
	for i, r := range text {
		starts = append(starts, i)
		if unitsOf(r) == 2 {
			starts = append(starts, -1)
		}
	}
	return append(starts, len(text))
}

func unitsOf(r rune) int {
	if r >= 0x10000 {
		return 2
	}
	return 1
}

func units(text string) int {
	n := 0
	for _, r := range text {
		n += unitsOf(r)
	}
	return n
}

// dropped are the symbols that the server removes from every text.
func dropped(r rune) bool {
	return r == '\r' || (0x2028 <= r && r <= 0x202E) || r == 0x0333 || r == 0x033F || r == 0x030A
}

func cleanText(text string, ents []entity) (string, []entity) {
	if !strings.ContainsFunc(text, func(r rune) bool { return dropped(r) || (r < ' ' && r != '\n') }) {
		return text, ents
	}
	var b strings.Builder
	moved := []int{} // by old unit: how many units before it were removed
	removed := 0
	for _, r := range text {
		moved = append(moved, removed)
		switch {
		case dropped(r):
			removed++
			continue
		case r < ' ' && r != '\n':
			r = ' '
		}
		b.WriteRune(r)
		if unitsOf(r) == 2 {
			moved = append(moved, removed)
		}
	}
	moved = append(moved, removed)
	return b.String(), moveEntities(ents, func(at int) int { return at - moved[at] })
}

func moveEntities(ents []entity, to func(int) int) []entity {
	out := make([]entity, 0, len(ents))
	for _, e := range ents {
		from, end := to(e.Offset), to(e.end())
		if end > from {
			e.Offset, e.Length = from, end-from
			out = append(out, e)
		}
	}
	return out
}

// trimText cuts white space at the end, and spaces and newlines before the first entity at the start.
func trimText(text string, ents []entity) (string, []entity) {
	text = strings.TrimRight(text, " \n")
	total := units(text)
	ents = moveEntities(ents, func(at int) int { return min(at, total) })
	lead := 0
	for lead < len(text) && (text[lead] == ' ' || text[lead] == '\n') && (len(ents) == 0 || lead < ents[0].Offset) {
		lead++
	}
	return text[lead:], moveEntities(ents, func(at int) int { return at - lead })
}

// mergeFound adds what the server found where the client said nothing of that kind, and drops what cannot
// stand inside code.
func mergeFound(given, found []entity) []entity {
	out := slices.Clone(given)
	for _, f := range found {
		if !slices.ContainsFunc(given, func(g entity) bool { return blocks(g, f) }) {
			out = append(out, f)
		}
	}
	out = slices.DeleteFunc(out, func(e entity) bool {
		return e.Type != "code" && e.Type != "pre" && slices.ContainsFunc(out, func(c entity) bool {
			return (c.Type == "code" || c.Type == "pre") && overlaps(c, e) && !encloses(e, c)
		})
	})
	return validOnly(out)
}

func overlaps(a, b entity) bool { return a.Offset < b.end() && b.Offset < a.end() }

func encloses(outer, inner entity) bool {
	return strings.HasSuffix(outer.Type, "blockquote") && outer.Offset <= inner.Offset && outer.end() >= inner.end()
}

func blocks(given, found entity) bool {
	switch given.Type {
	case "code", "pre", "text_link", "text_mention":
		return overlaps(given, found)
	}
	return false
}
