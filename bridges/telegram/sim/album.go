// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// maxAlbum is how many items an album can have.
const maxAlbum = 10

// albumItem is one InputMedia of an album.
type albumItem struct {
	kind    fileKind
	file    *media
	caption content
}

// sendMediaGroup sends an album: each item is a message, and each counts for the rate.
func (s *Server) sendMediaGroup(c *call) (any, *refusal) {
	items, ref := s.albumArg(c)
	if ref != nil {
		return nil, ref
	}
	list := make([]*message, len(items))
	var quote quoteArg
	for i := range items {
		if list[i], quote, ref = s.draft(c); ref != nil {
			return nil, ref
		}
	}
	if ref := checkAlbum(items); ref != nil {
		return nil, ref
	}
	if len(items) > 1 && s.slowBucket(c) != nil {
		return nil, bad("SLOWMODE_MULTI_MSGS_DISABLED")
	}
	for i, item := range items {
		if ref := s.unreadable(c, item.file); ref != nil {
			return nil, ofItem(ref, i)
		}
		if ref := s.attach(list[i], item.file, item.caption, item.kind, quote); ref != nil {
			return nil, ofItem(ref, i)
		}
	}
	s.limiter.charge(c, len(items)-1)
	return s.sendAlbum(c, list), nil
}

// ofItem is how an album is refused for the sake of one item: what the data centres say of a file, which they look into one by
// one, is told with its place.
func ofItem(ref *refusal, i int) *refusal {
	if why := ref.words(); why == strings.ToUpper(why) {
		ref.text = fmt.Sprintf("Bad Request: failed to send message #%d with the error message %q", i+1, why)
	}
	return ref
}

func (s *Server) sendAlbum(c *call, list []*message) []*apiMessage {
	album := ""
	if len(list) > 1 {
		album = strconv.FormatInt(1+s.rng.Int64N(1<<50), 10)
	}
	out := make([]*apiMessage, len(list))
	for i, m := range list {
		m.album = album
		s.send(c, m)
		out[i] = m.api(true)
	}
	return out
}

func (s *Server) albumArg(c *call) ([]albumItem, *refusal) {
	raw := c.args.get("media")
	if !json.Valid([]byte(raw)) {
		return nil, wrong("can't parse media JSON object")
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(raw), &list) != nil || list == nil {
		return nil, wrong("expected an Array of InputMedia")
	}
	var out []albumItem
	for _, raw := range list {
		item, why := s.albumItem(c, raw)
		if why != "" {
			return nil, wrong("can't parse InputMedia: %s", why)
		}
		out = append(out, item)
	}
	return out, nil
}

// albumItem reads one item; why says what is wrong with it.
func (s *Server) albumItem(c *call, raw json.RawMessage) (item albumItem, why string) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return item, "expected an Object"
	}
	var in struct{ kind, media, caption, mode string }
	if !stringField(fields["caption"], &in.caption) || !stringField(fields["parse_mode"], &in.mode) ||
		!stringField(fields["media"], &in.media) || !stringField(fields["type"], &in.kind) {
		return item, "field must be of type String"
	}
	if fields["type"] == nil {
		return item, `can't find field "type"`
	}
	text := call{args: args{values: map[string]string{
		"caption": in.caption, "parse_mode": in.mode, "caption_entities": string(fields["caption_entities"]),
	}}}
	caption, ref := textArg(&text, "caption", "caption_entities")
	if ref != nil {
		return item, ref.words()
	}
	return s.albumFile(c, in.kind, in.media, caption)
}

func (s *Server) albumFile(c *call, kind, value string, caption content) (item albumItem, why string) {
	if value == "" {
		return item, "media not found"
	}
	k, ok := albumKinds[kind]
	switch {
	case kind == "animation":
		return item, `type "animation" can't be used in sendMediaGroup`
	case !ok:
		return item, `type "` + kind + `" is unsupported`
	}
	file, ref := s.fileArg(c, k, value)
	switch {
	case ref != nil && ref.never:
		return item, "media not found"
	case ref != nil:
		return item, ref.words()
	}
	return albumItem{kind: k, file: file, caption: caption}, ""
}

// albumKinds are the types of InputMedia that can stand in an album.
var albumKinds = kindsOfFields("photo", "video", "audio", "document")

// checkAlbum holds the album to the server's limits; documents and audio stand only with their like.
func checkAlbum(items []albumItem) *refusal {
	switch {
	case len(items) == 0:
		return wrong("there are no messages to send")
	case len(items) > maxAlbum:
		return wrong("too many messages to send as an album")
	}
	for _, item := range items[1:] {
		for _, k := range []fileKind{items[0].kind, item.kind} {
			if items[0].kind.kind != item.kind.kind && (k.kind == kindFile || k.kind == kindAudio) {
				return wrong("%s can't be mixed with other media types", k.name)
			}
		}
	}
	return nil
}
