// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/media"
	"github.com/causeway-chat/causeway/core/outbox"
	"github.com/causeway-chat/causeway/core/store"
	"github.com/causeway-chat/causeway/plugins/host"
)

func TestAnAttachmentIsReadyOnceItIsFetched(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		b := jpegOf(40, 30)
		src := w.photo(b)
		m := w.say(src)
		if out, ready := w.prepare(1, m, 0, takesAll); ready {
			t.Errorf("ready before it was fetched: %+v", out)
		}
		got, _ := w.await(1, m, 0, takesAll)
		want := chat.Media{Kind: chat.Photo, Ref: src.Ref, Name: "a.jpg", Hash: hashOf(b), Size: int64(len(b)), MIME: "image/jpeg", Width: 40, Height: 30}
		if diff := cmp.Diff(want, got); diff != "" || !bytes.Equal(w.bytesOf(got), b) {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if got, _ := w.await(2, m, 0, takesAll); got.Hash != want.Hash || w.shelves["from"].asked(src.Ref) != 1 {
			t.Errorf("another lane got %+v after %d fetches", got, w.shelves["from"].asked(src.Ref))
		}
	})
}

func TestWhatArrivesIsFetchedBeforeALaneAsks(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		media := []chat.Media{w.photo(jpegOf(4, 4)), w.photo(jpegOf(5, 5)), {Kind: chat.Photo}}
		m := w.say(media...)
		w.porter.arrived("from", m, media)
		w.settle()
		for n := range 2 {
			if out, ready := w.prepare(1, m, n, takesAll); !ready || out.Hash == "" {
				t.Errorf("%d: %+v, %t", n, out, ready)
			}
		}
		if out, ready := w.prepare(1, m, 2, takesAll); !ready || out.Hash != "" {
			t.Errorf("without a reference: %+v, %t", out, ready)
		}
	})
}

func TestWhatNoChatTakesIsNotFetchedByThePorter(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		if err := w.store.SetCapabilities(t.Context(), "to", "n", chat.Capabilities{}); err != nil {
			t.Fatal(err)
		}
		src := w.photo(jpegOf(4, 4))
		m := w.say(src)
		w.porter.arrived("from", m, []chat.Media{src})
		w.settle()
		out, ready := w.prepare(1, m, 0, chat.Capabilities{})
		if !ready || out.Hash != "" || w.shelves["from"].asked(src.Ref) != 0 {
			t.Errorf("%+v, %t, after %d fetches", out, ready, w.shelves["from"].asked(src.Ref))
		}
	})
}

func TestAFailedFetchIsTriedAgainAfterGrowingWaits(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		b := jpegOf(4, 4)
		src := w.photo(b)
		w.shelves["from"].behaves(src.Ref, func(_ context.Context, n int) ([]byte, error) {
			if n <= 5 {
				return nil, host.ErrNotConnected
			}
			return b, nil
		})
		got, took := w.await(1, w.say(src), 0, takesAll)
		if got.Hash != hashOf(b) || took < 15*time.Second || took > 32*time.Second {
			t.Errorf("got %+v after %v", got, took)
		}
	})
}

func TestWhatCannotBeHadIsAskedForOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		told int64
		asks int
	}{
		"gone":           {fmt.Errorf("fetch: %w", host.ErrMediaGone), 0, 1},
		"no media":       {host.ErrNoMedia, 0, 1},
		"too large":      {host.ErrMediaTooLarge, 0, 1},
		"told too large": {nil, 11e6, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 0, func(t *testing.T, w *porterWorld) {
				w.shelves["from"].behaves("x", func(context.Context, int) ([]byte, error) { return nil, tt.err })
				m := w.say(chat.Media{Kind: chat.File, Ref: "x", Name: "a.pdf", Size: tt.told})
				for lane := range chat.ChatID(3) {
					if got, _ := w.await(lane, m, 0, takesAll); got.Hash != "" || got.Name != "a.pdf" || got.Size != tt.told {
						t.Errorf("got %+v", got)
					}
				}
				if n := w.shelves["from"].asked("x"); n != tt.asks {
					t.Errorf("the bridge was asked %d times", n)
				}
			})
		})
	}
}

