// SPDX-License-Identifier: Apache-2.0

package telegram

import (
	"cmp"
	"mime"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/causeway-chat/causeway/core/chat"
)

// extensions are those by which Telegram knows what a file is.
var extensions = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/gif": ".gif", "video/mp4": ".mp4", "video/webm": ".webm",
	"audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a", "application/x-tgsticker": ".tgs", "application/pdf": ".pdf",
}

// Bounds of a file's name in code points; people's files keep to them.
const (
	maxStem   = 120
	maxEnding = 16
)

// fileName is the name under which a file is sent: without folders and what no name holds, and with an ending by which
// Telegram takes it for what it is. A mere file keeps the ending that it has.
func fileName(m chat.Media) string {
	name := cmp.Or(chat.PlainName(m.Name), string(m.Kind))
	end := path.Ext(name)
	if utf8.RuneCountInString(end) > maxEnding {
		end = ""
	}
	t, _, _ := mime.ParseMediaType(m.MIME)
	want := extensions[t]
	if want == "" || m.Kind == chat.File && end != "" {
		want = end
	}
	stem := []rune(strings.TrimSuffix(name, end))
	return string(stem[:min(len(stem), maxStem)]) + want
}
