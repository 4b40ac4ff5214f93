// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"image"
	_ "image/gif"  // formats of photos
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"slices"
	"strings"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// fileKind is a kind of file that a bot can send, and what the server calls it.
type fileKind struct {
	method  string
	field   string
	kind    string
	name    string // in "there is no … in the request"
	rights  string // in "not enough rights to send … to the chat"
	caption bool
}

var fileKinds = []fileKind{
	{"sendPhoto", "photo", kindPhoto, "photo", "photos", true},
	{"sendVideo", "video", kindVideo, "video", "videos", true},
	{"sendAnimation", "animation", kindAnimation, "animation", "animations", true},
	{"sendAudio", "audio", kindAudio, "audio", "music", true},
	{"sendVoice", "voice", kindVoice, "voice", "voice notes", true},
	{"sendVideoNote", "video_note", kindVideoNote, "video note", "video notes", false},
	{"sendDocument", "document", kindFile, "document", "documents", true},
	{"sendSticker", "sticker", kindSticker, "sticker", "stickers", false},
}

// kindsOfFields lists kinds by their field.
func kindsOfFields(fields ...string) map[string]fileKind {
	out := map[string]fileKind{}
	for _, k := range fileKinds {
		if slices.Contains(fields, k.field) {
			out[k.field] = k
		}
	}
	return out
}

// fileMethods makes one method of each kind.
func fileMethods() []methodDef {
	var out []methodDef
	for _, k := range fileKinds {
		out = append(out, methodDef{name: k.method, posts: true, changes: true, run: func(s *Server, c *call) (any, *refusal) {
			return s.sendFile(c, k)
		}})
	}
	return out
}

func (s *Server) sendFile(c *call, k fileKind) (any, *refusal) {
	file, ref := s.fileArg(c, k, c.args.get(k.field))
	if ref != nil {
		return nil, ref
	}
	var raw content
	if k.caption {
		if raw, ref = textArg(c, "caption", "caption_entities"); ref != nil {
			return nil, ref
		}
	}
	m, quote, ref := s.draft(c)
	if ref != nil {
		return nil, ref
	}
	if ref := s.unreadable(c, file); ref != nil {
		return nil, ref
	}
	if ref := s.attach(m, file, raw, k, quote); ref != nil {
		return nil, ref
	}
	s.send(c, m)
	return m.api(true), nil
}

// unreadable refuses a picture that a fault has struck, in the words of one that the server itself cannot read.
func (s *Server) unreadable(c *call, file *media) *refusal {
	if file.kind != kindPhoto {
		return nil
	}
	if len(s.noPictures) >= keptFiles {
		clear(s.noPictures)
	}
	if !s.noPictures[file.hash] && s.faults.First(func(f *fault) bool { return f.Kind == control.BadPicture && f.matches(c) }) != nil {
		s.noPictures[file.hash] = true
	}
	if s.noPictures[file.hash] {
		return bad("IMAGE_PROCESS_FAILED")
	}
	return nil
}

// attach gives a message its file and caption and checks what the server checks last.
func (s *Server) attach(m *message, file *media, raw content, k fileKind, quote quoteArg) *refusal {
	caption, ref := raw.fixedCaption()
	if ref != nil {
		return ref
	}
	if ref := s.finish(m, quote, k.rights); ref != nil {
		return ref
	}
	if file.fileID == "" {
		if ref := file.acceptable(); ref != nil {
			return ref
		}
		s.keepFile(file)
	}
	m.text, m.ents, m.media = caption.text, caption.ents, file
	return nil
}

// fileArg finds the file: a part of the request, by its name or by attach://, or one that the server knows.
func (s *Server) fileArg(c *call, k fileKind, value string) (*media, *refusal) {
	part, attached := strings.CutPrefix(value, "attach://")
	if !attached {
		part = k.field
	}
	if up := c.args.files[part]; up != nil && (attached || value == "") {
		return k.upload(up, s.opts.KeepFile), nil
	}
	if up := c.args.files[value]; up != nil && strings.HasPrefix(value, localScheme) {
		return k.upload(up, s.opts.KeepFile), nil
	}
	if attached || value == "" {
		return nil, wrong("there is no %s in the request", k.name)
	}
	known := s.files[value]
	if known == nil || known.kind != k.kind {
		return nil, bad("wrong file identifier/HTTP URL specified")
	}
	return known, nil
}

// upload makes the media of a new file. What is no OGG is no voice note, and what weighs too much is no
// sticker.
func (k fileKind) upload(up *upload, keep int64) *media {
	m := &media{kind: k.kind, name: up.name, mime: up.mime, size: up.size, hash: up.hash}
	if up.size <= keep {
		m.data = up.data
	}
	if k.kind == kindVoice && !bytes.HasPrefix(up.data, []byte("OggS")) || k.kind == kindSticker && up.size > maxStickerBytes(up.mime) {
		m.kind = kindFile
	}
	return m
}

// maxStickerBytes is what a sticker of a type may weigh. What is larger the server takes for a mere file.
func maxStickerBytes(mime string) int64 {
	switch mime {
	case mimeAnimated:
		return 64 << 10
	case mimeVideoSticker:
		return 256 << 10
	}
	return 512 << 10
}

const (
	maxPhotoBytes = 10 << 20
	maxPhotoSides = 10_000 // width and height together
	maxPhotoRatio = 20
)

// acceptable checks a new file as far as the server looks into it.
func (m *media) acceptable() *refusal {
	if m.size == 0 {
		return wrong("file must be non-empty")
	}
	if m.kind != kindPhoto {
		return nil
	}
	if m.size > maxPhotoBytes {
		return wrong("IMAGE_PROCESS_FAILED")
	}
	if m.data == nil || bytes.HasPrefix(m.data, []byte("RIFF")) {
		return nil // too large to be kept, or WebP, which this server does not read
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(m.data))
	switch {
	case err != nil:
		return wrong("IMAGE_PROCESS_FAILED")
	case size.Width+size.Height > maxPhotoSides, max(size.Width, size.Height) > maxPhotoRatio*min(size.Width, size.Height):
		return wrong("PHOTO_INVALID_DIMENSIONS")
	}
	return nil
}
