// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/causeway-chat/causeway/core/chat"
	pb "github.com/causeway-chat/causeway/plugins/wire/causeway/v1"
)

// OpenMedia opens the bytes of an attachment of a post for reading. The router keeps the file until the post is settled;
// one that is open stays readable longer. The caller closes it.
func (s *Session) OpenMedia(m chat.Media) (*os.File, error) {
	path := chat.SpoolPath(m.Hash)
	if path == "" {
		return nil, fmt.Errorf("open media: %q is no hash", m.Hash)
	}
	f, err := os.OpenInRoot(s.SpoolDir(), filepath.FromSlash(path))
	if err != nil {
		return nil, fmt.Errorf("open media: %w", err)
	}
	return f, nil
}

// A fetch gives a sign of life after so many bytes, and also when bytes have come after so long without one: the router
// takes a fetch that says nothing for as long as a call may last (a minute, or outbox.deliver_timeout) for one that hangs.
const (
	progressEvery  = 1 << 20
	progressWithin = time.Second
)

// FetchMedia writes the bytes to a new file of the spool folder, synced, and tells their hash.
func (s *server) FetchMedia(req *pb.FetchMediaRequest, stream pb.Bridge_FetchMediaServer) error {
	l, err := s.enter(req.GetEpoch())
	if err != nil {
		return err
	}
	defer l.leave()
	done, err := s.fetch(l, req, stream)
	if err != nil {
		return mediaStatus(err)
	}
	return stream.Send(&pb.FetchMediaResponse{Step: &pb.FetchMediaResponse_Done{Done: done}})
}

func (s *server) fetch(l *life, req *pb.FetchMediaRequest, stream pb.Bridge_FetchMediaServer) (done *pb.MediaDone, err error) {
	root, err := os.OpenRoot(l.session.SpoolDir())
	if err != nil {
		return nil, fmt.Errorf("open spool folder: %w", err)
	}
	defer root.Close()
	f, err := createFresh(root, req.GetName())
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil || done == nil { // done is nil after a panic too
			_ = root.Remove(req.GetName())
		}
	}()
	w := &cappedWriter{to: f, sum: sha256.New(), left: req.GetMaxBytes(), tell: progress(stream)}
	return s.fill(stream.Context(), req.GetRef(), f, w)
}

func (s *server) fill(ctx context.Context, ref string, f *os.File, w *cappedWriter) (*pb.MediaDone, error) {
	if err := s.bridge.FetchMedia(ctx, ref, w); err != nil {
		return nil, err
	}
	if w.left < 0 {
		return nil, ErrMediaTooLarge // for bridges that overlook what Write said
	}
	if err := f.Sync(); err != nil {
		return nil, fmt.Errorf("sync media file: %w", err)
	}
	return &pb.MediaDone{Hash: hex.EncodeToString(w.sum.Sum(nil)), Bytes: w.written}, nil
}

// createFresh makes a file inside the folder itself, in place of what an earlier try may have left.
func createFresh(root *os.Root, name string) (*os.File, error) {
	if name == "" || name != filepath.Base(name) || name == "." || name == ".." {
		return nil, fmt.Errorf("media file name %q is not a plain name", name)
	}
	_ = root.Remove(name)
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create media file: %w", err)
	}
	return f, nil
}

func progress(stream pb.Bridge_FetchMediaServer) func(int64) error {
	return func(n int64) error {
		return stream.Send(&pb.FetchMediaResponse{Step: &pb.FetchMediaResponse_Progress{Progress: &pb.MediaProgress{Bytes: n}}})
	}
}

// mediaStatus tells apart what the router acts on.
func mediaStatus(err error) error {
	code := codes.Unavailable
	switch {
	case errors.Is(err, ErrMediaTooLarge):
		code = codes.OutOfRange
	case errors.Is(err, ErrMediaGone):
		code = codes.NotFound
	case errors.Is(err, ErrNoMedia):
		code = codes.Unimplemented
	}
	return status.Error(code, cut(err.Error(), maxError))
}

// cappedWriter hashes and counts what it passes on, and fails beyond its cap. left is -1 after that.
type cappedWriter struct {
	to      io.Writer
	sum     hash.Hash
	left    int64
	written int64
	told    int64
	toldAt  time.Time
	tell    func(int64) error
}

func (w *cappedWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left {
		w.left = -1
		return 0, ErrMediaTooLarge
	}
	n, err := w.to.Write(p)
	w.sum.Write(p[:n])
	w.left -= int64(n)
	w.written += int64(n)
	if err == nil && (w.written-w.told >= progressEvery || time.Since(w.toldAt) >= progressWithin) {
		w.told, w.toldAt = w.written, time.Now()
		err = w.tell(w.written)
	}
	return n, err
}
