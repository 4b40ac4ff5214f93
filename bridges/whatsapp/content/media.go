// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/causeway-chat/causeway/core/chat"
)

// File is what it takes to fetch a file of a message: where it is, how it is encrypted, and whose message it belongs to, so
// that the phone can be asked for it when the servers do not have it any more.
type File struct {
	Type   whatsmeow.MediaType `json:"t"`
	Path   string              `json:"p"`
	Key    []byte              `json:"k"`
	EncSum []byte              `json:"e"`
	Sum    []byte              `json:"s"`
	Size   int64               `json:"n,omitempty"` // as the sender says; 0: not told
	Chat   types.JID           `json:"c"`
	Sender types.JID           `json:"a"`
	ID     types.MessageID     `json:"i"`
	// Paired says that its sender will send the same once more, in a better quality.
	Paired bool `json:"h,omitempty"`
}

// ErrNoFile says that a reference is none of ours.
var ErrNoFile = errors.New("this is no reference to a file of WhatsApp")

// Ref writes the file as the reference of a chat.Media.
func (f File) Ref() string {
	b, err := json.Marshal(f)
	if err != nil {
		panic("content: a file does not marshal: " + err.Error()) // cannot happen: plain data
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseRef reads what Ref has written.
func ParseRef(ref string) (File, error) {
	var f File
	b, err := base64.RawURLEncoding.DecodeString(ref)
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil || f.Type == "" || len(f.Key) != keySize || len(f.EncSum) != sumSize || len(f.Sum) != sumSize {
		return File{}, fmt.Errorf("%w (%d characters)", ErrNoFile, len(ref))
	}
	return f, nil
}

const (
	keySize = 32 // of a file's key
	sumSize = 32 // of a SHA-256
)

// attachment is what all messages with files have.
type attachment interface {
	whatsmeow.DownloadableMessage
	GetMimetype() string
	GetFileLength() uint64
	GetContextInfo() *waE2E.ContextInfo
}

// media reads a message with a file.
func (d *decoder) media(m *waE2E.Message) (found, bool) {
	switch {
	case m.GetImageMessage() != nil:
		i := m.GetImageMessage()
		d.once(i.GetViewOnce())
		return d.file(i, found{raw: i.GetCaption(), name: "photo"}, chat.Media{Kind: chat.Photo, Width: side(i.GetWidth()), Height: side(i.GetHeight())}), true
	case m.GetVideoMessage() != nil:
		return d.video(m.GetVideoMessage(), chat.Video, "video"), true
	case m.GetPtvMessage() != nil:
		return d.video(m.GetPtvMessage(), chat.VideoNote, "video message"), true
	case m.GetAudioMessage() != nil:
		return d.audio(m.GetAudioMessage()), true
	case m.GetDocumentMessage() != nil:
		f := m.GetDocumentMessage()
		return d.file(f, found{raw: f.GetCaption(), name: "file"}, chat.Media{Kind: chat.File, Name: clean(cmp.Or(f.GetFileName(), f.GetTitle()))}), true
	case m.GetStickerMessage() != nil:
		return d.sticker(m.GetStickerMessage()), true
	}
	return found{}, false
}

func (d *decoder) once(v bool) { d.ViewOnce = d.ViewOnce || v }

func (d *decoder) video(v *waE2E.VideoMessage, kind chat.MediaKind, name string) found {
	d.once(v.GetViewOnce())
	if v.GetGifPlayback() && kind == chat.Video {
		kind, name = chat.Animation, "GIF"
	}
	return d.file(v, found{raw: v.GetCaption(), name: name}, chat.Media{
		Kind: kind, Width: side(v.GetWidth()), Height: side(v.GetHeight()), Duration: length(v.GetSeconds()),
	})
}

func (d *decoder) audio(a *waE2E.AudioMessage) found {
	d.once(a.GetViewOnce())
	if a.GetPTT() {
		return d.file(a, found{name: "voice message"}, chat.Media{Kind: chat.Voice, Duration: length(a.GetSeconds()), Waveform: waveform(a.GetWaveform())})
	}
	return d.file(a, found{name: "audio"}, chat.Media{Kind: chat.Audio, Duration: length(a.GetSeconds())})
}

// lottieType is the type of animated stickers, an archive that only WhatsApp shows.
const lottieType = "application/was"

func (d *decoder) sticker(s *waE2E.StickerMessage) found {
	out := d.file(s, found{name: "sticker"}, chat.Media{Kind: chat.Sticker, Width: side(s.GetWidth()), Height: side(s.GetHeight()), Emoji: clean(s.GetEmojis())})
	if d.Lottie || s.GetIsLottie() {
		for i := range out.content.Media {
			out.content.Media[i].MIME = lottieType
		}
	}
	return out
}

// types of files whose sender does not tell.
var mimeTypes = map[chat.MediaKind]string{
	chat.Photo: "image/jpeg", chat.Video: "video/mp4", chat.Animation: "video/mp4", chat.VideoNote: "video/mp4", chat.Audio: "audio/mpeg",
	chat.Voice: "audio/ogg", chat.Sticker: "image/webp", chat.File: "application/octet-stream",
}

// file adds the file of a message to what was found; one that cannot be fetched is named in its place.
func (d *decoder) file(a attachment, f found, m chat.Media) found {
	f.about = a.GetContextInfo()
	src := File{
		Type: whatsmeow.GetMediaType(a), Path: a.GetDirectPath(), Key: a.GetMediaKey(), EncSum: a.GetFileEncSHA256(), Sum: a.GetFileSHA256(),
		Size: size(a.GetFileLength()), Chat: d.Chat, Sender: d.Sender.ToNonAD(), ID: d.ID,
		Paired: isPaired(f.about.GetPairedMediaType()),
	}
	if len(src.Key) != keySize || len(src.EncSum) != sumSize || len(src.Sum) != sumSize || src.Path == "" {
		f.content.Placeholder = f.name
		return f
	}
	m.Ref, m.Size = src.Ref(), src.Size
	m.MIME = cmp.Or(essence(a.GetMimetype()), mimeTypes[m.Kind])
	m.Spoiler = d.spoiler || f.about.GetIsSpoiler()
	f.content.Media = []chat.Media{m}
	return f
}

// size is a length that can be one; others are as good as not told.
func size(n uint64) int64 {
	if n > 1<<40 {
		return 0
	}
	return int64(n)
}

const maxSide = 1 << 20 // what says more is no picture

func side(n uint32) int { return int(min(n, maxSide)) }

// length is a duration of at most some days.
func length(n uint32) time.Duration { return seconds(min(n, 1<<20)) }

// samples is how many bars the apps draw for a voice message, and loudest how high one can be.
const (
	samples = 64
	loudest = 100
)

// waveform takes the bars that are some.
func waveform(raw []byte) []byte {
	if len(raw) == 0 || len(raw) > 4*samples {
		return nil
	}
	out := make([]byte, len(raw))
	for i, v := range raw {
		out[i] = min(v, loudest)
	}
	return out
}

// essence is a media type without its parameters.
func essence(mime string) string {
	mime, _, _ = strings.Cut(clean(mime), ";")
	return strings.ToLower(strings.TrimSpace(mime))
}
