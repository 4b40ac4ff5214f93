// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/causeway-chat/causeway/config"
	"github.com/causeway-chat/causeway/core/admin"
	"github.com/causeway-chat/causeway/core/command"
)

// routed makes a command that the running router carries out, from its entry in the table.
func (c *cli) routed(name string, run func(ctx context.Context, spec command.Command, req admin.Request) error) *cobra.Command {
	spec, ok := c.table.Lookup(name)
	if !ok {
		panic("no such command in the table: " + name) // a slip in this package, which every test of it meets
	}
	cmd := &cobra.Command{
		Use: useLine(spec), Short: spec.Help, Long: longHelp(spec), Args: cobra.ArbitraryArgs,
		ValidArgsFunction: c.completer(spec),
	}
	addFlags(cmd, spec)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		req := admin.Request{Name: name, Args: args, Flags: setFlags(cmd.Flags(), spec)}
		if err := spec.Check(req.Args, req.Flags); err != nil {
			return err
		}
		return run(cmd.Context(), spec, req)
	}
	return cmd
}

// useLine is the last word of the name with its arguments.
func useLine(spec command.Command) string {
	last := spec.Name[strings.LastIndexByte(spec.Name, ' ')+1:]
	return last + strings.TrimPrefix(spec.Usage(), spec.Name)
}

func longHelp(spec command.Command) string {
	if spec.Details == "" {
		return spec.Help + "."
	}
	return spec.Help + ".\n\n" + spec.Details
}

func addFlags(cmd *cobra.Command, spec command.Command) {
	for _, f := range spec.Flags {
		if f.Inner {
			continue
		}
		if f.Switch {
			cmd.Flags().Bool(f.Name, f.Default == "true", f.Help)
			continue
		}
		cmd.Flags().Var(&flagText{text: f.Default, takes: takes(f)}, f.Name, f.Help)
		suggest(cmd, f.Name, f.Choices)
	}
}

// suggest lets a shell complete a flag's value with one of some, and never with a file's name.
func suggest(cmd *cobra.Command, flag string, values []string) {
	complete := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // a slip in this package, which every test of it meets
	}
}

// takes says in help what a flag's value is.
func takes(f command.Flag) string {
	switch {
	case f.Value != "":
		return f.Value
	case len(f.Choices) > 0:
		return strings.Join(f.Choices, "|")
	case f.Number:
		return "N"
	}
	return strings.ToUpper(f.Name)
}

// flagText is a flag's value as it was typed; the table checks it.
type flagText struct{ text, takes string }

// String returns the text.
func (f *flagText) String() string { return f.text }

// Set takes any text.
func (f *flagText) Set(text string) error {
	f.text = text
	return nil
}

// Type is what help shows for the value.
func (f *flagText) Type() string { return f.takes }

// setFlags gathers the flags of the table that were given.
func setFlags(fs *pflag.FlagSet, spec command.Command) map[string]string {
	out := map[string]string{}
	for _, f := range spec.Flags {
		if given := fs.Lookup(f.Name); given != nil && given.Changed {
			out[f.Name] = given.Value.String()
		}
	}
	return out
}

// show asks the router and writes its answer to stdout.
func (c *cli) show(ctx context.Context, spec command.Command, req admin.Request) error {
	answer, err := c.query(ctx, req)
	if err != nil {
		return err
	}
	return c.print(spec, answer)
}

func (c *cli) query(ctx context.Context, req admin.Request) (admin.Answer, error) {
	r, err := c.router()
	if err != nil {
		return admin.Answer{}, err
	}
	answer, err := r.Do(ctx, req)
	if err != nil {
		return admin.Answer{}, c.unreachable(r, err)
	}
	return answer, nil
}

func (c *cli) print(spec command.Command, answer admin.Answer) error {
	result := spec.Empty()
	if err := json.Unmarshal(answer.JSON, result); err != nil {
		return &command.Error{Code: "other_version", Sentence: "The router's answer cannot be read.",
			Action: "Use the causeway program of the version that runs: restart the router after an upgrade."}
	}
	if err := c.write(result, answer); err != nil {
		return err
	}
	if answer.Note != "" {
		fmt.Fprintln(c.err, answer.Note)
	}
	if f, ok := result.(command.Failer); ok && f.Failed() {
		return errTold
	}
	return nil
}

// write writes the router's own JSON as it came, or the table.
func (c *cli) write(result command.Result, answer admin.Answer) error {
	if c.json {
		_, err := c.out.Write(append(bytes.TrimSpace(answer.JSON), '\n'))
		return err
	}
	return result.Table(c.out, c.view())
}

