// SPDX-License-Identifier: Apache-2.0

package signal

import (
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// readContent reads what a data message says; ok is false when it says nothing that we know.
func readContent(f fields, name nameOf) (c chat.Content, ok bool) {
	c.ExpiresAfter = seconds(f.number("expiresInSeconds"))
	c.ReplyTo = readQuote(f)
	c.Text = readText(f, f.text("message"), name)
	if f.flag("viewOnce") { // it must not be kept, so it is not copied
		c.Placeholder = "view-once " + viewOnceKind(f)
		return c, true
	}
	c.Media = readAttachments(f)
	if s := f.object("sticker"); s.text("packId") != "" {
		c.Media = append(c.Media, readSticker(s))
	}
	for _, one := range f.objects("contacts") {
		c.Contacts = append(c.Contacts, readContact(one))
	}
	if f.has("pollCreate") {
		c.Poll = readPoll(f.object("pollCreate"))
	}
	addPreviews(&c, f)
	return c, c.Text.Body != "" || len(c.Media) > 0 || len(c.Contacts) > 0 || c.Poll != nil
}

func viewOnceKind(f fields) string {
	for _, m := range readAttachments(f) {
		return string(m.Kind)
	}
	return "message"
}

func seconds(n int64) time.Duration { return time.Duration(min(max(n, 0), 1<<32)) * time.Second }

const maxExcerpt = 200 // code points of what is answered

// readQuote reads what a message answers. Signal shows the words that the writer's phone took along; the target is not
// looked up.
func readQuote(f fields) *chat.ReplyRef {
	q := f.object("quote")
	ref := MessageRef{Author: author(q, "author"), SentAt: q.stamp("id")}
	if ref.remote() == "" {
		return nil
	}
	return &chat.ReplyRef{ID: ref.remote(), Author: chat.RemoteUser(ref.Author), Excerpt: excerpt(q)}
}

// excerpt is what a quote shows: its words, or what is attached.
func excerpt(q fields) string {
	words := readText(q, q.text("text"), func(ServiceID) string { return "" }).Body
	if words != "" {
		return chat.Shorten(words, maxExcerpt)
	}
	files := q.objects("attachments")
	if len(files) == 0 {
		return ""
	}
	if name := files[0].text("filename"); name != "" {
		return chat.Shorten(name, maxExcerpt)
	}
	return string(kindOfType(files[0].text("contentType"), ""))
}

// author reads an ACI from the field with this name and "Uuid"; older versions put it in the plain field.
func author(f fields, field string) ServiceID {
	for _, key := range []string{field + "Uuid", field} {
		if id := f.text(key); isServiceID(id) {
			return ServiceID(strings.ToLower(id))
		}
	}
	return ""
}

// longText is the type of the attachment in which a long text travels; the text itself arrives whole besides.
const longText = "text/x-signal-plain"

func readAttachments(f fields) (out []chat.Media) {
	for _, a := range f.objects("attachments") {
		t := a.text("contentType")
		if t == longText {
			continue
		}
		out = append(out, chat.Media{
			Kind: kindOfType(t, a.text("filename")), Ref: fileRef(a.text("id")), MIME: t, Name: a.text("filename"),
			Size: max(a.number("size"), 0), Width: side(a, "width"), Height: side(a, "height"),
		})
	}
	return out
}

const maxSide = 1 << 20 // what says more is no picture

func side(f fields, key string) int { return int(min(max(f.number(key), 0), maxSide)) }

// kindOfType judges by the type alone: nothing marks voice notes, but their phones give them no file name.
func kindOfType(t, name string) chat.MediaKind {
	family, _, _ := strings.Cut(t, "/")
	switch {
	case family == "image" && (strings.HasSuffix(t, "svg+xml") || strings.Contains(t, "photoshop")):
		return chat.File
	case t == "image/gif":
		return chat.Animation
	case family == "image":
		return chat.Photo
	case family == "video":
		return chat.Video
	case family == "audio" && name == "":
		return chat.Voice
	case family == "audio":
		return chat.Audio
	}
	return chat.File
}

// References to files: an attachment by its id, a sticker by its pack and number.
const (
	filePrefix    = "file:"
	stickerPrefix = "sticker:"
)

func fileRef(id string) string {
	if id == "" {
		return ""
	}
	return filePrefix + id
}

func readSticker(s fields) chat.Media {
	return chat.Media{
		Kind: chat.Sticker, Ref: stickerPrefix + s.text("packId") + ":" + string(s.m["stickerId"]), MIME: "image/webp", Emoji: s.text("emoji"),
	}
}

// readContact reads a card. Phone numbers that people share themselves are content.
func readContact(f fields) chat.Contact {
	name := f.object("name")
	c := chat.Contact{Name: name.text("display")}
	if c.Name == "" {
		c.Name = strings.TrimSpace(name.text("given") + " " + name.text("family"))
	}
	for _, p := range f.objects("phone") {
		if v := p.text("value"); v != "" {
			c.Phones = append(c.Phones, v)
		}
	}
	return c
}

func readPoll(f fields) *chat.Poll {
	p := &chat.Poll{Question: f.text("question"), Multiple: f.flag("allowMultiple")}
	for _, text := range read[[]string](f, "options") {
		p.Options = append(p.Options, chat.PollOption{Text: text})
	}
	return p
}

// addPreviews takes the preview of a link over, and adds the address of one that does not stand in the text.
func addPreviews(c *chat.Content, f fields) {
	for _, p := range f.objects("previews") {
		to := p.text("url")
		if to == "" {
			continue
		}
		if !strings.Contains(c.Text.Body, to) {
			c.Text.Body = strings.TrimPrefix(c.Text.Body+"\n"+to, "\n")
		}
		if title := p.text("title"); title != "" && c.Preview == nil {
			c.Preview = &chat.Preview{URL: to, Title: title, Description: p.text("description")}
		}
	}
}
