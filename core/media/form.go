// SPDX-License-Identifier: Apache-2.0

package media

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/causeway-chat/causeway/core/chat"
)

// Form is what an attachment goes to a chat as. MIME is spelled as the chat's list spells it.
type Form struct {
	Kind chat.MediaKind
	MIME string
	// MaxBytes and MaxSide are the chat's limits; 0: none.
	MaxBytes int64
	MaxSide  int
	// Convert says that the bytes must be made anew; else they go as they are.
	Convert bool
	// Moving says that the picture moves.
	Moving bool
}

// Key names the bytes that a conversion must make: two chats with equal keys are served by one conversion.
func (f Form) Key() string {
	look := "still"
	switch {
	case family(f.MIME) == "audio":
		look = "sound"
		if f.Kind == chat.Voice {
			look = "voice"
		}
	case f.Moving && f.Kind == chat.Animation:
		look = "silent"
	case f.Moving:
		look = "moving"
	}
	return fmt.Sprintf("%s %s %d %d", look, base(f.MIME), f.MaxBytes, f.MaxSide)
}

// instead lists what a kind may become, best first. Each may also become a plain file.
var instead = map[chat.MediaKind][]chat.MediaKind{
	chat.Photo:     {chat.Photo},
	chat.Sticker:   {chat.Sticker, chat.Photo},
	chat.Animation: {chat.Animation, chat.Video},
	chat.Video:     {chat.Video},
	chat.VideoNote: {chat.VideoNote, chat.Video},
	chat.Voice:     {chat.Voice, chat.Audio},
	chat.Audio:     {chat.Audio},
}

// become lists what bytes of a type, sent as a kind, may become. A sticker that moves becomes no photo.
func become(k chat.MediaKind, t string) []chat.MediaKind {
	if k == chat.Sticker && moving(t) {
		return []chat.MediaKind{chat.Sticker, chat.Animation}
	}
	return instead[k]
}

func moving(t string) bool { return family(t) == "video" || base(t) == typeTGS }

// Forms lists in which forms a chat takes an attachment, best first. Each but the last needs a conversion; when that fails
// the next one is right. None: the chat takes it in no form, and it is named in a line. It is pure; m tells type, size and
// sides of the bytes.
func Forms(m chat.Media, caps chat.Capabilities) []Form {
	var forms []Form
	for _, k := range become(m.Kind, m.MIME) {
		f, ok := formAs(k, m, caps.Media[k])
		if ok {
			forms = append(forms, f)
		}
		if ok && !f.Convert {
			return forms
		}
	}
	if f, ok := formAs(chat.File, m, caps.Media[chat.File]); ok {
		if m.Kind == chat.Sticker && !taken(caps.Media[chat.Sticker], m) {
			f.Kind = chat.Sticker // rendering makes a file of it, and tells which sticker that was
		}
		forms = append(forms, f)
	}
	return forms
}

// taken reports whether rendering would let bytes go as a kind.
func taken(l chat.MediaLimit, m chat.Media) bool {
	listed, ok := accepts(l, m.MIME)
	return ok && l.Level.Native() && l.Of(listed).Holds(m)
}

// formAs is the form in which a chat takes an attachment as one kind, if it does.
func formAs(k chat.MediaKind, m chat.Media, l chat.MediaLimit) (Form, bool) {
	if !l.Level.Native() || k != chat.File && !suits(m.Kind, m.MIME) {
		return Form{}, false
	}
	f := Form{Kind: k, Moving: moves(k, m.MIME)}
	listed, ok := accepts(l, m.MIME)
	if f.MIME = listed; !ok || !suits(k, m.MIME) || !l.Of(listed).Holds(m) {
		f.Convert = true
		f.MIME = target(f, m, l)
	}
	limit := l.Of(f.MIME)
	f.MaxBytes, f.MaxSide = limit.MaxBytes, limit.MaxSide
	return f, f.MIME != "" && limit.Bears(m)
}

func moves(k chat.MediaKind, t string) bool {
	return k == chat.Animation || k == chat.Video || k == chat.VideoNote || k == chat.Sticker && moving(t)
}

