// SPDX-License-Identifier: Apache-2.0

package media

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/causeway-chat/causeway/core/chat"
)

// film makes films and sounds through ffmpeg, which is tried with each of several ways until one gives something.
func (c *Converter) film(ctx context.Context, in, out *os.File, m chat.Media, f Form) error {
	program, err := exec.LookPath(c.opt.FFmpeg)
	if err != nil {
		return failed(CodeNoConverter, err)
	}
	for _, way := range ways(m, f) {
		if err = c.run(ctx, program, arguments(m, in.Name(), out.Name(), way), c.limit(f)); err == nil || ctx.Err() != nil {
			break
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return failed(CodeUnreadable, err)
	}
	return nil
}

// way is how ffmpeg is asked: what stands before the input and before the output.
type way struct{ before, after []string }

// ways lists how a form can be made, best first.
func ways(m chat.Media, f Form) []way {
	switch to := base(f.MIME); {
	case to == typeWebP && base(m.MIME) == typeWebM: // only this decoder keeps what is transparent
		return []way{{words("-c:v libvpx-vp9"), sticker()}, {nil, sticker()}}
	case to == typeWebP:
		return []way{{nil, sticker()}}
	case to == typeMP4:
		return []way{{nil, video(f)}}
	case to == typeOgg && f.Kind == chat.Voice:
		return []way{{nil, words("-map 0:a:0 -c:a libopus -application voip -b:a 32k -ac 1 -ar 48000 -f ogg")}}
	case to == typeOgg:
		return []way{{nil, words("-map 0:a:0 -c:a libopus -b:a 96k -f ogg")}}
	case to == typeMPEG:
		return []way{{nil, words("-map 0:a:0 -c:a libmp3lame -b:a 128k -f mp3")}}
	}
	return []way{{nil, words("-map 0:a:0 -c:a aac -b:a 128k -movflags +faststart -f ipod")}}
}

func words(s string) []string { return strings.Fields(s) }

// sticker fits a moving picture into the square of stickers, the rest transparent.
func sticker() []string {
	return words("-map 0:v:0 -an -vf scale=512:512:force_original_aspect_ratio=decrease,format=rgba,pad=512:512:(ow-iw)/2:(oh-ih)/2:color=0x00000000 " +
		"-c:v libwebp_anim -q:v 50 -loop 0 -f webp")
}

// video makes what every player shows. The format wants even sides. An animation has no sound.
func video(f Form) []string {
	size := "scale=trunc(iw/2)*2:trunc(ih/2)*2"
	if f.MaxSide > 0 {
		size = fmt.Sprintf("scale=trunc(iw*min(1\\,%d/(iw+ih))/2)*2:trunc(ih*min(1\\,%d/(iw+ih))/2)*2", f.MaxSide, f.MaxSide)
	}
	sound := words("-map 0:a:0? -c:a aac -b:a 128k")
	if f.Kind == chat.Animation {
		sound = words("-an")
	}
	return append(append(words("-map 0:v:0 -c:v libx264 -preset veryfast -crf 24 -pix_fmt yuv420p -movflags +faststart"), "-vf", size),
		append(sound, "-f", "mp4")...)
}

// arguments name one file to read, in one format, and one to write. No other file or address can be reached.
func arguments(m chat.Media, in, out string, w way) []string {
	args := words("-nostdin -hide_banner -loglevel error -protocol_whitelist file -threads 2")
	args = append(args, w.before...)
	args = append(args, "-f", demuxers[base(m.MIME)], "-i", "file:"+in, "-map_metadata", "-1", "-sn", "-dn", "-threads", "2")
	return append(append(args, w.after...), "-y", "file:"+out)
}

// killWait is how long a program that was killed may hold its pipes open.
const killWait = 2 * time.Second

// run runs a program within bounds, in a process group of its own that does not outlive this process.
func (c *Converter) run(ctx context.Context, program string, args []string, maxBytes int64) error {
	var said tail
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"} // ours holds secrets
	cmd.Stderr, cmd.WaitDelay = &said, killWait
	confine(cmd)
	runtime.LockOSThread() // a child lives as long as the thread that began it
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return err
	}
	bound(cmd.Process.Pid, maxBytes)
	if err := cmd.Wait(); err != nil {
		return errors.Join(err, errors.New(string(said.last)))
	}
	return nil
}

// tail keeps the last words of a program.
type tail struct{ last []byte }

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.last = append(t.last, p...)
	if over := len(t.last) - 1024; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return len(p), nil
}