func TestALyingBridgePoisonsNothing(t *testing.T) {
	b := jpegOf(4, 4)
	for name, lie := range map[string]func(hash string, size int64) (string, int64){
		"hash": func(_ string, size int64) (string, int64) { return hashOf([]byte("other")), size },
		"size": func(hash string, size int64) (string, int64) { return hash, size + 1 },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 0, func(t *testing.T, w *porterWorld) {
				src := w.photo(b)
				w.shelves["from"].lie = lie
				got, took := w.await(1, w.say(src), 0, takesAll)
				if got.Hash != "" || took < testWait || w.spool.Used() != 0 || w.shelves["from"].asked(src.Ref) < 3 {
					t.Errorf("after %v: %+v, the spool holds %d bytes", took, got, w.spool.Used())
				}
			})
		})
	}
}

func TestBytesThatAreNotWhatWasTold(t *testing.T) {
	whole := jpegOf(400, 300)
	for name, tt := range map[string]struct {
		told  chat.Media
		bytes []byte
		want  chat.Media // but for hash and size
	}{
		"no bytes":             {chat.Media{Kind: chat.Photo}, nil, chat.Media{Kind: chat.Photo}},
		"a file without bytes": {chat.Media{Kind: chat.File, Name: "a"}, nil, chat.Media{Kind: chat.File, Name: "a"}},
		"end missing":          {chat.Media{Kind: chat.Photo}, whole[:len(whole)-2], chat.Media{Kind: chat.File, MIME: "application/octet-stream"}},
		"a photo as a video":   {chat.Media{Kind: chat.Video, MIME: "video/mp4"}, whole, chat.Media{Kind: chat.File, MIME: "image/jpeg"}},
		"shorter than told":    {chat.Media{Kind: chat.Photo, Size: 1e6}, whole, chat.Media{Kind: chat.Photo, MIME: "image/jpeg", Width: 400, Height: 300}},
		"longer than told":     {chat.Media{Kind: chat.Photo, Size: 5}, whole, chat.Media{Kind: chat.Photo, MIME: "image/jpeg", Width: 400, Height: 300}},
		"other sides and MIME": {chat.Media{Kind: chat.Photo, MIME: "image/png", Width: 9, Height: 9}, whole, chat.Media{Kind: chat.Photo, MIME: "image/jpeg", Width: 400, Height: 300}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, 0, func(t *testing.T, w *porterWorld) {
				tt.told.Ref, tt.want.Ref = "x", "x"
				w.shelves["from"].holds("x", tt.bytes)
				got, _ := w.await(1, w.say(tt.told), 0, takesAll)
				if got.Hash != "" && got.Hash != hashOf(tt.bytes) {
					t.Errorf("the hash is that of other bytes")
				}
				if got.Hash == "" != (len(tt.bytes) == 0) {
					t.Errorf("%d bytes, hash %q", len(tt.bytes), got.Hash)
				}
				if got.Hash, tt.want.Size = "", got.Size; got.Size != int64(len(tt.bytes)) && len(tt.bytes) > 0 {
					t.Errorf("size %d", got.Size)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		})
	}
}

func TestAShortFileIsFetchedAgain(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		b := jpegOf(400, 300)
		src := w.photo(b)
		src.Size = int64(len(b))
		w.shelves["from"].behaves(src.Ref, func(_ context.Context, n int) ([]byte, error) { return b[:len(b)-max(300-100*n, 0)], nil })
		if got, _ := w.await(1, w.say(src), 0, takesAll); got.Hash != hashOf(b) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAPorterGoesOnAfterARestart(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		src, hanging := w.photo(webpOf(40, 30)), chat.Media{Kind: chat.Photo, Ref: "h"}
		w.shelves["from"].behaves("h", hangs)
		m := w.say(src, hanging)
		first, _ := w.await(1, m, 0, takesAll)
		w.prepare(1, m, 1, takesAll)
		w.settle()
		w.restart()
		w.shelves["from"].holds("h", jpegOf(3, 3))
		before, err := os.Stat(filepath.Join(w.spool.Dir(), chat.SpoolPath(first.Hash)))
		if err != nil {
			t.Fatal(err)
		}
		again, _ := w.await(1, m, 0, takesAll)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("(-first +again)\n%s", diff)
		}
		after, err := os.Stat(filepath.Join(w.spool.Dir(), chat.SpoolPath(first.Hash)))
		if err != nil || !os.SameFile(before, after) || w.shelves["from"].asked(src.Ref) != 1 {
			t.Errorf("it was fetched %d times, and made again: %t", w.shelves["from"].asked(src.Ref), !os.SameFile(before, after))
		}
		if got, _ := w.await(1, m, 1, takesAll); got.Hash == "" {
			t.Error("what was under way was not begun again")
		}
	})
}