// accepts finds a type in a chat's list; the list's spelling counts.
func accepts(l chat.MediaLimit, t string) (listed string, ok bool) {
	if len(l.MIME) == 0 {
		return t, true
	}
	i := slices.IndexFunc(l.MIME, func(listed string) bool { return sameType(t, listed) })
	if i < 0 {
		return "", false
	}
	return l.MIME[i], true
}

// target is the type that a conversion makes for a chat; empty when none helps.
func target(f Form, m chat.Media, l chat.MediaLimit) string {
	can := outputs(f, m, l)
	if len(l.MIME) == 0 && len(can) > 0 {
		return can[0]
	}
	for _, listed := range l.MIME {
		if slices.ContainsFunc(can, func(t string) bool { return sameType(t, listed) }) {
			return listed
		}
	}
	return ""
}

// outputs lists the types that bytes can be turned into. Only pictures, and what is packed badly, become smaller by it.
func outputs(f Form, m chat.Media, l chat.MediaLimit) []string {
	from := base(m.MIME)
	shrinks := family(from) == "audio" || from == typeGIF
	switch {
	case f.Kind == chat.File:
		return nil
	case f.Kind == chat.Sticker && !f.Moving && still[from]:
		return []string{typeWebP, typePNG}
	case !f.Moving && still[from]:
		return []string{typeJPEG, typePNG}
	case demuxers[from] == "", !shrinks && l.MaxBytes > 0 && m.Size > l.MaxBytes:
		return nil
	case f.Kind == chat.Sticker:
		return []string{typeWebP}
	case f.Moving:
		return []string{typeMP4}
	case f.Kind == chat.Voice:
		return []string{typeOpus, typeM4A, typeMPEG}
	}
	return []string{typeM4A, typeMPEG, typeOpus}
}

// still are the types of pictures that can be decoded.
var still = map[string]bool{typeJPEG: true, typePNG: true, typeGIF: true, typeWebP: true}

// demuxers are the names by which ffmpeg knows the types that it may read. The name is always given: left to guess, it
// would also follow play lists.
var demuxers = map[string]string{
	typeGIF: "gif", typeWebM: "matroska", typeMatroska: "matroska", typeMP4: "mov", "video/quicktime": "mov", "video/3gpp": "mov",
	"video/avi": "avi", "video/ogg": "ogg", typeOgg: "ogg", typeM4A: "mov", typeMPEG: "mp3", "audio/aac": "aac", "audio/wav": "wav",
	"audio/flac": "flac", "audio/amr": "amr",
}

// CouldGo reports whether a chat might take an attachment, by what its sender tells, before a byte of it was seen.
func CouldGo(m chat.Media, caps chat.Capabilities) bool {
	takes := func(k chat.MediaKind) bool {
		l := caps.Media[k]
		shrinks := k == chat.Photo || k == chat.Sticker || k == chat.Animation || k == chat.Voice || k == chat.Audio
		return l.Level.Native() && (shrinks || l.MaxBytes == 0 || m.Size <= l.MaxBytes)
	}
	return takes(chat.File) || slices.ContainsFunc(instead[m.Kind], takes) || m.Kind == chat.Sticker && takes(chat.Animation)
}

// Of is the attachment as it goes in this form without a conversion.
func (f Form) Of(m chat.Media) chat.Media {
	m.Kind, m.MIME = f.Kind, f.MIME
	return m
}

// Made is what a conversion made.
type Made struct {
	Hash          string
	Size          int64
	Width, Height int
}

// Converted is the attachment as it goes in this form, with the bytes that a conversion made.
func (f Form) Converted(m chat.Media, made Made) chat.Media {
	m.Kind, m.MIME, m.Hash, m.Size = f.Kind, f.MIME, made.Hash, made.Size
	if made.Width > 0 && made.Height > 0 {
		m.Width, m.Height = made.Width, made.Height
	}
	if ext := extensions[base(f.MIME)]; ext != "" && m.Name != "" {
		m.Name = strings.TrimSuffix(m.Name, path.Ext(m.Name)) + ext
	}
	return m
}

// extensions are those of what conversions make.
var extensions = map[string]string{typeJPEG: ".jpg", typePNG: ".png", typeWebP: ".webp", typeMP4: ".mp4", typeM4A: ".m4a", typeMPEG: ".mp3", typeOgg: ".ogg"}
