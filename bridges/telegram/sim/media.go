// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	control "github.com/causeway-chat/causeway/bridges/sim"
)

// media is a file that a message carries. Its bytes are in memory when they are few, else on disk or generated; those
// of large files that bots sent are not kept.
type media struct {
	kind   string // one of the control API's media kinds
	fileID string
	name   string
	mime   string
	size   int64
	hash   [sha256.Size]byte
	data   []byte
	path   string // absolute
	shared map[*bot]string
	made   bool // from seed
	seed   uint64
	// home and homeThread are where a user posted it; faults of that chat strike its downloads. 0: a bot sent it.
	home, homeThread int64
}

// The media kinds of the control API.
const (
	kindPhoto     = "photo"
	kindVideo     = "video"
	kindAnimation = "animation"
	kindAudio     = "audio"
	kindVoice     = "voice"
	kindVideoNote = "video_note"
	kindFile      = "file"
	kindSticker   = "sticker"
)

// The types of stickers that are no pictures.
const (
	mimeAnimated     = "application/x-tgsticker"
	mimeVideoSticker = "video/webm"
)

const filesFolder = "files/"

func (m *media) remotePath() string { return filesFolder + m.fileID }

var mediaKinds = []string{kindPhoto, kindVideo, kindAnimation, kindAudio, kindVoice, kindVideoNote, kindFile, kindSticker}

func (m *media) view() control.Media {
	return control.Media{Kind: m.kind, Name: m.name, MIME: m.mime, Size: m.size, SHA256: hex.EncodeToString(m.hash[:])}
}

func (m *media) file() apiFile {
	return apiFile{FileID: m.fileID, FileUniqueID: "u" + m.fileID, FileSize: m.size}
}

// api makes the fields of a Message. Sizes in pixels and seconds are made up: the server looks into no file.
func (m *media) api() *apiMedia {
	f := m.file()
	if m.kind == kindPhoto {
		f.Width, f.Height = new(1280), new(960)
		return &apiMedia{Photo: []apiFile{f}}
	}
	f.MIME = m.mime
	switch m.kind {
	case kindSticker:
		f.MIME, f.Width, f.Height, f.Type = "", new(512), new(512), "regular"
		f.IsAnimated, f.IsVideo = new(m.mime == mimeAnimated), new(m.mime == mimeVideoSticker)
		return &apiMedia{Sticker: &f}
	case kindVideoNote:
		f.MIME, f.Length, f.Duration = "", new(240), new(1)
		return &apiMedia{VideoNote: &f}
	case kindVoice:
		f.Duration = new(1)
		return &apiMedia{Voice: &f}
	}
	f.FileName = m.name
	switch m.kind {
	case kindAudio:
		f.Duration = new(1)
		return &apiMedia{Audio: &f}
	case kindVideo:
		f.Width, f.Height, f.Duration = new(640), new(480), new(1)
		return &apiMedia{Video: &f}
	case kindAnimation:
		f.Width, f.Height, f.Duration = new(320), new(240), new(1)
		document := m.file()
		document.FileName, document.MIME = m.name, m.mime
		return &apiMedia{Animation: &f, Document: &document}
	}
	return &apiMedia{Document: &f}
}

// keptFiles bounds the files that can be downloaded; the oldest go.
const keptFiles = 10_000

// keepFile gives the file an id under which it can be downloaded and sent again.
func (s *Server) keepFile(m *media) {
	s.nextFile++
	m.fileID = fmt.Sprintf("F%08d%s", s.nextFile, hex.EncodeToString(m.hash[:4]))
	s.files[m.fileID] = m
	s.fileIDs = append(s.fileIDs, m.fileID)
	if len(s.fileIDs) > keptFiles+keptFiles/8 {
		for _, id := range s.fileIDs[:len(s.fileIDs)-keptFiles] {
			s.files[id].discard()
			delete(s.files, id)
		}
		s.fileIDs = control.Last(s.fileIDs, keptFiles)
	}
}