func TestAFileThatWasLostIsFetchedAgain(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		src := w.photo(jpegOf(4, 4))
		m := w.say(src)
		w.await(1, m, 0, takesAll)
		if _, err := w.spool.Clean(t.Context(), nil, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got, _ := w.await(1, m, 0, takesAll); got.Hash == "" || w.shelves["from"].asked(src.Ref) != 2 {
			t.Errorf("got %+v after %d fetches", got, w.shelves["from"].asked(src.Ref))
		}
	})
}

func TestHangingDownloadsStarveNobody(t *testing.T) {
	for _, hanging := range []int{50, 3 * (maxFetching + maxStalled)} {
		t.Run(fmt.Sprint(hanging), func(t *testing.T) { inWorld(t, 0, func(t *testing.T, w *porterWorld) { starvesNobody(t, w, hanging) }) })
	}
}

// starvesNobody lets files of one chat hang, and those of others must hardly wait.
func starvesNobody(t *testing.T, w *porterWorld, hanging int) {
	hung := w.hang(hanging)
	w.settle()
	if n := w.shelves["from"].most; n != maxFetching {
		t.Errorf("%d fetches at once", n)
	}
	fast := func(whose string, m chat.MessageID) {
		t.Helper()
		if got, took := w.await(1, m, 0, takesAll); got.Hash == "" || took > stalledAfter+2*stalledLook {
			t.Errorf("%s waited %v for %+v", whose, took, got)
		}
	}
	w.shelves["other"].holds("o", jpegOf(4, 4))
	fast("another account", w.sayIn(w.chat("other:1"), chat.Media{Kind: chat.Photo, Ref: "o"}))
	for range 2 {
		time.Sleep(testWait / 4)
		fast("another chat", w.sayIn(w.chat("from:3"), w.photo(jpegOf(5, 5))))
	}
	if n := w.shelves["from"].most; n > maxFetching+maxStalled || n < min(hanging, maxFetching+maxStalled) {
		t.Errorf("%d fetches at once", n)
	}
	for i, m := range hung {
		if got, _ := w.await(chat.ChatID(100+i), m, 0, takesAll); got.Hash != "" {
			t.Fatalf("number %d came: %+v", i, got)
		}
	}
}

// hang asks for files of one chat that never come.
func (w *porterWorld) hang(files int) (said []chat.MessageID) {
	w.t.Helper()
	for i := range files {
		ref := fmt.Sprint("h", i)
		w.shelves["from"].behaves(ref, hangs)
		said = append(said, w.say(chat.Media{Kind: chat.Photo, Ref: ref}))
		w.prepare(chat.ChatID(100+i), said[i], 0, takesAll)
	}
	return said
}

func TestWithoutRoomAHangingDownloadGivesUpItsOwn(t *testing.T) {
	b := jpegOf(40, 30)
	inWorld(t, int64(len(b)), func(t *testing.T, w *porterWorld) {
		w.hang(1)
		time.Sleep(stalledAfter + stalledLook)
		src := w.photo(b)
		src.Size = int64(len(b))
		if got, took := w.await(1, w.sayIn(w.chat("from:3"), src), 0, takesAll); got.Hash == "" || took > 5*time.Second {
			t.Errorf("another file waited %v for %+v", took, got)
		}
	})
}

// TestRoomFreedAtOnceIsNotMissed frees room between a try that found none and its wait.
func TestRoomFreedAtOnceIsNotMissed(t *testing.T) {
	b := jpegOf(40, 30)
	inWorld(t, int64(len(b)), func(t *testing.T, w *porterWorld) {
		release, _ := w.spool.Reserve(int64(len(b)))
		w.opt.NoRoom = sync.OnceFunc(release)
		w.restart()
		src := w.photo(b)
		src.Size = int64(len(b))
		if got, took := w.await(1, w.say(src), 0, takesAll); got.Hash == "" || took >= errandRetry/2 {
			t.Errorf("%+v came after %v", got, took)
		}
	})
}

