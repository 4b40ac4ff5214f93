// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/plugins/sdk"
	"github.com/causeway-chat/causeway/plugins/wire"
)

// roleEnv makes this test binary play another part: a bridge, or a router that is killed.
const roleEnv = "CAUSEWAY_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleEnv); role {
	case "":
		goleak.VerifyTestMain(m)
	case "bridge":
		sdk.Serve(&scripted{})
	case "rude":
		playRude()
	case "router":
		playRouter()
	default:
		playBadStart(role)
	}
}

// playBadStart plays programs that fail before or in the handshake.
func playBadStart(role string) {
	switch role {
	case "noise":
		fmt.Println("hello, I am a library that prints")
		sdk.Serve(&scripted{})
	case "noise-without-end":
		for {
			fmt.Print(strings.Repeat("x", 1<<16))
		}
	case "old":
		fmt.Println("1|99|unix|/nowhere|grpc|")
		select {}
	case "exit":
		os.Exit(7)
	case "mute":
		select {}
	case "deaf": // shakes hands and answers nothing
		l, err := net.Listen("unix", os.Getenv("PLUGIN_UNIX_SOCKET_DIR")+"/s")
		if err != nil {
			panic(err)
		}
		fmt.Printf("1|%d|unix|%s|grpc|\n", wire.Major, l.Addr())
		select {}
	case "open": // listens on a port of this machine
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Printf("1|%d|tcp|%s|grpc|\n", wire.Major, l.Addr())
		select {}
	}
}

// script is the scripted bridge's config.
type script struct {
	Network chat.Network `json:"network"`
	Events  int          `json:"events"` // to put, after those that are saved
	Size    int          `json:"size"`   // bytes of each event's text
	Do      string       `json:"do"`     // what Run does besides
	Text    string       `json:"text"`   // written to standard error as it is
	Wait    bool         `json:"wait"`   // for each event to be durable
}

// scripted is a well-behaved bridge over the SDK that does harm on request.
type scripted struct {
	session *sdk.Session
	script  script
}

func (b *scripted) Describe() sdk.Description {
	return sdk.Description{Network: "test", Version: "1", Capabilities: chat.Capabilities{Network: "test"}}
}

func (b *scripted) Run(ctx context.Context, s *sdk.Session) error {
	b.session = s
	if err := json.Unmarshal(s.Config(), &b.script); err != nil {
		return err
	}
	fmt.Fprint(os.Stderr, b.script.Text)
	fmt.Println("printed to standard output, which is nobody's")
	s.SetState(chat.State{State: chat.Connected})
	if err := b.harm(ctx); err != nil {
		return err
	}
	if err := b.putAll(s); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// putAll puts events with their number as key, and a cursor with each.
func (b *scripted) putAll(s *sdk.Session) error {
	done := 0
	_, _ = fmt.Sscan(string(s.Saved("cursor")), &done)
	for n := done + 1; n <= b.script.Events; n++ {
		ev := chat.Event{Key: chat.EventKey(fmt.Sprint(n)), Chat: "c", Body: chat.MessageNew{
			ID: "m", Content: chat.Content{Text: chat.Text{Body: strings.Repeat("x", b.script.Size)}},
		}}
		p, err := s.Put(context.Background(), []chat.Event{ev}, chat.StateItem{Key: "cursor", Value: []byte(fmt.Sprint(n))})
		if err == nil && b.script.Wait {
			err = p.Wait(context.Background())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *scripted) harm(ctx context.Context) error {
	switch do, arg, _ := strings.Cut(b.script.Do, " "); do {
	case "fail":
		return errors.New("the network said: " + arg)
	case "panic":
		panic("on request")
	case "grandchild": // holds standard error and output, in the group
		return exec.Command("sleep", "1000").Start()
	case "escapee": // holds standard error and leaves the group
		cmd := exec.Command("sleep", "3")
		cmd.Stderr, cmd.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Setsid: true}
		return cmd.Start()
	case "credentials":
		b.session.SetState(chat.State{State: chat.BadCredentials, Why: chat.Reason{Code: "unauthorized"}})
	case "late":
		b.session.Settle("k", chat.DeliveredAs("late"))
		b.session.SetCapabilities("c", chat.Capabilities{Network: "test", LateAnswers: true})
		b.session.SetSelf("me", "also me")
		b.session.PairStep(chat.PairStep{Step: "input"})
		in := <-b.session.PairInput()
		b.session.PairStep(chat.PairStep{Step: "done", Text: in.Step + "=" + in.Value})
	case "flood":
		for n := range 3000 {
			b.session.Log().Info("line", "n", n)
		}
	case "last-words": // events are put once the drain has begun
		<-ctx.Done()
	case "slow-drain":
		<-ctx.Done()
		<-make(chan int)
	case "crash":
		os.Exit(9)
	}
	return nil
}

// Deliver does what the text says.
func (b *scripted) Deliver(ctx context.Context, p chat.Post) chat.Outcome {
	switch word, arg, _ := strings.Cut(p.Text.Body, " "); word {
	case "panic":
		panic("on request")
	case "die":
		os.Exit(1)
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		<-ctx.Done()
	case "wait":
		<-ctx.Done()
		return chat.UncertainFor(chat.Reason{Code: "bridge_waited"})
	case "sleep":
		d, _ := time.ParseDuration(arg)
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	case "env":
		return chat.DeliveredAs(chat.RemoteMessage(strings.Join(os.Environ(), "\n")))
	case "size":
		var n int
		_, _ = fmt.Sscan(arg, &n)
		return chat.DeliveredAs(chat.RemoteMessage(strings.Repeat("i", n)))
	case "facts":
		return chat.DeliveredAs(chat.RemoteMessage(fmt.Sprint(syscall.Getpgrp() == os.Getpid())), chat.RemoteMessage(stdin()))
	}
	return chat.DeliveredAs("sent:" + chat.RemoteMessage(p.Key))
}

func stdin() string {
	name, _ := os.Readlink("/proc/self/fd/0")
	return name
}

func (b *scripted) Lookup(_ context.Context, key chat.PostKey) chat.Found {
	if key == "panic" {
		panic("on request")
	}
	return chat.Found{Kind: chat.FoundSent, IDs: []chat.RemoteMessage{"sent:" + chat.RemoteMessage(key)}}
}

func (b *scripted) FetchMedia(_ context.Context, ref string, w io.Writer) error {
	if ref == "gone" {
		return fmt.Errorf("fetch: %w", sdk.ErrMediaGone)
	}
	var n int
	if _, err := fmt.Sscan(ref, &n); err != nil {
		return err
	}
	for range n {
		if _, err := w.Write(make([]byte, 1<<16)); err != nil {
			return err
		}
	}
	return nil
}
