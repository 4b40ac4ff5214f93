// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"mime"
	"net/http"
	"strings"
)

// The types that the code compares with.
const (
	typeJPEG     = "image/jpeg"
	typePNG      = "image/png"
	typeGIF      = "image/gif"
	typeWebP     = "image/webp"
	typeMP4      = "video/mp4"
	typeWebM     = "video/webm"
	typeMatroska = "video/x-matroska"
	typeM4A      = "audio/mp4"
	typeOgg      = "audio/ogg"
	typeOpus     = "audio/ogg; codecs=opus"
	typeVorbis   = "audio/ogg; codecs=vorbis"
	typeMPEG     = "audio/mpeg"
	typeGzip     = "application/gzip"
	typeTGS      = "application/x-tgsticker"
	typeBytes    = "application/octet-stream"
)

// sniffLen is how many bytes from the start tell the type.
const sniffLen = 512

// sniff tells the type by the first bytes, typeBytes when they say nothing.
func sniff(head []byte) string {
	for _, s := range signatures {
		if t := s(head); t != "" {
			return t
		}
	}
	return base(http.DetectContentType(head))
}

// signatures are what the standard library does not know, or not exactly enough.
var signatures = []func([]byte) string{sniffBoxes, sniffRIFF, sniffMatroska, sniffOgg, sniffSound}

// sniffBoxes tells ISO media files apart by their brand.
func sniffBoxes(head []byte) string {
	if len(head) < 12 || string(head[4:8]) != "ftyp" {
		return ""
	}
	switch brand := string(head[8:12]); {
	case brand == "M4A " || brand == "M4B ":
		return typeM4A
	case brand == "qt  ":
		return "video/quicktime"
	case strings.HasPrefix(brand, "3g"):
		return "video/3gpp"
	case brand == "avif" || brand == "avis":
		return "image/avif"
	case strings.HasPrefix(brand, "hei") || strings.HasPrefix(brand, "hev") || brand == "mif1" || brand == "msf1":
		return "image/heic"
	}
	return typeMP4
}

func sniffRIFF(head []byte) string {
	if len(head) < 12 || string(head[:4]) != "RIFF" {
		return ""
	}
	switch string(head[8:12]) {
	case "WEBP":
		return typeWebP
	case "WAVE":
		return "audio/wav"
	}
	return ""
}

func sniffMatroska(head []byte) string {
	if !bytes.HasPrefix(head, []byte{0x1a, 0x45, 0xdf, 0xa3}) {
		return ""
	}
	if bytes.Contains(head[:min(len(head), 64)], []byte("matroska")) {
		return typeMatroska
	}
	return typeWebM
}

func sniffOgg(head []byte) string {
	switch {
	case !bytes.HasPrefix(head, []byte("OggS")):
		return ""
	case bytes.Contains(head[:min(len(head), 64)], []byte("OpusHead")):
		return typeOpus
	case bytes.Contains(head[:min(len(head), 64)], []byte("\x01vorbis")):
		return typeVorbis
	case bytes.Contains(head[:min(len(head), 128)], []byte("theora")):
		return "video/ogg"
	}
	return typeOgg
}

func sniffSound(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("fLaC")):
		return "audio/flac"
	case bytes.HasPrefix(head, []byte("#!AMR")):
		return "audio/amr"
	case bytes.HasPrefix(head, []byte("ID3")):
		return typeMPEG
	case len(head) > 2 && head[0] == 0xff && head[1]&0xf6 == 0xf0: // layer 0 is a frame of AAC
		return "audio/aac"
	case len(head) > 2 && head[0] == 0xff && head[1]&0xe0 == 0xe0 && head[1]&0x06 != 0 && head[1] != 0xff && head[2]&0xf0 != 0xf0:
		return typeMPEG
	}
	return ""
}

// base is a type without its parameters.
func base(t string) string {
	t, _, _ = strings.Cut(t, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// family is "image" of "image/png".
func family(t string) string {
	f, _, _ := strings.Cut(base(t), "/")
	return f
}

// sameType reports whether bytes of a type are what a chat names in its list. A parameter in the list must be there too.
func sameType(have, listed string) bool {
	if base(have) != base(listed) {
		return false
	}
	_, want, err := mime.ParseMediaType(listed)
	if err != nil || len(want) == 0 {
		return true
	}
	_, got, err := mime.ParseMediaType(have)
	for k, v := range want {
		if err != nil || !strings.EqualFold(got[k], v) {
			return false
		}
	}
	return true
}

// cleanType is a type as its sender told it, empty when that is none.
func cleanType(told string) string {
	t, _, err := mime.ParseMediaType(told)
	if err != nil || !strings.Contains(t, "/") || len(told) > 128 {
		return ""
	}
	return told
}