func TestWhatComesTooLateIsLetGo(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		w.shelves["from"].behaves("h", hangs)
		m := w.say(chat.Media{Kind: chat.Photo, Ref: "h"})
		got, took := w.await(1, m, 0, takesAll)
		if got.Hash != "" || took < testWait || took > testWait+time.Second {
			t.Errorf("after %v: %+v", took, got)
		}
		if _, ready := w.prepare(1, m, 0, takesAll); !ready {
			t.Error("it is asked for again at once")
		}
		time.Sleep(lateFor)
		w.shelves["from"].holds("h", jpegOf(4, 4))
		if got, _ := w.await(1, m, 0, takesAll); got.Hash == "" {
			t.Error("it was never tried again")
		}
	})
}

func TestAConversionIsMadeOnceForAllLanes(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		src := w.photo(webpOf(40, 30))
		src.Name = "a.webp"
		m := w.say(src)
		w.porter.arrived("from", m, []chat.Media{src})
		w.settle()
		want := chat.Media{Kind: chat.Photo, Ref: src.Ref, Name: "a.jpg", MIME: "image/jpeg", Width: 40, Height: 30}
		for lane := range chat.ChatID(3) {
			out, ready := w.prepare(lane, m, 0, takesAll)
			want.Hash, want.Size = out.Hash, out.Size
			if diff := cmp.Diff(want, out); diff != "" || !ready || out.Hash == "" {
				t.Errorf("ready: %t (-want +got)\n%s", ready, diff)
			}
		}
	})
}

func TestWhatCannotBeConvertedGoesAsAFile(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		w.opt.Converter = media.NewConverter(media.ConverterOptions{MaxMemory: 1})
		w.restart()
		b := webpOf(40, 30)
		src := w.photo(b)
		m := w.say(src)
		for range 2 { // the second finds the code in the store
			if got, _ := w.await(1, m, 0, takesAll); got.Kind != chat.File || got.Hash != hashOf(b) || got.MIME != "image/webp" {
				t.Errorf("got %+v", got)
			}
			w.restart()
		}
		form := media.Forms(chat.Media{Kind: chat.Photo, MIME: "image/webp"}, takesAll)[0].Key()
		if made, ok, err := w.store.MadeForm(t.Context(), hashOf(b), form); err != nil || !ok || made.Code != media.CodeTooManyDots {
			t.Errorf("noted: %+v, %t, %v", made, ok, err)
		}
	})
}

func TestWithoutAConverterItIsLookedForAgain(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		w.opt.Converter = media.NewConverter(media.ConverterOptions{FFmpeg: "/nowhere/ffmpeg"})
		w.restart()
		b := []byte("\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm")
		w.shelves["from"].holds("v", b)
		if got, _ := w.await(1, w.say(chat.Media{Kind: chat.Video, Ref: "v"}), 0, takesAll); got.Kind != chat.File || got.Hash != hashOf(b) {
			t.Errorf("got %+v", got)
		}
		if made, ok, _ := w.store.MadeForm(t.Context(), hashOf(b), media.Forms(chat.Media{Kind: chat.Video, MIME: "video/webm"}, takesAll)[0].Key()); ok {
			t.Errorf("it is noted for ever: %+v", made)
		}
	})
}

