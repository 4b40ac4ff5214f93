// SPDX-License-Identifier: Apache-2.0

package media

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// strict is a network with lists for everything, and limits.
var strict = chat.Capabilities{Media: map[chat.MediaKind]chat.MediaLimit{
	chat.Photo:     {Level: chat.Full, MIME: []string{typeJPEG, typePNG}, MaxBytes: 10_000_000, MaxSide: 10_000, MaxRatio: 20},
	chat.Video:     {Level: chat.Full, MIME: []string{typeMP4}, MaxBytes: 50_000_000},
	chat.Animation: {Level: chat.Full, MIME: []string{typeMP4, typeGIF}, MaxBytes: 50_000_000},
	chat.VideoNote: {Level: chat.Full, MIME: []string{typeMP4}, MaxBytes: 50_000_000},
	chat.Voice:     {Level: chat.Full, MIME: []string{"audio/ogg; codecs=opus"}, MaxBytes: 50_000_000},
	chat.Audio:     {Level: chat.Full, MIME: []string{typeMPEG, typeM4A}, MaxBytes: 50_000_000},
	chat.Sticker: {Level: chat.Full, MIME: []string{typeWebP, typeWebM}, MaxBytes: 512_000, MaxSide: 1024,
		Types: map[string]chat.TypeLimit{typeWebM: {MaxBytes: 256_000, MaxDuration: chat.Duration(3 * time.Second)}}},
	chat.File: {Level: chat.Full, MaxBytes: 50_000_000},
}}

// tgs is a network that has packed stickers of 64 kB, and files.
var tgs = chat.Capabilities{Media: map[chat.MediaKind]chat.MediaLimit{
	chat.Sticker: {Level: chat.Full, MIME: []string{typeTGS}, Types: map[string]chat.TypeLimit{typeTGS: {MaxBytes: 64_000}}},
	chat.File:    {Level: chat.Full},
}}

// plain is a network that has photos of any type and files, and nothing else.
var plain = chat.Capabilities{Media: map[chat.MediaKind]chat.MediaLimit{
	chat.Photo: {Level: chat.Partial}, chat.File: {Level: chat.Full}, chat.Sticker: {Level: chat.Fallback},
}}

