// SPDX-License-Identifier: GPL-3.0-or-later

package content

import (
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"github.com/causeway-chat/causeway/core/chat"
)

// TypeOf says how a kind of media is encrypted; files of one type cannot be shown as another.
func TypeOf(k chat.MediaKind) whatsmeow.MediaType {
	switch k {
	case chat.Photo, chat.Sticker:
		return whatsmeow.MediaImage
	case chat.Video, chat.Animation, chat.VideoNote:
		return whatsmeow.MediaVideo
	case chat.Voice, chat.Audio:
		return whatsmeow.MediaAudio
	}
	return whatsmeow.MediaDocument
}

// IsAlbum reports whether the post's media are shown as one album: that has a head of its own, which is sent first.
func IsAlbum(p chat.Post) bool {
	for _, m := range p.Media {
		if m.Kind != chat.Photo && m.Kind != chat.Video {
			return false
		}
	}
	return len(p.Media) > 1
}

// AlbumHead announces what an album will hold.
func AlbumHead(p chat.Post, out Outgoing) *waE2E.Message {
	e := encoder{Outgoing: out, post: p}
	photos := 0
	for _, m := range p.Media {
		if m.Kind == chat.Photo {
			photos++
		}
	}
	return &waE2E.Message{AlbumMessage: &waE2E.AlbumMessage{
		ExpectedImageCount: proto.Uint32(uint32(photos)), ExpectedVideoCount: proto.Uint32(uint32(len(p.Media) - photos)), ContextInfo: e.about(nil),
	}}
}

// media writes a message for each of the post's media. The text stands with one of them.
func (e *encoder) media() ([]*waE2E.Message, error) {
	if len(e.Files) != len(e.post.Media) {
		return nil, ErrFiles
	}
	at := e.post.TextAt
	if at < 0 || at >= len(e.post.Media) {
		at = 0
	}
	var out []*waE2E.Message
	for i := range e.post.Media {
		item := *e
		if i != at {
			item.post.Text = chat.Text{}
		}
		if i > 0 {
			item.post.Reply = nil
		}
		m := item.file(i)
		e.join(m, i)
		out = append(out, m)
	}
	return out, nil
}

// join makes a message an item of the post's album, if that has a head.
func (e *encoder) join(m *waE2E.Message, i int) {
	if e.Head == "" || !IsAlbum(e.post) {
		return
	}
	m.MessageContextInfo = &waE2E.MessageContextInfo{MessageAssociation: &waE2E.MessageAssociation{
		AssociationType: waE2E.MessageAssociation_MEDIA_ALBUM.Enum(), MessageIndex: proto.Int32(int32(i)),
		ParentMessageKey: &waCommon.MessageKey{RemoteJID: proto.String(e.Chat.String()), FromMe: proto.Bool(true), ID: proto.String(e.Head)},
	}}
}

// file writes the message of one file.
func (e *encoder) file(i int) *waE2E.Message {
	m, up := e.post.Media[i], &e.Files[i]
	raw, mentioned := e.write()
	about := e.about(mentioned)
	if m.Spoiler && (m.Kind == chat.Photo || m.Kind == chat.Video || m.Kind == chat.Animation) {
		if about == nil {
			about = &waE2E.ContextInfo{}
		}
		about.IsSpoiler = proto.Bool(true)
	}
	var small []byte
	if i < len(e.Thumbnails) {
		small = e.Thumbnails[i]
	}
	switch m.Kind {
	case chat.Photo:
		return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
			URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength,
			Mimetype: &m.MIME, Caption: optional(raw), Width: dots(m.Width), Height: dots(m.Height), JPEGThumbnail: small, ContextInfo: about,
		}}
	case chat.Video, chat.Animation:
		v := video(m, up, about, small)
		v.Caption, v.GifPlayback = optional(raw), proto.Bool(m.Kind == chat.Animation)
		return &waE2E.Message{VideoMessage: v}
	case chat.VideoNote:
		return &waE2E.Message{PtvMessage: video(m, up, about, small)}
	case chat.Voice, chat.Audio:
		return &waE2E.Message{AudioMessage: audio(m, up, about)}
	case chat.Sticker:
		return &waE2E.Message{StickerMessage: &waE2E.StickerMessage{
			URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength,
			Mimetype: &m.MIME, Width: dots(m.Width), Height: dots(m.Height), Emojis: optional(m.Emoji), ContextInfo: about,
		}}
	}
	name := optional(chat.PlainName(m.Name))
	doc := &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{
		URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength,
		Mimetype: &m.MIME, FileName: name, Title: name, Caption: optional(raw), ContextInfo: about, JPEGThumbnail: small,
	}}
	if raw != "" {
		return captioned(doc)
	}
	return doc
}

// captioned is a document with a caption as the apps want it.
func captioned(doc *waE2E.Message) *waE2E.Message {
	return &waE2E.Message{DocumentWithCaptionMessage: &waE2E.FutureProofMessage{Message: doc}}
}

func video(m chat.Media, up *whatsmeow.UploadResponse, about *waE2E.ContextInfo, small []byte) *waE2E.VideoMessage {
	return &waE2E.VideoMessage{
		URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength,
		Mimetype: &m.MIME, Seconds: wholeSeconds(m.Duration), Width: dots(m.Width), Height: dots(m.Height), JPEGThumbnail: small, ContextInfo: about,
	}
}

// voiceType is the type by which the apps know a voice message; with another they offer a file.
const voiceType = "audio/ogg; codecs=opus"

func audio(m chat.Media, up *whatsmeow.UploadResponse, about *waE2E.ContextInfo) *waE2E.AudioMessage {
	a := &waE2E.AudioMessage{
		URL: &up.URL, DirectPath: &up.DirectPath, MediaKey: up.MediaKey, FileEncSHA256: up.FileEncSHA256, FileSHA256: up.FileSHA256, FileLength: &up.FileLength,
		Mimetype: &m.MIME, Seconds: wholeSeconds(m.Duration), ContextInfo: about,
	}
	if m.Kind == chat.Voice {
		a.PTT, a.Waveform = proto.Bool(true), bars(m.Waveform)
		if m.MIME == "audio/ogg" {
			a.Mimetype = proto.String(voiceType)
		}
	}
	return a
}

func wholeSeconds(d time.Duration) *uint32 {
	if d <= 0 {
		return nil
	}
	return proto.Uint32(uint32(min((d+time.Second/2)/time.Second, 1<<20)))
}

func dots(n int) *uint32 {
	if n <= 0 {
		return nil
	}
	return proto.Uint32(uint32(min(n, maxSide)))
}

// bars are a waveform in as many bars as the apps draw, each the loudest of what it stands for; nil for none.
func bars(wave []byte) []byte {
	if len(wave) == 0 {
		return nil
	}
	out := make([]byte, samples)
	for i := range out {
		from, to := i*len(wave)/samples, (i+1)*len(wave)/samples
		for _, v := range wave[from:max(to, from+1)] {
			out[i] = max(out[i], min(v, loudest))
		}
	}
	return out
}
