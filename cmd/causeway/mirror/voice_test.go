// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os/exec"
	"slices"
	"testing"

	"github.com/causeway-chat/causeway/bridges/sim"
)

// TestWithoutAConverterNothingIsLost hides ffmpeg. A voice note that a network cannot play as it is arrives there as the sound
// file that it is; stickers need no program.
func TestWithoutAConverterNothingIsLost(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	r := newRig(t, telegram, whatsapp, signal)
	for i, way := range r.ways() {
		for _, kind := range []func(*trip){(*trip).voice, bare("sticker", "", "image/webp")} {
			kind(&trip{T: t, from: way.from, to: way.to, word: fmt.Sprintf("word-%d.", i)})
		}
	}
}

// voice: a voice note is one everywhere. Signal's phones do not all play Ogg: to them it is converted, where there is a program
// for it.
func (p *trip) voice() {
	_, err := exec.LookPath("ffmpeg")
	if p.to.name != signal.name || err != nil {
		bare("voice", "", "audio/ogg")(p)
		return
	}
	before := map[sim.MessageID]bool{}
	view, err := p.to.client.See(p.Context(), sim.See{Chat: p.to.group, User: p.to.who})
	must(p.T, err)
	for _, m := range view.Messages {
		before[m.ID] = true
	}
	note := sim.Media{Kind: "voice", MIME: "audio/ogg", Data: voiceNote(p.word)}
	p.from.post(p.T, sim.Post{Content: sim.Content{Media: []sim.Media{note}}})
	p.to.sees(p.T, "the voice note", func(m sim.Seen) bool {
		return m.Account != "" && !before[m.ID] && slices.ContainsFunc(m.Media, func(f sim.Media) bool {
			return f.Kind == "voice" && f.SHA256 != hashOf(note.Data) && slices.Contains([]string{"audio/mp4", "audio/aac", "audio/mpeg"}, f.MIME) && f.Size > 0
		})
	})
}

// voiceNote is two seconds of silence in Opus, in Ogg (RFC 7845). Each seed makes another file.
func voiceNote(seed string) []byte {
	head := append([]byte("OpusHead\x01\x01"), 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0) // mono, 312 samples to skip, 48 kHz
	tags := append(binary.LittleEndian.AppendUint32([]byte("OpusTags"), uint32(len(seed))), seed+"\x00\x00\x00\x00"...)
	const packets, samples = 100, 960 // of 20 ms each
	silence := slices.Repeat([][]byte{{0xf8, 0xff, 0xfe}}, packets)
	return slices.Concat(oggPage(2, 0, 0, head), oggPage(0, 0, 1, tags), oggPage(4, packets*samples, 2, silence...))
}

// oggPage is a page of packets, each of them shorter than 255 bytes (RFC 3533).
func oggPage(flags byte, granule uint64, number uint32, packets ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint64([]byte{'O', 'g', 'g', 'S', 0, flags}, granule)
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, number)
	b = append(b, 0, 0, 0, 0, byte(len(packets)))
	for _, p := range packets {
		b = append(b, byte(len(p)))
	}
	b = append(b, bytes.Join(packets, nil)...)
	binary.LittleEndian.PutUint32(b[22:], oggSum(b))
	return b
}

// oggSum is Ogg's checksum: a CRC that hash/crc32 does not have, for it takes the high bit first.
func oggSum(b []byte) (sum uint32) {
	for _, c := range b {
		sum ^= uint32(c) << 24
		for range 8 {
			high := sum >> 31
			sum = sum<<1 ^ high*0x04c11db7
		}
	}
	return sum
}
