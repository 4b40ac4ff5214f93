// SPDX-License-Identifier: Apache-2.0

package sdk

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/causeway-chat/causeway/core/chat"
)

// told is a session of an account that cannot start.
type told struct {
	states []chat.State
	steps  []chat.PairStep
	input  chan PairInput
}

func (s *told) SetState(st chat.State)      { s.states = append(s.states, st) }
func (s *told) PairStep(st chat.PairStep)   { s.steps = append(s.steps, st) }
func (s *told) PairInput() <-chan PairInput { return s.input }

func TestWhoPairsAnAccountThatCannotStartIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &told{input: make(chan PairInput)}
		st := chat.State{State: chat.BadCredentials, Why: chat.Reason{Code: "bad_config", Sentence: "It cannot be used.", Action: "Correct it."}}
		ctx, stop := context.WithCancel(t.Context())
		go WaitUnusable(ctx, s, st)
		s.input <- PairInput{Step: chat.PairBegin}
		synctest.Wait()
		stop()
		synctest.Wait()
		step := chat.PairStep{Step: chat.PairFailed, Text: "Correct it.", Error: "It cannot be used."}
		if diff := cmp.Diff([]chat.PairStep{step, step}, s.steps); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]chat.State{st}, s.states); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnErrorWithoutItsAddressTellsNoSecret(t *testing.T) {
	cut := errors.New("connection reset")
	err := WithoutAddress(fmt.Errorf("upload: %w", &url.Error{Op: "Post", URL: "https://host/?auth=secret", Err: cut}))
	if !errors.Is(err, cut) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	for _, other := range []error{nil, cut} {
		if got := WithoutAddress(other); got != other {
			t.Errorf("%v became %v", other, got)
		}
	}
}