// router is a client with the path that it connects to.
type router struct {
	*admin.Client
	socket string
}

func (c *cli) router() (*router, error) {
	cfg, err := c.peek()
	if err != nil {
		return nil, err
	}
	socket := cfg.ControlSocket()
	if err := admin.CheckSocketPath(socket); err != nil {
		return nil, err
	}
	return &router{admin.NewClient(socket), socket}, nil
}

// peek reads what the config says of folders; mistakes elsewhere in it are none of a client's business.
func (c *cli) peek() (*config.Config, error) {
	path, err := c.configPath()
	if err != nil {
		return nil, err
	}
	cfg, err := config.Peek(path, c.environ)
	if err != nil {
		return nil, c.unreadable(path, err)
	}
	return cfg, nil
}

// unreadable tells why a config file is of no use.
func (c *cli) unreadable(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &command.Error{Code: codeNoConfig, Sentence: "There is no config file " + path + ".",
			Action: "Make it with " + c.program + " init -c " + quoted(path) + ", or name another with -c."}
	case errors.Is(err, fs.ErrPermission):
		return &command.Error{Code: codeConfig, Sentence: "This user may not read the config file " + path + ".",
			Action: "Run the command as the router's user, or as root."}
	}
	return &command.Error{Code: codeConfig, Sentence: "The config cannot be read: " + err.Error() + ".", Action: "See " + c.program + " check" + c.configArg() + "."}
}

// codeConfig is the code of a config with mistakes.
const codeConfig = "config"

// unreachable turns a failure to connect into words; other errors stay as they are.
func (c *cli) unreachable(r *router, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &command.Error{Code: "socket_forbidden", Sentence: "This user may not open the control socket " + r.socket + ".",
			Action: "Run the command as the router's user, or as root."}
	case errors.Is(err, admin.ErrNotRunning):
		return &command.Error{Code: "not_running", Sentence: "The router is not running: nothing answers on " + r.socket + ".",
			Action: "Start it with: " + c.program + " run" + c.configArg()}
	}
	return err
}

// configArg is how to name the same config to another command.
func (c *cli) configArg() string {
	if path, err := c.configPath(); err == nil && path != "" {
		return " -c " + quoted(path)
	}
	return ""
}

func quoted(path string) string {
	if strings.ContainsAny(path, " \t\"'$&;|<>()*?[]\\`") {
		return strconv.Quote(path)
	}
	return path
}

// completionTimeout bounds how long a shell waits for a suggestion.
const completionTimeout = time.Second

// completer suggests what the router knows: names of accounts and rooms, addresses of chats.
func (c *cli) completer(spec command.Command) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(spec.Args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		next := spec.Args[min(len(args), len(spec.Args)-1)]
		if next.Type == command.File {
			return nil, cobra.ShellCompDirectiveDefault
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), completionTimeout)
		defer cancel()
		return c.known(ctx, next.Type), cobra.ShellCompDirectiveNoFileComp
	}
}

// known lists what an argument of a type can be; nothing when the router cannot be asked.
func (c *cli) known(ctx context.Context, t command.Type) (out []cobra.Completion) {
	switch t {
	case command.Account:
		var s command.Status
		c.inquire(ctx, "status", &s)
		for _, a := range s.Accounts {
			out = append(out, cobra.CompletionWithDesc(string(a.Name), string(a.Network)))
		}
	case command.Room, command.RoomOrChat:
		var rooms command.RoomList
		c.inquire(ctx, "room ls", &rooms)
		for _, r := range rooms {
			out = append(out, cobra.Completion(r.Name))
		}
	case command.Delivery:
		var waiting command.DeliveryList
		c.inquire(ctx, "queue ls", &waiting)
		for _, d := range waiting.Rows {
			out = append(out, cobra.CompletionWithDesc(strconv.FormatInt(int64(d.ID), 10), d.Chat.String()))
		}
	case command.Chat:
		var chats command.ChatList
		c.inquire(ctx, "chat ls", &chats)
		for _, ch := range chats {
			out = append(out, cobra.Completion(ch.Chat.String()))
		}
	}
	return out
}

func (c *cli) inquire(ctx context.Context, name string, into any) {
	if answer, err := c.query(ctx, admin.Request{Name: name}); err == nil {
		_ = json.Unmarshal(answer.JSON, into)
	}
}