func TestFormsFollowTheListsAndLimits(t *testing.T) {
	for name, tt := range map[string]struct {
		m    chat.Media
		caps chat.Capabilities
		want string
	}{
		"photo as it is":               {chat.Media{Kind: chat.Photo, MIME: typeJPEG, Size: 9e6, Width: 4000, Height: 3000}, strict, "photo image/jpeg"},
		"photo in another type":        {chat.Media{Kind: chat.Photo, MIME: typeWebP}, strict, "→photo image/jpeg, file image/webp"},
		"photo over the bytes":         {chat.Media{Kind: chat.Photo, MIME: typePNG, Size: 11e6}, strict, "→photo image/jpeg, file image/png"},
		"photo over the sides":         {chat.Media{Kind: chat.Photo, MIME: typeJPEG, Width: 9000, Height: 1001}, strict, "→photo image/jpeg, file image/jpeg"},
		"photo too narrow":             {chat.Media{Kind: chat.Photo, MIME: typeJPEG, Width: 300, Height: 14}, strict, "file image/jpeg"},
		"photo of one known side":      {chat.Media{Kind: chat.Photo, MIME: typeJPEG, Width: 300}, strict, "photo image/jpeg"},
		"photo nobody can read":        {chat.Media{Kind: chat.Photo, MIME: "image/heic"}, strict, "file image/heic"},
		"photo that is none":           {chat.Media{Kind: chat.Photo, MIME: typeBytes}, strict, "file application/octet-stream"},
		"photo, any type":              {chat.Media{Kind: chat.Photo, MIME: "image/heic"}, plain, "photo image/heic"},
		"sticker as it is":             {chat.Media{Kind: chat.Sticker, MIME: typeWebP, Width: 512, Height: 512}, strict, "sticker image/webp"},
		"sticker that is a picture":    {chat.Media{Kind: chat.Sticker, MIME: typePNG}, strict, "→sticker image/webp, photo image/png"},
		"sticker too large":            {chat.Media{Kind: chat.Sticker, MIME: typeWebP, Width: 600, Height: 600}, strict, "→sticker image/webp, →photo image/jpeg, sticker image/webp"},
		"sticker where there are none": {chat.Media{Kind: chat.Sticker, MIME: typeWebP}, plain, "photo image/webp"},
		"video sticker":                {chat.Media{Kind: chat.Sticker, MIME: typeWebM}, strict, "sticker video/webm"},
		"video sticker for webp alone": {chat.Media{Kind: chat.Sticker, MIME: typeWebM}, only(chat.Sticker, typeWebP), "→sticker image/webp"},
		"video sticker as a film":      {chat.Media{Kind: chat.Sticker, MIME: typeWebM}, only(chat.Animation, typeMP4), "→animation video/mp4"},
		"packed sticker":               {chat.Media{Kind: chat.Sticker, MIME: typeTGS}, strict, "sticker application/x-tgsticker"},
		"video sticker too heavy":      {chat.Media{Kind: chat.Sticker, MIME: typeWebM, Size: 256_001}, strict, "→sticker image/webp, →animation video/mp4, sticker video/webm"},
		"video sticker too long":       {chat.Media{Kind: chat.Sticker, MIME: typeWebM, Duration: 4 * time.Second}, strict, "→sticker image/webp, →animation video/mp4, sticker video/webm"},
		"video sticker at its limits":  {chat.Media{Kind: chat.Sticker, MIME: typeWebM, Size: 256_000, Duration: 3 * time.Second}, strict, "sticker video/webm"},
		"packed sticker too heavy":     {chat.Media{Kind: chat.Sticker, MIME: typeTGS, Size: 64_001}, tgs, "sticker application/x-tgsticker"},
		"gif":                          {chat.Media{Kind: chat.Animation, MIME: typeGIF}, strict, "animation image/gif"},
		"gif for films alone":          {chat.Media{Kind: chat.Animation, MIME: typeGIF, Size: 90e6}, only(chat.Animation, typeMP4), "→animation video/mp4"},
		"gif as a video":               {chat.Media{Kind: chat.Animation, MIME: typeGIF}, only(chat.Video, typeMP4), "→video video/mp4"},
		"video in another type":        {chat.Media{Kind: chat.Video, MIME: typeWebM}, strict, "→video video/mp4, file video/webm"},
		"video over the bytes":         {chat.Media{Kind: chat.Video, MIME: typeMP4, Size: 51e6}, strict, ""},
		"video note":                   {chat.Media{Kind: chat.VideoNote, MIME: typeMP4}, only(chat.Video, typeMP4), "video video/mp4"},
		"voice":                        {chat.Media{Kind: chat.Voice, MIME: typeOpus}, strict, "voice audio/ogg; codecs=opus"},
		"voice, another codec":         {chat.Media{Kind: chat.Voice, MIME: typeVorbis}, strict, "→voice audio/ogg; codecs=opus, →audio audio/mpeg, file audio/ogg; codecs=vorbis"},
		"voice in another type":        {chat.Media{Kind: chat.Voice, MIME: typeM4A}, strict, "→voice audio/ogg; codecs=opus, audio audio/mp4"},
		"voice where there is none":    {chat.Media{Kind: chat.Voice, MIME: typeOpus}, only(chat.Audio, typeM4A), "→audio audio/mp4"},
		"sound of a strange type":      {chat.Media{Kind: chat.Audio, MIME: "audio/x-strange"}, strict, "file audio/x-strange"},
		"file":                         {chat.Media{Kind: chat.File, MIME: "application/pdf", Size: 50e6}, strict, "file application/pdf"},
		"file over the bytes":          {chat.Media{Kind: chat.File, MIME: "application/pdf", Size: 50e6 + 1}, strict, ""},
		"where nothing goes":           {chat.Media{Kind: chat.Photo, MIME: typeJPEG}, chat.Capabilities{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range Forms(tt.m, tt.caps) {
				got = append(got, strings.Repeat("→", one(f.Convert))+fmt.Sprintf("%s %s", f.Kind, f.MIME))
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if len(got) > 0 && !CouldGo(tt.m, tt.caps) {
				t.Error("before the bytes were seen it looked as if it could not go")
			}
		})
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func only(k chat.MediaKind, t string) chat.Capabilities {
	return chat.Capabilities{Media: map[chat.MediaKind]chat.MediaLimit{k: {Level: chat.Full, MIME: []string{t}}}}
}

func TestWhatNoChatTakesIsNotFetched(t *testing.T) {
	for name, tt := range map[string]struct {
		m    chat.Media
		caps chat.Capabilities
		want bool
	}{
		"no media at all":   {chat.Media{Kind: chat.Photo}, chat.Capabilities{}, false},
		"a file too large":  {chat.Media{Kind: chat.File, Size: 60e6}, strict, false},
		"a video too large": {chat.Media{Kind: chat.Video, Size: 60e6}, strict, false},
		"a photo shrinks":   {chat.Media{Kind: chat.Photo, Size: 60e6}, strict, true},
		"unknown size":      {chat.Media{Kind: chat.Video}, strict, true},
	} {
		if got := CouldGo(tt.m, tt.caps); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOneConversionServesChatsWithEqualLimits(t *testing.T) {
	m := chat.Media{Kind: chat.Photo, MIME: typeWebP}
	a, b := Forms(m, strict)[0], Forms(m, only(chat.Photo, typeJPEG))[0]
	if a.Key() == b.Key() {
		t.Error("other limits, other bytes")
	}
	if a.Key() != Forms(chat.Media{Kind: chat.Photo, MIME: typePNG, Size: 20e6}, strict)[0].Key() {
		t.Error("the same limits should have the same key")
	}
}

func TestWhatWasMadeIsTold(t *testing.T) {
	m := chat.Media{Kind: chat.Sticker, MIME: typeWebM, Name: "wave.webm", Hash: "a", Emoji: "👋", Width: 10, Height: 10}
	f := Form{Kind: chat.Animation, MIME: typeMP4, Convert: true}
	want := chat.Media{Kind: chat.Animation, MIME: typeMP4, Name: "wave.mp4", Hash: "b", Size: 5, Emoji: "👋", Width: 4, Height: 2}
	if diff := cmp.Diff(want, f.Converted(m, Made{Hash: "b", Size: 5, Width: 4, Height: 2})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// FuzzForms holds what must be true of every answer: only the last form goes without a conversion, and what goes as it is
// keeps to the limits.
func FuzzForms(f *testing.F) {
	f.Add("photo", typeJPEG, int64(100), 10, 10, typeJPEG, int64(5), 7)
	f.Fuzz(func(t *testing.T, kind, mime string, size int64, w, h int, listed string, maxBytes int64, maxSide int) {
		m := chat.Media{Kind: chat.MediaKind(kind), MIME: mime, Size: size, Width: w, Height: h}
		caps := chat.Capabilities{Media: map[chat.MediaKind]chat.MediaLimit{}}
		for _, k := range chat.MediaKinds() {
			caps.Media[k] = chat.MediaLimit{Level: chat.Full, MIME: []string{listed}, MaxBytes: maxBytes, MaxSide: maxSide}
		}
		forms := Forms(m, caps)
		for i, form := range forms {
			if form.MIME != listed && listed != "" {
				t.Errorf("%q is not in the list", form.MIME)
			}
			fit := caps.Media[form.Kind].Of(form.MIME).Holds(m) || caps.Media[chat.File].Of(form.MIME).Holds(m)
			if !form.Convert && (i < len(forms)-1 || !fit) {
				t.Errorf("%d of %d: %+v", i, len(forms), form)
			}
		}
	})
}
