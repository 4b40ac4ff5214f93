// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/causeway-chat/causeway/bridges/sim"
	"github.com/causeway-chat/causeway/cmd/causeway/child"
)

// samples is how often the router's memory is read while the backlog grows.
const samples = 10

// backlog lets deliveries wait for a destination that is out, and reads the router's memory as they become more.
func (r *run) backlog(ctx context.Context) error {
	w, err := newWorld(ctx, r.opt, filepath.Join(r.dir, "backlog"), 0, 1)
	if err != nil {
		return err
	}
	defer w.close()
	_, err = w.driver.client.SetFault(ctx, sim.Fault{Kind: sim.BadGateway, Method: "sendMessage", Chat: w.rooms[0].to})
	if err != nil {
		return fmt.Errorf("cut the destination off: %w", err)
	}
	for i := range samples {
		if err := w.driver.pile(ctx, w.rooms[0], r.opt.Waiting/samples); err != nil {
			return err
		}
		waiting := r.opt.Waiting / samples * (i + 1)
		if err := w.untilWaiting(ctx, waiting); err != nil {
			return err
		}
		size, err := child.PSS(w.router.Pid())
		if err != nil {
			return err
		}
		r.take(Figure{Mode: Backlog, Rooms: 1, Subject: "router", What: "memory", Waiting: waiting, Unit: "MB"}, megabytes(size))
	}
	return nil
}

// untilWaiting waits until the router has so many deliveries on disk.
func (w *world) untilWaiting(ctx context.Context, n int) error {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		have, err := w.waiting(ctx)
		if err != nil {
			return err
		}
		if have >= n {
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("%d deliveries do not wait after %v", n, patience)
}

// waiting asks the router, as an operator would.
func (w *world) waiting(ctx context.Context) (int, error) {
	out, err := exec.CommandContext(ctx, w.causeway(), "status", "--json", "-c", w.configFile()).Output()
	if err != nil {
		return 0, fmt.Errorf("ask for the status: %w", err)
	}
	var status struct {
		Accounts []struct {
			Waiting int `json:"waiting"`
		} `json:"accounts"`
	}
	if err := json.Unmarshal(out, &status); err != nil {
		return 0, fmt.Errorf("read the status %.200q: %w", out, err)
	}
	if len(status.Accounts) == 0 {
		return 0, errors.New("the status names no account")
	}
	return status.Accounts[0].Waiting, nil
}

// flat is by how much the router may grow while 100,000 more deliveries wait, in MB. What grows are caches that are not
// full yet, in the saw-tooth of a collected heap; each delivery that was held in memory would be hundreds of bytes.
const flat = 15

// judgeMemory compares the most memory that the router had in the first and in the second half of the backlog.
func (r *Report) judgeMemory() {
	var taken []*Figure
	for _, f := range r.Figures {
		if f.Mode == Backlog {
			taken = append(taken, f)
		}
	}
	if len(taken) < 2 {
		return
	}
	half, end := len(taken)/2, len(taken)-1
	more := float64(taken[end].Waiting-taken[half-1].Waiting) / 100_000
	grown := (most(taken[half:]) - most(taken[:half])) / more
	r.Ratios = append(r.Ratios, Ratio{Name: "MB that the router grows by with 100,000 deliveries more", Values: []float64{grown}, AtMost: flat}.settled())
}

func most(figures []*Figure) float64 {
	out := figures[0].Median
	for _, f := range figures {
		out = max(out, f.Median)
	}
	return out
}