func TestAFullSpoolMakesWaitAndIsTold(t *testing.T) {
	a, b := jpegOf(40, 30), jpegOf(50, 40)
	budget := int64(len(b)) + 1
	inWorld(t, budget, func(t *testing.T, w *porterWorld) {
		told := 0
		w.opt.NoRoom = func() { told++ }
		w.restart()
		first, second := w.photo(a), w.photo(b)
		first.Size, second.Size = int64(len(a)), int64(len(b))
		m := w.say(first, second)
		w.await(1, m, 0, takesAll)
		if _, ready := w.prepare(1, m, 1, takesAll); ready {
			t.Fatal("there is no room, and it is ready")
		}
		w.settle()
		if !w.porter.full() || told == 0 || w.shelves["from"].asked(second.Ref) != 0 {
			t.Errorf("full: %t, told %d times, fetched %d times", w.porter.full(), told, w.shelves["from"].asked(second.Ref))
		}
		if row := w.storeRow(); row.State != "ok" || !strings.Contains(row.Sentence, "spool of media is full") || row.Action == "" {
			t.Errorf("the status says %+v", row)
		}
		if _, err := w.spool.Clean(t.Context(), nil, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		// It is fetched so soon that the round which has made room for it may take it away again.
		if out, _ := w.await(1, m, 1, takesAll); out.Hash != hashOf(b) || w.porter.full() {
			t.Errorf("once there was room: %+v; full: %t", out, w.porter.full())
		}
		if row := w.storeRow(); row.Sentence != "" {
			t.Errorf("then the status says %+v", row)
		}
		big := w.say(chat.Media{Kind: chat.File, Ref: "big", Size: budget + 1})
		if out, ready := w.prepare(1, big, 0, takesAll); !ready || out.Hash != "" {
			t.Errorf("larger than the spool: %+v, %t", out, ready)
		}
	})
}

func TestLanesThatWereTurnedAwayComeBack(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		w.shelves["from"].behaves("h", hangs)
		m := w.say(chat.Media{Kind: chat.Photo, Ref: "h"})
		w.porter.mu.Lock()
		for i := range maxErrands { // others are busy
			w.porter.errands[mediaKey{message: -1, n: i}] = nil
		}
		w.porter.mu.Unlock()
		if _, ready := w.prepare(7, m, 0, takesAll); ready || len(w.porter.errands) != maxErrands {
			t.Fatalf("ready %t with %d errands", ready, len(w.porter.errands))
		}
		w.porter.mu.Lock()
		delete(w.porter.errands, mediaKey{message: -1, n: 0})
		w.porter.mu.Unlock()
		w.await(1, w.say(w.photo(jpegOf(4, 4))), 0, takesAll)
		w.settle()
		if !w.wasResumed(outbox.LaneRef{Lane: 7, Account: "to"}) {
			t.Error("nobody told it to look again")
		}
	})
}

func TestOneAccountTakesNotAllErrands(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		var many []chat.Media
		for i := range maxArrived + 10 {
			many = append(many, chat.Media{Kind: chat.Photo, Ref: fmt.Sprint("h", i)})
			w.shelves["from"].behaves(many[i].Ref, hangs)
		}
		m := w.say(many...)
		w.porter.arrived("from", m, many)
		w.porter.arrived("from", m, many)
		w.settle()
		if n := len(w.porter.errands); n != maxArrived {
			t.Errorf("%d errands", n)
		}
		time.Sleep(testWait + time.Second)
		w.settle()
		if n, left := len(w.porter.errands), w.porter.arrivals["from"]; n != 0 || left != 0 {
			t.Errorf("then %d errands, %d counted", n, left)
		}
	})
}

func TestAPorterThatEndsLeavesNothingRunning(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		w.shelves["from"].behaves("h", hangs)
		m := w.say(chat.Media{Kind: chat.Photo, Ref: "h"})
		w.prepare(1, m, 0, takesAll)
		w.settle()
		w.porter.close()
		if w.shelves["from"].now != 0 || len(w.porter.errands) != 0 {
			t.Errorf("%d fetches and %d errands go on", w.shelves["from"].now, len(w.porter.errands))
		}
		if _, ready := w.prepare(1, m, 0, takesAll); ready || len(w.porter.errands) != 0 {
			t.Error("it begins anew")
		}
	})
}

func TestAnErasedMessageFetchesNothing(t *testing.T) {
	inWorld(t, 0, func(t *testing.T, w *porterWorld) {
		src := w.photo(jpegOf(4, 4))
		m := w.say(src)
		w.write(func(tx *store.Tx) error { return tx.DeleteMessage(m) })
		w.porter.arrived("from", m, []chat.Media{src})
		w.settle()
		if n := w.shelves["from"].asked(src.Ref); n != 0 || w.spool.Used() != 0 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestWhatAPorterKnowsStaysBounded(t *testing.T) {
	m := map[int]int{}
	for i := range 3 * maxMade {
		bounded(m, maxMade)
		m[i] = i
	}
	if _, last := m[3*maxMade-1]; len(m) > maxMade || !last {
		t.Errorf("%d are known, the last one: %t", len(m), last)
	}
}
