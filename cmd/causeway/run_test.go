// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/chat"
	"github.com/causeway-chat/causeway/core/command"
)

func TestRunWithABrokenConfigTellsEachMistakeOnALine(t *testing.T) {
	s := newShell(t)
	path := s.file(t, "c.yaml", "data_dri: x\nplugin_dir: none\naccounts:\n  tg: {network: telegram, limits: none}\n")
	s.run(t, "run", "-c", path).wantError(t, 1, path+":1:1: data_dri: is not a key that is known here (did you mean data_dir?)\n"+
		path+":4:35: accounts.tg.limits: \"none\" is not one of off\n")
	o := s.run(t, "run", "--json", "-c", path)
	want := command.Error{Code: "config", Action: "See causeway check -c " + path + " --json.",
		Sentence: "The config has 2 mistakes, the first: " + path + ":1:1: data_dri: is not a key that is known here (did you mean data_dir?)."}
	if e := o.errorOf(t); o.code != 1 || e != want {
		t.Errorf("exit %d, %+v", o.code, e)
	}
	s.run(t, "run", "-c", s.dir+"/no.yaml").wantError(t, 1, s.dir+"/no.yaml: cannot be read: there is no such file\n")
	if e := s.run(t, "run", "--json", "-c", s.dir+"/no.yaml").errorOf(t); e.Sentence != "The config has a mistake: "+s.dir+"/no.yaml: cannot be read: there is no such file." {
		t.Errorf("%+v", e)
	}
}

// TestRunServesUntilItIsInterrupted runs the whole program but its bridge, whose lack is that account's trouble alone.
func TestRunServesUntilItIsInterrupted(t *testing.T) {
	s := newShell(t)
	path := s.config(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	ended := make(chan outcome, 1)
	go func() { ended <- s.runCtx(ctx, "run", "-c", path) }()
	cfg, err := config.Peek(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the control socket", func() bool { return admin.Probe(cfg.ControlSocket()) == nil })
	var st command.Status
	waitFor(t, "the account's state", func() bool {
		st = decode[command.Status](t, s.run(t, "status", "--json", "-c", path).wantGood(t))
		return st.Accounts[0].State == chat.Down
	})
	if a := st.Accounts[0]; a.Code != "bridge_missing" || !strings.Contains(a.Sentence, filepath.Join(s.dir, "plugins")) || a.Action == "" || a.Since.IsZero() {
		t.Errorf("%+v", a)
	}
	interrupt()
	if o := (<-ended).wantGood(t); o.out != "" || !strings.Contains(o.err, `level=INFO msg="router stopped"`) {
		t.Errorf("stdout %q, log %s", o.out, o.err)
	}
	if admin.Probe(cfg.ControlSocket()) == nil {
		t.Error("somebody still answers")
	}
}
